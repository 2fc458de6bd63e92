# SPDX-License-Identifier: Apache-2.0
"""The floor: the services' own time, from the request to their last write.

No client can be faster: this one knows everything beforehand, checks nothing,
and reads from the databases how far the services are.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from concurrent import futures

from bench import field as field_
from bench import moves, records
from tests.cloud import databases

_PAUSE = 0.02
_LONGEST, _LAST = 120.0, 2.0
_SWAPPED = """
    SELECT e.result FROM instance_actions_events e
    JOIN instance_actions a ON a.id = e.action_id
    WHERE a.instance_uuid = ? AND a.request_id = ?
"""


@dataclasses.dataclass(frozen=True)
class Floor:
    """A task, carried out by nobody but the services.

    :ivar moved: whether each volume was where it was to go at the end
    """

    seconds: float
    moved: tuple[bool, ...]


def measure(
    field: field_.Field, task: moves.Task, slots: list[field_.Slot]
) -> Floor:
    """From the first request to the services' last write.

    As many volumes at once as the task allows.

    :raises UnfinishedError: one of the moves has no end
    """
    five_steps = task.kind is moves.Kind.FIVE_STEPS
    one = _five_steps if five_steps else _move
    began = time.time()
    with futures.ThreadPoolExecutor(task.parallel) as pool:
        list(pool.map(lambda slot: one(field, task, slot), slots))
    ended = time.time()  # after the five steps: when the user was deleted
    moved = tuple(_is_moved(field, task, slot) for slot in slots)
    return Floor((ended if five_steps else field.done_at(task)) - began, moved)


def _is_moved(
    field: field_.Field, task: moves.Task, slot: field_.Slot
) -> bool:
    """Cinder re-points the attachment last, or has lost it."""
    end = time.monotonic() + _LAST
    while not (moved := field.moved(slot, task)):
        if time.monotonic() > end:
            break
        time.sleep(_PAUSE)
    return moved


def _move(field: field_.Field, task: moves.Task, slot: field_.Slot) -> None:
    volumes = field.cloud.access.cinder().volumes
    if task.kind.to_pool:
        volumes.migrate_volume(slot.volume_id, task.destination, False, True)
    else:
        volumes.retype(slot.volume_id, task.destination, "on-demand")
    directory = field.cloud.directory

    def done() -> bool:
        record = records.volume(directory, slot.volume_id)
        return (
            record.migration_status == "success"
            and record.cleaned_at is not None
            and record.is_at(task.kind, task.destination)
        )

    _until(done)


def _five_steps(
    field: field_.Field, task: moves.Task, slot: field_.Slot
) -> None:
    directory = field.cloud.directory
    old = slot.volume_id
    with field.temporary_user() as its:
        new = its.volumes.create(1, volume_type=task.destination)
        _until(lambda: records.volume(directory, new.id).status == "available")
        swap = field.cloud.admin_nova.volumes.update_server_volume(
            slot.server_id, old, new.id
        )
        (request_id,) = swap.request_ids
        _until(
            lambda: any(
                row["result"] == "Success"
                for row in databases.rows(
                    directory, "nova", _SWAPPED, slot.server_id, request_id
                )
            )
        )
        field.cloud.admin_cinder.volumes.delete(old)
        _until(lambda: records.volume(directory, old).deleted_at is not None)


class UnfinishedError(Exception):
    """The services themselves did not finish a move."""


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST
    while not done():
        if time.monotonic() > end:
            raise UnfinishedError
        time.sleep(_PAUSE)
