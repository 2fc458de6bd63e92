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
