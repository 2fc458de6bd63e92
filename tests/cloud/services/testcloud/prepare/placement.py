# SPDX-License-Identifier: Apache-2.0
"""Placement's database."""

from oslo_config import cfg
from placement import conf as placement_conf
from placement import db_api, deploy
from placement.db.sqlalchemy import migration


def main() -> None:
    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    conf([], default_config_files=["etc/placement.conf"])
    db_api.configure(conf)
    migration.upgrade("head")
    deploy.update_database(conf)
