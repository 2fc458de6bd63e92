# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Placement's database: ``python -m testcloud.prepare.placement``."""

from testcloud import sqlite

sqlite.prepare_engines()

from oslo_config import cfg  # noqa: E402
from placement import conf as placement_conf  # noqa: E402
from placement import db_api  # noqa: E402
from placement.db.sqlalchemy import migration  # noqa: E402
from placement import deploy  # noqa: E402


def main() -> None:
    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    conf([], default_config_files=['etc/placement.conf'])
    db_api.configure(conf)
    migration.upgrade('head')
    deploy.update_database(conf)


if __name__ == '__main__':
    main()
