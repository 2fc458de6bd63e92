# SPDX-License-Identifier: Apache-2.0

"""Following a move that Cinder leads, to its verified end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import retry, verdict
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Wait,
    Waits,
)

Judge = Callable[[model.Volume, float], verdict.Verdict]
#: Looks at something else, at a second of the engine's clock.
Besides = Callable[[float], Waits[None]]


def to_the_end(
    move: Move,
    volume_id: str,
    judge: Judge,
    besides: Besides | None = None,
) -> Waits[model.Volume]:
    """Wait for the verdict; gives the volume as it is when it is done.

    :param judge: from what the volume is now, and since how many seconds
    :param besides: what else to look at, at each second that is given
    :raises FailedError: with the reason
    :raises QuarantineError: what became of it cannot be told
    """
    last: model.Volume | None = None
    since, phase = 0.0, "waiting for Cinder"
    while True:
        reading = yield Wait((volume_id,), phase, poll_fast=True)
        now = reading.volumes.get(volume_id)
        if now is None:
            raise errors.FailedError(
                f"volume {volume_id} was deleted while it was moving"
            )
        if now != last:
            last, since = now, reading.at
        # Only after a copy of its own does Cinder complete anything.
        move.copy_seen |= now.migration_status == "completing"
        found = judge(now, reading.at - since)
        if found.state is verdict.State.DONE:
            return now
        if found.state is verdict.State.FAILED:
            raise errors.FailedError(found.text)
        if found.state is verdict.State.UNDECIDED:
            raise errors.UndecidedError(found.text)
        phase = found.text
        if besides is not None:
            yield from besides(reading.at)


def verified_and_cleaned_up(move: Move, volume: model.Volume) -> Steps:
    """The last steps of every move that Cinder leads.

    :param volume: as it is now that Cinder says that it has moved
    :raises FailedError: a live move's attachments are not as they were
    """
    volume = yield from _verified(move, volume)
    yield from _cleaned_up(move, volume)
    move.moved_by = _moved_by(move, volume)
    return Ending(Outcome.DONE, volume=volume)


def _cleaned_up(move: Move, volume: model.Volume) -> Waits[None]:
    """Wait until Cinder has deleted what the volume was before.

    After a generic copy a row of Cinder's own holds the old data; after a
    retype and a migration there are two. That one cannot be deleted is a
    leak to know of, and no failure of the move
    (services.rst, services-old-copy).
    """
    phase = "deleting the old copy"
    rows = yield from retry.read(
        lambda: move.cloud.list_volumes(migration_status="deleting"), phase
    )
    mark = f"migration src for {volume.id}"
    old = [row for row in rows if row.description == mark]
    move.copy_seen |= bool(old)
    try:
        while old := [copy for copy in old if not _stays(move, copy)]:
            ids = tuple(copy.id for copy in old)
            reading = yield Wait(ids, phase, poll_fast=True, holds_slot=False)
            old = [reading.volumes[i] for i in ids if i in reading.volumes]
    except errors.StopWaiting:
        move.warn(
            f"the volume moved; its old copy {', '.join(ids)} is still being "
            "deleted"
        )


def _moved_by(move: Move, volume: model.Volume) -> str:
    """Who moved the data, by what was read on the way."""
    before = move.before.volume
    if move.copy_seen or volume.name_id != before.name_id:
        return "copied by the host"
    place = move.before.place(before.host)
    if place is not None and place.holds(volume):
        return "in place, by the driver"
    # A copy that ended between two looks leaves no trace.
    return "by the driver, it seems: no copy was seen"


def _stays(move: Move, copy: model.Volume) -> bool:
    """Tell of an old copy that Cinder does not delete any more."""
    if copy.status in ("deleting", "in-use", "detaching"):
        return False
    move.warn(
        f"the volume moved, but its old copy {copy.id} on {copy.host} could "
        f"not be deleted: it is {copy.status}. See cinder-volume's log, then "
        "delete it"
    )
    return True


def _verified(move: Move, volume: model.Volume) -> Waits[model.Volume]:
    """Look that the volume kept what a move leaves alone.

    :raises FailedError: a live move's attachments are not as they were
    """
    before = move.before.volume
    if before.attachments:
        volume = yield from _attachments_settled(move, volume)
    for change in verdict.unexpected_changes(before, volume):
        move.warn(f"changed during the move: {change}")
    return volume


def _attachments_settled(
    move: Move, volume: model.Volume
) -> Waits[model.Volume]:
    """Cinder re-points the attachments just after success.

    (services.rst, services-lost-attachment)
    """
    before, since = move.before.volume, None
    server_ids = {a.server_id for a in before.attachments if a.server_id}
    while True:
        nova_says: dict[str, model.ServerVolume | None] = {}
        for server_id in server_ids:
            nova_says[server_id] = yield from _row_in_nova(
                move, server_id, volume.id
            )
        wrong = verdict.attachments_kept(before, volume, nova_says)
        if not wrong:
            _warn_of_unverified(move, nova_says)
            return volume
        reading = yield Wait(
            (volume.id,), "verifying the attachment", poll_fast=True
        )
        since = reading.at if since is None else since
        volume = reading.volumes.get(volume.id, volume)
        if reading.at - since > verdict.SETTLE:
            raise errors.FailedError(
                f"the volume moved, but {wrong}. Do not reboot, stop or "
                "live-migrate the server before that is repaired: see 'An "
                "attachment that Cinder lost' in the documentation"
            )


def _warn_of_unverified(
    move: Move, nova_says: Mapping[str, model.ServerVolume | None]
) -> None:
    untold = [
        server_id
        for server_id, row in nova_says.items()
        if row is not None and row.attachment_id is None
    ]
    if untold:
        move.warn(
            "not verified: that Nova and Cinder have the same attachment of "
            f"server {', '.join(untold)}, since Nova before 2.89 (Xena) does "
            "not tell; both say that it has the volume"
        )


def _row_in_nova(
    move: Move, server_id: str, volume_id: str
) -> Waits[model.ServerVolume | None]:
    rows = yield from retry.read(
        lambda: move.cloud.list_server_volumes(server_id),
        "verifying the attachment",
    )
    return next((row for row in rows if row.volume_id == volume_id), None)
