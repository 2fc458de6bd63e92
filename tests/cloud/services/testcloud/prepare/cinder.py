# SPDX-License-Identifier: Apache-2.0
"""Cinder's database."""

from cinder import context, objects
from cinder.common import config  # noqa: F401 (registers options)
from cinder.db import api as db
from cinder.db import migration
from cinder.volume import volume_types
from oslo_config import cfg
from testcloud import seed


def main() -> None:
    cfg.CONF(["--config-file", "etc/cinder.conf"], project="cinder")
    objects.register_all()
    migration.db_sync()
    admin = context.get_admin_context()
    for kind in seed.VOLUME_TYPES:
        created = volume_types.create(
            admin, kind.name, kind.extra_specs, is_public=kind.is_public
        )
        if kind.encryption is not None:
            db.volume_type_encryption_create(
                admin, created["id"], dict(kind.encryption)
            )
