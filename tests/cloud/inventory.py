# SPDX-License-Identifier: Apache-2.0
"""All that the cloud holds, to compare before and after."""

from __future__ import annotations

import dataclasses
import pathlib

from tests.cloud import databases

#: kind -> (database, query); every row needs an id.
_QUERIES = {
    "users": (
        "keystone",
        """
        SELECT u.id, l.name, u.enabled
        FROM user u LEFT JOIN local_user l ON l.user_id = u.id
        """,
    ),
    "role_assignments": (
        "keystone",
        """
        SELECT a.type || ' ' || a.actor_id || ' ' || a.target_id || ' '
            || a.role_id AS id, r.name AS role, a.actor_id, a.target_id
        FROM assignment a JOIN role r ON r.id = a.role_id
        """,
    ),
    "volumes": (
        "cinder",
        """
        SELECT v.id, v.display_name AS name, v.project_id, v.status,
            v.migration_status, v.host, t.name AS type, v.size,
            v._name_id AS name_id
        FROM volumes v LEFT JOIN volume_types t ON t.id = v.volume_type_id
        WHERE v.deleted = 0
        """,
    ),
    "attachments": (
        "cinder",
        """
        SELECT id, volume_id, instance_uuid, attach_status
        FROM volume_attachment WHERE deleted = 0
        """,
    ),
    "snapshots": (
        "cinder",
        "SELECT id, volume_id, status FROM snapshots WHERE deleted = 0",
    ),
}

Record = dict[str, object]


@dataclasses.dataclass(frozen=True)
class Change:
    """A thing that came (before is None), went, or is different now."""

    kind: str
    id: str
    before: Record | None
    after: Record | None


@dataclasses.dataclass(frozen=True)
class Inventory:
    """kind -> id -> record, read from the services' databases.

    Two inventories are equal when nothing came, went or changed.
    """

    records: dict[str, dict[str, Record]]

    @classmethod
    def take(cls, directory: pathlib.Path) -> Inventory:
        return cls(
            {
                kind: {
                    str(row["id"]): dict(row)
                    for row in databases.rows(directory, database, query)
                }
                for kind, (database, query) in _QUERIES.items()
            }
        )

    def __getitem__(self, kind: str) -> dict[str, Record]:
        return self.records[kind]

    def difference(self, later: Inventory) -> list[Change]:
        """Return what changed from this inventory to a later one."""
        return [
            Change(kind, key, before.get(key), after.get(key))
            for kind, before in self.records.items()
            for after in (later.records[kind],)
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
