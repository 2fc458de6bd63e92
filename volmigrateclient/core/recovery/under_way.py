# SPDX-License-Identifier: Apache-2.0

"""Every move that Cinder is at, whoever asked for it."""

from __future__ import annotations

import dataclasses
import datetime

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud


@dataclasses.dataclass(frozen=True)
class UnderWay:
    """A volume that Cinder is moving or retyping.

    :param volume: as it is now: where it comes from
    :param target: Cinder's copy, which tells where it goes; None where there
        is none yet, or none is needed
    """

    volume: model.Volume
    target: model.Volume | None = None

    @property
    def server_id(self) -> str | None:
        """The server that has the disk; None of a detached volume.

        Nova gives the volume's attachment up once the server is on Cinder's
        copy, and the copy alone is attached until Cinder has ended the move.
        """
        rows = (self.volume, self.target)
        attachments = (a for row in rows if row for a in row.attachments)
        return next((a.server_id for a in attachments if a.server_id), None)

    @property
    def destination(self) -> str | None:
        """The pool that it goes to; None where that is not known yet."""
        return self.target.host if self.target else None

    @property
    def destination_type(self) -> str | None:
        """The type that it gets, where that is another one and known."""
        target = self.target
        if target is None or target.type_id == self.volume.type_id:
            return None
        return target.type_name

    @property
    def state(self) -> str:
        """What Cinder says of it, in two words."""
        status = self.volume.migration_status
        told = self.volume.status
        if status in model.MIGRATING:
            told += f", {status}"
        return told

    @property
    def since(self) -> str | None:
        """Since when it is in this state, UTC.

        Not when its copy was made: Cinder gives that the volume's own
        created_at.
        """
        return self.volume.updated_at

    def age(self, now: datetime.datetime) -> float | None:
        """Seconds in this state; None where Cinder does not tell.

        :param now: with a time zone
        """
        try:
            began = datetime.datetime.fromisoformat(self.since or "")
        except ValueError:
            return None
        if began.tzinfo is None:
            began = began.replace(tzinfo=datetime.timezone.utc)
        return max((now - began).total_seconds(), 0.0)


def under_way(cloud: Cloud) -> list[UnderWay]:
    """All moves in the cloud, the oldest first; three list requests.

    :raises CloudError: the cloud refuses to show them
    """
    moving = {
        volume.id: volume
        for volume in cloud.list_volumes(
            migration_status=str(sorted(model.MIGRATING))
        )
    }
    # Before a retype has got as far as a migration.
    for volume in cloud.list_volumes(status="retyping"):
        moving.setdefault(volume.id, volume)
    targets = {
        row.source_id: row
        for row in cloud.list_volumes(**{"migration_status~": "target:"})
    }
    found = [
        UnderWay(volume, targets.get(volume.id))
        for volume in moving.values()
        if not volume.cinders_own
    ]
    return sorted(found, key=lambda one: one.since or "")
