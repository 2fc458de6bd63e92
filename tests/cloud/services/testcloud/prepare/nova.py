# SPDX-License-Identifier: Apache-2.0
"""Nova's three databases."""

import sys

from testcloud import seed


def _check(status: int) -> None:
    if status:
        sys.exit(status)


def main() -> None:
    # Decides about eventlet, so it comes before anything else of Nova's.
    from nova.cmd import manage  # isort: split

    from nova import config, context, objects
    from nova.db import migration

    config.parse_args(["nova-manage", "--config-file", "etc/nova.conf"])
    objects.register_all()
    migration.db_sync(database="api")
    cells = manage.CellV2Commands()
    _check(cells.map_cell0("sqlite:///nova_cell0.db"))
    _check(manage.DbCommands().sync() or 0)
    _check(cells.create_cell(name="cell1"))
    admin = context.get_admin_context()
    for name, (vcpus, memory_mb) in seed.FLAVORS.items():
        objects.Flavor(
            admin,
            name=name,
            flavorid=name,
            vcpus=vcpus,
            memory_mb=memory_mb,
            root_gb=0,
            ephemeral_gb=0,
            swap=0,
            rxtx_factor=1.0,
            is_public=True,
            disabled=False,
        ).create()
