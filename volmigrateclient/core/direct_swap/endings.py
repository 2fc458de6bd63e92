# SPDX-License-Identifier: Apache-2.0

"""The two ways in which a swap via Nova ends: finished or undone.

Both may be repeated after they were interrupted: every step looks first at
what is left to do, and the user, which is the lock, goes last and stays if
anything else does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from volmigrateclient.core import errors, model
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import evidence as evidence_
from volmigrateclient.core.direct_swap import marks
from volmigrateclient.core.direct_swap import run as run_
from volmigrateclient.core.paths import patience

#: Gives what is left, each thing in words; nothing if all went well.
_Waits = Generator[move_.Wait, move_.Reading, tuple[str, ...]]

#: How often a request is repeated that finishes or undoes something.
_ATTEMPTS = 5


def finish(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    """Steps four and five, once the evidence holds.

    A source that cannot be deleted is a warning: the data has moved.
    """
    source, destination = seen.source, seen.destination
    if source is not None and destination is not None:
        needed = evidence_.source_needed(seen)
        if needed:
            move.warn(
                f"the source volume {source.id} is kept, renamed, although "
                f"the data has moved: {'; '.join(needed)}"
            )
        if seen.mark.keep_source or needed:
            yield from _keep(move, source, destination)
        else:
            yield from _delete_source(move, source, destination)
    left: tuple[str, ...] = ()
    if destination is not None:
        left += yield from _tried(
            move,
            f"the mark in the metadata of volume {destination.id}",
            lambda: move.cloud.unset_metadata(destination.id, marks.KEYS),
        )
    return left + (yield from _delete_user(move, seen.user, left))


def undo(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    """Take back what was made, in reverse; never touch the source's data.

    The source is put back to in-use if a failed swap left it detaching.

    :param seen: is looked at again, it may have become old
    :raises QuarantineError: something may use the destination meanwhile
    """
    destination = seen.destination
    return (
        yield from take_back(
            move, seen.mark, destination.id if destination else None, seen.user
        )
    )


def take_back(
    move: move_.Move,
    mark: marks.Mark,
    destination_id: str | None,
    user: model.User | None,
) -> _Waits:
    """As :func:`undo`, from what a run knows to have made."""
    seen = yield from _fenced(move, mark, destination_id, user)
    left: tuple[str, ...] = ()
    if seen.destination is not None:
        left += yield from _deleted(
            move, seen.destination.id, "destination volume"
        )
    # Else a swap that came after all goes on: no hand is laid on its source.
    if not left and mark.request_id:
        left += yield from _put_back(move, seen)
    return left + (yield from _delete_user(move, user, left))


def quarantine(
    seen: evidence_.Evidence, reasons: Sequence[str]
) -> errors.QuarantineError:
    """What is to be known where nothing can be proven."""
    mark, destination = seen.mark, seen.destination
    new_id = destination.id if destination else "(gone)"
    lock = f", {run_.user_label(seen.user)} stays" if seen.user else ""
    if not mark.request_id:
        return errors.QuarantineError(
            f"the destination volume {new_id} is left, because somebody uses "
            f"it ({'; '.join(reasons)}){lock}; volume {mark.source_id} is as "
            f"it was. When {new_id} is not used any more: {run_.RECOVER}"
        )
    event = (
        f"event list {mark.server_id}"
        if mark.request_id == marks.PENDING
        else f"event show {mark.server_id} {mark.request_id}"
    )
    return errors.QuarantineError(
        f"it cannot be told which volume server {mark.server_id} is on: "
        f"the source {mark.source_id} or the destination {new_id}; neither "
        f"is deleted ({'; '.join(reasons)}){lock}. Do not reboot, stop or "
        "live-migrate the server and do not detach either volume. Look "
        f"with: openstack server {event}; {run_.RECOVER}"
    )


def _fenced(
    move: move_.Move,
    mark: marks.Mark,
    destination_id: str | None,
    user: model.User | None,
) -> Generator[move_.Wait, move_.Reading, evidence_.Evidence]:
    """The evidence as it is now, and nothing on its way that changes it.

    A swap that nova-compute never took up has reserved the destination.
    Without that attachment it fails as soon as it is taken up, and only
    then is it certain that nothing uses the destination. Cinder would
    delete the attachment of a running swap, too: hence each look again.
    """
    for _ in range(_ATTEMPTS):
        seen, decision = yield from _looked(move, mark, destination_id, user)
        if decision.verdict is not evidence_.Verdict.UNDO:
            raise quarantine(seen, decision.reasons)
        if not seen.destination_attachments:
            return seen
        for attachment in seen.destination_attachments:
            yield from _tried(
                move,
                f"attachment {attachment.id} of the destination volume",
                lambda a=attachment: move.cloud.delete_attachment(a.id),  # type: ignore[misc]
            )
    raise quarantine(seen, ("the destination stays reserved",))


def _looked(
    move: move_.Move,
    mark: marks.Mark,
    destination_id: str | None,
    user: model.User | None,
) -> Generator[
    move_.Wait,
    move_.Reading,
    tuple[evidence_.Evidence, evidence_.Decision],
]:
    while True:
        seen = yield from patience.read(
            lambda: evidence_.gather(move.cloud, mark, destination_id, user),
            "collecting the evidence",
            _ATTEMPTS,
        )
        decision = evidence_.decide(seen)
        if decision.verdict is not evidence_.Verdict.WAIT:
            return seen, decision
        yield move_.Wait((), "waiting for Nova")


def _keep(
    move: move_.Move, source: model.Volume, destination: model.Volume
) -> _Waits:
    left = yield from _tried(
        move,
        f"the source volume {source.id}, not marked as replaced",
        lambda: move.cloud.set_metadata(
            source.id, {marks.REPLACED_BY: destination.id}
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
    move: move_.Move, source: model.Volume, destination: model.Volume
) -> _Waits:
    left = yield from _deleted(move, source.id, "source volume")
    if left:
        # So that it is told from the volume that has its name now.
        yield from _keep(move, source, destination)
    return left


def _deleted(move: move_.Move, volume_id: str, what: str) -> _Waits:
    """Delete a volume and wait for its end.

    It is looked at before each request: one that was not answered may have
    been heard. A volume that comes back is a leak to know of.
    """
    accepted, tried = False, 0
    while True:
        reading = yield move_.Wait(
            (volume_id,),
            f"deleting the {what}",
            closely=accepted or not tried,
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


def _put_back(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    source = seen.source
    if source is None or not source.attachments:
        return ()
    label, trouble = f"the source volume {source.id}, detaching", ""
    for _ in range(_ATTEMPTS):
        # Looked at only after the destination is gone: a swap request that
        # was still on its way then fails, and leaves the source detaching.
        reading = yield move_.Wait((source.id,), "putting the source back")
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
    move: move_.Move, user: model.User | None, left: tuple[str, ...]
) -> _Waits:
    if user is None:
        return ()
    label = run_.user_label(user)
    if left:
        return (label,)
    return (
        yield from _tried(move, label, lambda: move.cloud.delete_user(user.id))
    )


def _tried(
    move: move_.Move, label: str, request: Callable[[], None]
) -> _Waits:
    """Send a request that may be repeated; say what is left if it fails."""
    try:
        yield from patience.read(request, "cleaning up", attempts=_ATTEMPTS)
    except errors.NotFoundError:
        return ()
    except errors.CloudError as error:
        move.warn(f"left: {label}: {error}")
        return (label,)
    return ()
