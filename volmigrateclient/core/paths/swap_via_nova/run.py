# SPDX-License-Identifier: Apache-2.0

"""What a run of the five steps has made so far, for undoing and telling."""

from __future__ import annotations

import dataclasses

from volmigrateclient.core import model
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths.move import Move

RECOVER = "openstack volume watcher-migrate recover"


@dataclasses.dataclass
class Run:
    """One run.

    :param domain_id: where Keystone may have made the user; None before it
        was asked
    :param asked_for_volume: whether Cinder may have made a destination
    """

    move: Move
    marker: SwapMarker
    domain_id: str | None = None
    user: model.User | None = None
    asked_for_volume: bool = False
    destination_id: str | None = None

    @property
    def source(self) -> model.Volume:
        """The volume as it was before anything was done."""
        return self.move.before.volume

    @property
    def new_id(self) -> str:
        """The destination volume's ID, once there is one."""
        if self.destination_id is None:
            raise RuntimeError("no destination volume was made yet")
        return self.destination_id

    @property
    def made(self) -> tuple[str, ...]:
        """All that is there to be undone, or may be, in words."""
        made = []
        if self.user is not None:
            made.append(user_label(self.user))
        elif self.domain_id is not None:
            made.append(f"perhaps the temporary user {self.marker.user_name}")
        if self.destination_id is not None:
            made.append(f"the destination volume {self.destination_id}")
        elif self.asked_for_volume:
            made.append("perhaps a destination volume")
        return tuple(made)


def user_label(user: model.User) -> str:
    """The temporary user, as messages name it."""
    return f"the temporary user {user.name} ({user.id})"
