# SPDX-License-Identifier: Apache-2.0
"""A cell of Nova's whose database cannot be reached, with servers in it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from tests.cloud import databases, errors, fault_switches

#: No folder of this name: SQLite cannot open the file.
_UNREACHABLE = "sqlite:////nonexistent/cell/database.db"


class Cells:
    """The cells of one cloud: cell0, cell1, and one that is down at times.

    :param api: the database that says in which cell a server is
    :param cell: that of the one cell with servers
    :param nova_faults: Nova's fault switches; they have it look again for
        cells, which it otherwise knows from its start on
    """

    def __init__(
        self,
        api: databases.Database,
        cell: databases.Database,
        nova_faults: fault_switches.FaultSwitches,
    ) -> None:
        self._api = api
        self._cell = cell
        self._nova_faults = nova_faults

    @contextlib.contextmanager
    def down(self, *server_ids: str) -> Iterator[str]:
        """Have servers in a cell that is down, within a ``with`` block.

        Nova's API then lists them with five keys and status UNKNOWN, in
        microversions since 2.69, and leaves them out of older answers, and
        the services show a nova-compute that is nowhere. The servers run on;
        the others are as they were.

        :returns: the name of the cell
        :raises errors.CloudError: there is no such server
        """
        name = f"down-{uuid.uuid4()}"
        self._api.insert(
            "cell_mappings",
            {
                "uuid": str(uuid.uuid4()),
                "name": name,
                "transport_url": "fake:/",
                "database_connection": _UNREACHABLE,
                "disabled": 0,
            },
        )
        homes: dict[str, int] = {}
        try:
            for server_id in server_ids:
                homes[server_id] = self._home(server_id)
                self._move(server_id, self._number(name), hidden=True)
            self._api.insert(
                "host_mappings",
                {"cell_id": self._number(name), "host": f"host-of-{name}"},
            )
            self._look_again()
            yield name
        finally:
            for server_id, home in homes.items():
                self._move(server_id, home, hidden=False)
            self._api.execute(
                "DELETE FROM host_mappings WHERE host = ?", f"host-of-{name}"
            )
            self._api.execute("DELETE FROM cell_mappings WHERE name = ?", name)
            self._look_again()

    def _number(self, name: str) -> int:
        (row,) = self._api.rows(
            "SELECT id FROM cell_mappings WHERE name = ?", name
        )
        return int(row["id"])

    def _home(self, server_id: str) -> int:
        found = self._api.rows(
            "SELECT cell_id FROM instance_mappings WHERE instance_uuid = ?",
            server_id,
        )
        if not found:
            raise errors.CloudError(f"Nova has no server {server_id}")
        return int(found[0]["cell_id"])

    def _move(self, server_id: str, cell: int, hidden: bool) -> None:
        """Say that a server is in a cell.

        Its record stays where it is. Nova passes over hidden records, as it
        does while it moves a server from cell to cell.
        """
        self._cell.execute(
            "UPDATE instances SET hidden = ? WHERE uuid = ?", hidden, server_id
        )
        self._api.execute(
            "UPDATE instance_mappings SET cell_id = ? WHERE instance_uuid = ?",
            cell,
            server_id,
        )

    def _look_again(self) -> None:
        self._nova_faults.set(cells=str(uuid.uuid4()))
