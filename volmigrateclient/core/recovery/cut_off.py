# SPDX-License-Identifier: Apache-2.0

"""Moves of attached volumes that Cinder led and that may never end.

Cinder waits for Nova's word. If nova-compute was restarted in the middle of
the copy, or cinder-volume when that word came, the volume stays ``migrating``
for ever, and both states look alike in Cinder. Nova's own record of the swap
tells them apart, and tells where the guest may be.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Iterator

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import nova_traceback, retry
from volmigrateclient.core.paths.move import Wait
from volmigrateclient.core.recovery.under_way import UnderWay

_SEE = "see 'When nova-compute died in the middle' in the documentation"
_LOOK = "'virsh domblklist' on the server's hypervisor"


class Guest(enum.Enum):
    """Where the guest's disk is, by Nova's record of its swap."""

    #: Nova has not begun: the guest is on the volume.
    NOT_BEGUN = "not begun"
    #: Nova is copying, or was cut off while it did.
    COPYING = "copying"
    #: Nova failed before it switched the disk: the guest is on the volume.
    ON_SOURCE = "on the source"
    #: Nova failed at a point from which the guest may be on Cinder's target.
    MAY_BE_ON_TARGET = "may be on the target"
    #: Nova has switched the disk: the guest is on Cinder's target.
    ON_TARGET = "on the target"


def _guest(swap: model.SwapAction | None) -> Guest:
    if swap is None or not swap.events:
        return Guest.NOT_BEGUN
    if swap.result is None:
        return Guest.COPYING
    if swap.result == "Success":
        return Guest.ON_TARGET
    if nova_traceback.disk_after(swap) is nova_traceback.Disk.OLD:
        return Guest.ON_SOURCE
    return Guest.MAY_BE_ON_TARGET


#: Of several swaps that may be a move's, the first of these counts: what is
#: most dangerous to overlook. One that succeeded is least likely to be that of
#: a move that has not ended: Cinder answers Nova only when it has.
_GRAVEST = (
    Guest.MAY_BE_ON_TARGET,
    Guest.COPYING,
    Guest.NOT_BEGUN,
    Guest.ON_SOURCE,
    Guest.ON_TARGET,
)


@dataclasses.dataclass(frozen=True)
class CutOff:
    """One attached volume that Cinder is moving, or no longer is."""

    volume: model.Volume
    #: Cinder's copy; None where it has made none yet, or none any more.
    target: model.Volume | None
    server_id: str
    #: Nova's record of the swap; None where it has none of this move.
    swap: model.SwapAction | None
    #: An operator has seen on the hypervisor that the guest is on the volume,
    #: and that no block job is left.
    guest_is_on_source: bool = False

    kind = "moving volume"

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.volume.id

    @property
    def source_id(self) -> str:
        """The volume that was to be moved."""
        return self.volume.id

    @property
    def guest(self) -> Guest:
        """Where the guest's disk is, as far as that is told."""
        return _guest(self.swap)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the services' records say."""
        volume, swap = self.volume, self.swap
        told = f"{volume.status}, migration {volume.migration_status}"
        since = f"since {swap.started_at}" if swap else ""
        nova = {
            Guest.NOT_BEGUN: "Nova has not begun the swap",
            Guest.COPYING: f"Nova is copying {since}, or was cut off",
            Guest.ON_SOURCE: "Nova's swap failed; the server kept its disk",
            Guest.MAY_BE_ON_TARGET: (
                "Nova's swap failed at a point from which the server may be "
                "running on Cinder's copy"
            ),
            Guest.ON_TARGET: "Nova's swap succeeded; Cinder has to end it",
        }
        return (told, nova[self.guest])

    @property
    def to_do(self) -> str:
        """What ``recover`` would do about it, for people."""
        if self.safe and self.target is not None:
            return (
                f"have Cinder end the move with an error and delete its copy "
                f"{self.target.id}; the volume stays where it is"
            )
        target = self.target.id if self.target else "of Cinder's"
        match self.guest:
            case Guest.NOT_BEGUN:
                return (
                    "nothing: are cinder-volume and nova-compute up? Their "
                    "queues run when they come back, so reset nothing before "
                    "that"
                )
            case Guest.COPYING:
                return (
                    "nothing: a copy has no progress to see. Only if "
                    "nova-compute was restarted since then is it dead, with "
                    f"the server on its volume: {_SEE}, and once that was "
                    "seen, run recover with --guest-is-on-source"
                )
            case Guest.ON_SOURCE:
                return (
                    "nothing: Cinder did not hear that Nova failed. Make sure "
                    f"that the server is on its volume ({_LOOK}), then run "
                    f"recover with --guest-is-on-source {self.volume.id}"
                )
        return (
            f"nothing: the server may be running on Cinder's copy {target}. "
            "Delete neither volume, never end the move with an error, and do "
            "not reboot, stop or live-migrate the server; see which file it "
            f"has ({_LOOK}) and 'When Cinder was down at the end' in the "
            "documentation"
        )

    @property
    def safe(self) -> bool:
        """Whether the move may be ended with an error."""
        return (
            self.guest_is_on_source
            and self.guest in (Guest.COPYING, Guest.ON_SOURCE)
            and self.volume.migration_status == "migrating"
            and any(
                attachment.server_id == self.server_id
                for attachment in self.volume.attachments
            )
            and self.target is not None
        )

    @property
    def settled(self) -> bool:
        """Whether nobody will change it any more but us or a human."""
        return self.safe or self.guest in (
            Guest.ON_SOURCE,
            Guest.MAY_BE_ON_TARGET,
        )


