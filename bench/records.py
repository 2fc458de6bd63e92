# SPDX-License-Identifier: Apache-2.0
"""What the services themselves have written down about moves."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

from bench import moves
from tests.cloud import databases

_VOLUME = """
    SELECT v.host, v.status, v.migration_status, t.name AS type,
        max(v.updated_at, coalesce(
            (SELECT max(a.updated_at) FROM volume_attachment a
             WHERE a.volume_id = v.id), '')) AS updated_at,
        v.deleted_at,
        (SELECT max(coalesce(c.deleted_at, '9')) FROM volumes c
         WHERE c.display_description = 'migration src for ' || v.id)
        AS cleaned_at
    FROM volumes v LEFT JOIN volume_types t ON t.id = v.volume_type_id
    WHERE v.id = ?
"""
_DISK = """
    SELECT volume_id FROM block_device_mapping
    WHERE instance_uuid = ? AND device_name = ? AND deleted = 0
"""
_ATTACHED = """
    SELECT count(*) AS number FROM volume_attachment
    WHERE volume_id = ? AND deleted = 0 AND attach_status = 'attached'
"""


@dataclasses.dataclass(frozen=True)
class Record:
    """A volume in Cinder's database; times are of time.time().

    :ivar cleaned_at: when the copy was deleted that the last move left at
        the source; None while it is there
    """

    host: str
    type: str
    status: str
    migration_status: str | None
    updated_at: float
    deleted_at: float | None
    cleaned_at: float | None

    @property
    def done_at(self) -> float:
        """The services' last write about it, as far as they have come."""
        return max(
            self.deleted_at or 0.0, self.cleaned_at or 0.0, self.updated_at
        )

    def is_idle(self, attached: bool) -> bool:
        """Whether it stands still, after a success or a failure."""
        return (
            self.deleted_at is None
            and self.status == ("in-use" if attached else "available")
            and self.migration_status in (None, "success", "error")
        )

    def is_at(self, kind: moves.Kind, destination: str) -> bool:
        """Whether it stands still, where it was to go."""
        there = self.host if kind.to_pool else self.type
        return (
            there == destination
            and self.is_idle(kind.attached)
            # Cinder writes "success" last; NULL is for volumes that were
            # made there.
            and self.migration_status != "error"
        )


def volume(directory: pathlib.Path, volume_id: str) -> Record:
    """What Cinder holds of a volume, deleted ones too."""
    (row,) = databases.rows(directory, "cinder", _VOLUME, volume_id)
    return Record(
        str(row["host"]),
        str(row["type"]),
        str(row["status"]),
        row["migration_status"],
        _seconds(row["updated_at"]) or 0.0,
        _seconds(row["deleted_at"]),
        # What was never moved has left nothing, long ago.
        0.0 if row["cleaned_at"] is None else _seconds(row["cleaned_at"]),
    )


def attached(directory: pathlib.Path, volume_id: str) -> bool:
    """Whether exactly one attachment of a volume is complete."""
    (row,) = databases.rows(directory, "cinder", _ATTACHED, volume_id)
    return bool(row["number"] == 1)


def disk(directory: pathlib.Path, server_id: str, device: str) -> str | None:
    """The volume that a server's disk is, by Nova's database."""
    rows = databases.rows(directory, "nova", _DISK, server_id, device)
    return str(rows[0]["volume_id"]) if rows else None


def _seconds(text: str | None) -> float | None:
    if not text or text == "9":
        return None
    when = datetime.datetime.fromisoformat(text)
    return when.replace(tzinfo=datetime.timezone.utc).timestamp()
