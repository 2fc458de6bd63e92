# SPDX-License-Identifier: Apache-2.0

"""The two ways in which a swap via Nova ends: finished or undone.

Both may be repeated after they were interrupted: every step looks first at
what is left to do, and the user, which is the lock, goes last and stays if
anything else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths import retry
from volmigrateclient.core.paths.move import Move, Wait, Waits
from volmigrateclient.core.paths.swap_via_nova.evidence import (
    Decision,
    Evidence,
    Resolution,
    decide,
    gather,
    source_needed,
)
from volmigrateclient.core.paths.swap_via_nova.run import RECOVER, user_label

#: Gives what is left, each thing in words; nothing if all went well.
_Left = Waits[tuple[str, ...]]

#: How often a request is repeated that finishes or undoes something.
_ATTEMPTS = 5


def complete(move: Move, evidence: Evidence) -> _Left:
    """Steps four and five, once the evidence holds.

    A source that cannot be deleted is a warning: the data has moved.
    """
    source, destination = evidence.source, evidence.destination
    if source is not None and destination is not None:
        needed = source_needed(evidence)
        if needed:
            move.warn(
                f"the source volume {source.id} is kept, renamed, although "
                f"the data has moved: {'; '.join(needed)}"
            )
        if evidence.marker.keep_source or needed:
            yield from _keep(move, source, destination)
        else:
            yield from _delete_source(move, source, destination)
    left: tuple[str, ...] = ()
    if destination is not None:
        left += yield from _tried(
            move,
            f"the marker in the metadata of volume {destination.id}",
            lambda: move.cloud.unset_metadata(
                destination.id, swap_marker.KEYS
            ),
        )
    return left + (yield from _delete_user(move, evidence.user, left))


def rollback(move: Move, evidence: Evidence) -> _Left:
    """Take back what was made, in reverse; never touch the source's data.

    The source is put back to in-use if a failed swap left it detaching.

    :param evidence: is looked at again, it may have become old
    :raises UndecidedError: something may use the destination meanwhile
    """
    destination = evidence.destination
    return (
        yield from rollback_made(
            move,
            evidence.marker,
            destination.id if destination else None,
            evidence.user,
            evidence.guest_is_on_source,
        )
    )


def rollback_made(
    move: Move,
    marker: SwapMarker,
    destination_id: str | None,
    user: model.User | None,
    guest_is_on_source: bool = False,
) -> _Left:
    """As :func:`rollback`, from what a run knows to have made.

    :param guest_is_on_source: what an operator has seen on the hypervisor
    """

    def read() -> Evidence:
        return gather(
            move.cloud, marker, destination_id, user, guest_is_on_source
        )

    evidence = yield from _fenced(move, read)
    left: tuple[str, ...] = ()
    if evidence.destination is not None:
        left += yield from _deleted(
            move, evidence.destination.id, "destination volume"
        )
    # Else a swap that came after all goes on: no hand is laid on its source.
    if not left and marker.request_id:
        left += yield from _put_back(move, evidence)
    return left + (yield from _delete_user(move, user, left))


def quarantine(
    evidence: Evidence, reasons: Sequence[str]
) -> errors.UndecidedError:
    """What is to be known where nothing can be proven."""
    marker, destination = evidence.marker, evidence.destination
    new_id = destination.id if destination else "(gone)"
    lock = f", {user_label(evidence.user)} stays" if evidence.user else ""
    if not marker.request_id:
        return errors.UndecidedError(
            f"the destination volume {new_id} is kept because it is in use "
            f"({'; '.join(reasons)}){lock}; volume {marker.source_id} is as "
            f"it was. Once {new_id} is no longer used: {RECOVER}"
        )
    event = (
        f"event list {marker.server_id}"
        if marker.request_id == swap_marker.PENDING
        else f"event show {marker.server_id} {marker.request_id}"
    )
    return errors.UndecidedError(
        f"it cannot be told which volume server {marker.server_id} is on: "
        f"the source {marker.source_id} or the destination {new_id}; neither "
        f"is deleted ({'; '.join(reasons)}){lock}. Do not reboot, stop or "
        "live-migrate the server and do not detach either volume. Look "
        f"with: openstack server {event}; {RECOVER}"
    )


def _fenced(move: Move, read: Callable[[], Evidence]) -> Waits[Evidence]:
    """The evidence as it is now, and nothing on its way that changes it.

    A swap that nova-compute never took up has reserved the destination.
    Without that attachment it fails as soon as it is taken up, and only
    then is it certain that nothing uses the destination. Cinder would
    delete the attachment of a running swap, too: hence each look again.
    """
    for _ in range(_ATTEMPTS):
        evidence, decision = yield from _settled(read)
        if decision.resolution is not Resolution.ROLLBACK:
            raise quarantine(evidence, decision.reasons)
        if not evidence.destination_attachments:
            return evidence
        for attachment in evidence.destination_attachments:
            yield from _tried(
                move,
                f"attachment {attachment.id} of the destination volume",
                lambda a=attachment: move.cloud.delete_attachment(a.id),  # type: ignore[misc]
            )
    raise quarantine(evidence, ("the destination stays reserved",))


def _settled(
    read: Callable[[], Evidence],
) -> Waits[tuple[Evidence, Decision]]:
    """The evidence once Nova has ended what it does, and what it proves."""
    while True:
        evidence = yield from retry.read(
            read, "collecting the evidence", _ATTEMPTS
        )
        decision = decide(evidence)
        if decision.resolution is not Resolution.WAIT:
            return evidence, decision
        yield Wait((), "waiting for Nova")


def _keep(
    move: Move, source: model.Volume, destination: model.Volume
) -> _Left:
    left = yield from _tried(
        move,
        f"the source volume {source.id}, not marked as replaced",
        lambda: move.cloud.set_metadata(
            source.id, {swap_marker.REPLACED_BY: destination.id}
        ),
    )
    name = f"{source.name[:246]}-migrated"
    if not source.name.endswith("-migrated"):
        left += yield from _tried(
            move,
            f"the source volume {source.id}, under its old name",
            lambda: move.cloud.update_volume(source.id, name=name),
        )
    return left


def _delete_source(
    move: Move, source: model.Volume, destination: model.Volume
) -> _Left:
    left = yield from _deleted(move, source.id, "source volume")
    if left:
        # So that it is told from the volume that has its name now.
        yield from _keep(move, source, destination)
    return left


def _deleted(move: Move, volume_id: str, what: str) -> _Left:
    """Delete a volume and wait for its end.

    It is looked at before each request: one that was not answered may have
    been heard. A volume that comes back is a leak to know of.
    """
    accepted, tried = False, 0
    while True:
        reading = yield Wait(
            (volume_id,),
            f"deleting the {what}",
            poll_fast=accepted or not tried,
        )
        volume = reading.volumes.get(volume_id)
        if volume is None:
            return ()
        if volume.status in ("creating", "deleting"):
            continue
        trouble = f"Cinder could not delete it, it is {volume.status}"
        if accepted or tried == _ATTEMPTS:
            break
        tried += 1
        try:
            move.cloud.delete_volume(volume_id)
            accepted = True
        except errors.NotFoundError:
            return ()
        except errors.UnansweredError:
            continue
        except errors.CloudError as error:
            trouble = str(error)
            break
    label = f"the {what} {volume_id}"
    move.warn(f"left: {label}: {trouble}")
    return (label,)


def _put_back(move: Move, evidence: Evidence) -> _Left:
    source = evidence.source
    if source is None or not source.attachments:
        return ()
    label, trouble = f"the source volume {source.id}, detaching", ""
    for _ in range(_ATTEMPTS):
        # Looked at only after the destination is gone: a swap request that
        # was still on its way then fails, and leaves the source detaching.
        reading = yield Wait((source.id,), "putting the source back")
        now = reading.volumes.get(source.id)
        if now is None or now.status != "detaching":
            return ()
        try:
            move.cloud.roll_detaching(source.id)
        except errors.CloudError as error:
            trouble = str(error)
    move.warn(f"left: {label}: {trouble}")
    return (label,)


def _delete_user(
    move: Move, user: model.User | None, left: tuple[str, ...]
) -> _Left:
    if user is None:
        return ()
    label = user_label(user)
    if left:
        return (label,)
    return (
        yield from _tried(move, label, lambda: move.cloud.delete_user(user.id))
    )


def _tried(move: Move, label: str, request: Callable[[], None]) -> _Left:
    """Send a request that may be repeated; say what is left if it fails."""
    try:
        yield from retry.read(request, "cleaning up", attempts=_ATTEMPTS)
    except errors.NotFoundError:
        return ()
    except errors.CloudError as error:
        move.warn(f"left: {label}: {error}")
        return (label,)
    return ()