def cut_off_moves(
    cloud: Cloud,
    moving: Collection[UnderWay],
    guests_on_source: Collection[str] = (),
) -> Iterator[CutOff]:
    """The attached ones of the volumes that Cinder says it is moving.

    :param guests_on_source: those of which an operator has seen on the
        hypervisor that the guest is on them, and that no block job is left
    """
    for one in moving:
        if one.server_id is not None:
            yield gather(cloud, one.volume, one.server_id, guests_on_source)


def gather(
    cloud: Cloud,
    volume: model.Volume,
    server_id: str,
    guests_on_source: Collection[str] = (),
) -> CutOff:
    """What the services say of one move; only GETs."""
    targets = cloud.list_volumes(migration_status=f"target:{volume.id}")
    target = targets[0] if targets else None
    return CutOff(
        volume,
        target,
        server_id,
        _swap(cloud, server_id, volume, target),
        volume.id in guests_on_source,
    )


def _swap(
    cloud: Cloud,
    server_id: str,
    volume: model.Volume,
    target: model.Volume | None,
) -> model.SwapAction | None:
    """Nova's record of the swap to this target.

    Nova's do not name their volumes, and the target has the volume's own
    created_at. Cinder's last change of a volume's row was the move's start, so
    that older swaps are those of other moves: unless somebody has renamed the
    volume since. Then the swaps of its whole life may be meant.
    """
    if target is None:
        return None
    try:
        swaps = cloud.list_swaps(server_id)
    except errors.NotFoundError:
        return None
    for since in (volume.updated_at, target.created_at):
        candidates = [
            swap for swap in swaps if swap.started_at >= (since or "")
        ]
        if candidates:
            break
    seen = (cloud.get_swap(server_id, one.request_id) for one in candidates)
    return min(
        (swap for swap in seen if swap is not None),
        key=lambda swap: _GRAVEST.index(_guest(swap)),
        default=None,
    )


def job(cut_off: CutOff) -> Job:
    """What the engine is to do about a move that was cut off."""
    return Job(
        model.Request(model.Action(cut_off.volume.id)),
        # Not as one that is moving, which a cap would let pass.
        steps=lambda move: _steps(move, cut_off),
    )


def _steps(move: paths.Move, before: CutOff) -> paths.Steps:
    """Look again, and end the move if that is still what is proven."""
    volume_id = before.volume.id
    now = yield from retry.read(
        lambda: _again(move.cloud, before), "checking again", retry.FEW
    )
    target = now.target if now is not None else None
    if (
        now is None
        or target is None
        or not now.safe
        or now.swap != before.swap
    ):
        raise errors.FailedError("it changed meanwhile; run recover again")
    target_id = target.id
    yield from retry.read(
        lambda: move.cloud.fail_migration(volume_id, target_id),
        "ending the move",
        retry.FEW,
    )
    while True:
        reading = yield Wait(
            (volume_id, target_id), "waiting for Cinder", poll_fast=True
        )
        volume = reading.volumes.get(volume_id)
        if volume is None:
            raise errors.FailedError(f"volume {volume_id} does not exist")
        if not volume.moving and target_id not in reading.volumes:
            break
    if volume.status != "in-use" or volume.attachments != (
        now.volume.attachments
    ):
        raise errors.UndecidedError(
            f"Cinder ended the move, but volume {volume_id} is "
            f"{volume.status} with other attachments than before"
        )
    return paths.Ending(paths.Outcome.DONE, volume=volume)


def _again(cloud: Cloud, before: CutOff) -> CutOff | None:
    volume = cloud.get_volumes([before.volume.id]).get(before.volume.id)
    if volume is None:
        return None
    return gather(cloud, volume, before.server_id, (before.volume.id,))
