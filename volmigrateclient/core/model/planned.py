# SPDX-License-Identifier: Apache-2.0

"""What a plan recorded of a volume when it was made."""

from __future__ import annotations

import dataclasses

from volmigrateclient.core.model import resources, wording
from volmigrateclient.core.model.action import Action


@dataclasses.dataclass(frozen=True)
class PlannedVolume:
    """A volume when it was planned; ``size`` is GiB, ``type`` a name.

    None is what the plan's writer did not say.
    """

    name: str | None = None
    project_id: str | None = None
    size: int | None = None
    host: str | None = None
    type: str | None = None
    status: str | None = None
    server_ids: tuple[str, ...] | None = None

    @classmethod
    def of(cls, volume: resources.Volume) -> PlannedVolume:
        """What is written down of a volume."""
        return cls(
            name=volume.name,
            project_id=volume.project_id,
            size=volume.size,
            host=volume.host,
            type=volume.type_name,
            status=volume.status,
            server_ids=_servers(volume),
        )

    def changes(
        self, volume: resources.Volume, action: Action
    ) -> tuple[str, ...]:
        """What is different about a volume that stands still.

        What already is as the action wants it is no change: a swap that
        changes type and pool does so one after the other.
        """
        retyped = self.type != volume.type_name and (
            action.destination_type in (volume.type_id, volume.type_name)
        )
        there = volume.host == action.destination_node
        return tuple(
            f"its {what} was {_text(then)}, is {_text(now)}"
            for what, then, now, expected in (
                # A retype may have taken it to another pool.
                ("pool", self.host, volume.host, there or retyped),
                ("type", self.type, volume.type_name, retyped),
                ("size", self.size, volume.size, False),
                ("project", self.project_id, volume.project_id, False),
                ("server", self.server_ids, _servers(volume), False),
            )
            if then not in (None, now) and not expected
        )


def _servers(volume: resources.Volume) -> tuple[str, ...]:
    return tuple(a.server_id for a in volume.attachments if a.server_id)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return wording.escaped(str(value))
