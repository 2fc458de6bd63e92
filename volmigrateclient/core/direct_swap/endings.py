# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The two ways in which a swap via Nova ends: finished or undone.

Both may be repeated after they were interrupted: every step looks first at
what is left to do, and the user, which is the lock, goes last.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from volmigrateclient.core import errors, model
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import evidence as evidence_
from volmigrateclient.core.direct_swap import marks
from volmigrateclient.core.paths import patience

_Waits = Generator[move_.Wait, move_.Reading, None]

#: How often a request is repeated that undoes something.
_ATTEMPTS = 5


def finish(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    """Steps four and five, once the evidence holds.

    A source that cannot be deleted is a warning: the data has moved.
    """
    mark = seen.mark
    if seen.source is not None:
        if mark.keep_source:
            yield from _keep(move, seen.source, seen.destination)
        else:
            yield from _delete_source(move, seen.source)
    destination = seen.destination
    if destination is not None:
        yield from _tried(
            move,
            f"volume {destination.id} keeps its mark in its metadata",
            lambda: move.cloud.unset_metadata(destination.id, marks.KEYS),
        )
    yield from _delete_user(move, seen.user)


def undo(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    """Take back what was made, in reverse; never touch the source's data.

    The source is put back to in-use if a refused swap left it detaching.
    """
    destination = seen.destination
    if destination is not None:
        for attachment in seen.destination_attachments:
            # Without it nova-compute cannot connect the destination any
            # more, should it take up the swap after all.
            yield from _tried(
                move,
                f"attachment {attachment.id} of volume {destination.id} is "
                "left",
                lambda a=attachment: move.cloud.delete_attachment(a.id),  # type: ignore[misc]
            )
        yield from _delete_destination(move, destination.id)
    yield from _put_back(move, seen)
    yield from _delete_user(move, seen.user)


def _keep(
    move: move_.Move,
    source: model.Volume,
    destination: model.Volume | None,
) -> _Waits:
    if destination is None or marks.REPLACED_BY in source.metadata:
        return
    yield from _tried(
        move,
        f"the source volume {source.id} keeps its name",
        lambda: move.cloud.update_volume(
            source.id, name=f"{source.name}-migrated"[:255]
        ),
    )
    yield from _tried(
        move,
        f"the source volume {source.id} is not marked",
        lambda: move.cloud.set_metadata(
            source.id, {marks.REPLACED_BY: destination.id}
        ),
    )


def _delete_source(move: move_.Move, source: model.Volume) -> _Waits:
    left = f"the source volume {source.id} is left"
    done = yield from _tried(
        move, left, lambda: move.cloud.delete_volume(source.id)
    )
    if done:
        yield from _gone(move, source.id, "deleting the source", left)


def _delete_destination(move: move_.Move, volume_id: str) -> _Waits:
    phase = "deleting the destination"
    left = f"the destination volume {volume_id} is left"
    while True:
        reading = yield move_.Wait((volume_id,), phase)
        volume = reading.volumes.get(volume_id)
        if volume is None:
            return
        if volume.status not in ("creating", "reserved"):
            break
    done = yield from _tried(
        move, left, lambda: move.cloud.delete_volume(volume_id)
    )
    if done:
        yield from _gone(move, volume_id, phase, left)


def _gone(move: move_.Move, volume_id: str, phase: str, left: str) -> _Waits:
    """Wait for a volume's end; one that comes back is a leak to know of."""
    try:
        while True:
            reading = yield move_.Wait((volume_id,), phase)
            volume = reading.volumes.get(volume_id)
            if volume is None:
                return
            if volume.status != "deleting":
                move.warn(
                    f"{left}: Cinder could not delete it, it is "
                    f"{volume.status}"
                )
                return
    except errors.HandOver:
        move.warn(f"{left}: it is still being deleted")


def _put_back(move: move_.Move, seen: evidence_.Evidence) -> _Waits:
    source = seen.source
    if source is None or not source.attachments:
        return
    phase = "putting the source back"
    for _ in range(_ATTEMPTS):
        # Looked at only after the destination is gone: a swap request that
        # was still on its way then fails, and leaves the source detaching.
        reading = yield move_.Wait((source.id,), phase)
        now = reading.volumes.get(source.id)
        if now is None or now.status != "detaching":
            return
        yield from _tried(
            move,
            f"volume {source.id} is left detaching",
            lambda: move.cloud.roll_detaching(source.id),
        )
    move.warn(f"volume {source.id} is left detaching")


def _delete_user(move: move_.Move, user: model.User | None) -> _Waits:
    if user is not None:
        yield from _tried(
            move,
            f"the temporary user {user.name} ({user.id}) is left",
            lambda: move.cloud.delete_user(user.id),
        )


def _tried(
    move: move_.Move, left: str, request: Callable[[], None]
) -> Generator[move_.Wait, move_.Reading, bool]:
    """Send a request that may be repeated; say what is left if it fails."""
    try:
        yield from patience.read(request, "cleaning up", attempts=_ATTEMPTS)
    except errors.NotFoundError:
        return True
    except errors.CloudError as error:
        move.warn(f"{left}: {error}")
        return False
    return True
