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

"""The floor: the services' own time, from the request to their last write.

No client can be faster. The requests go past the front door, and the end is
read from the databases, so that nobody's polling slows the services down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent import futures

from bench import field as field_
from bench import moves, records
from tests.cloud import databases

_PAUSE = 0.02
_LONGEST = 120.0
_SWAPPED = """
    SELECT e.result FROM instance_actions_events e
    JOIN instance_actions a ON a.id = e.action_id
    WHERE a.instance_uuid = ? AND a.request_id = ?
"""


def seconds(
    field: field_.Field, task: moves.Task, slots: list[field_.Slot]
) -> float:
    """From the first request to the services' last write.

    As many volumes at once as the task allows.

    :raises UnfinishedError: one of the moves has no end
    """
    one = _five_steps if task.kind is moves.Kind.FIVE_STEPS else _move
    began = time.time()
    with futures.ThreadPoolExecutor(task.parallel) as pool:
        list(pool.map(lambda slot: one(field, task, slot), slots))
    return field.done_at(task) - began


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
            and (
                not task.kind.attached
                or records.attached(directory, slot.volume_id)
            )
        )

    _until(done)


def _five_steps(
    field: field_.Field, task: moves.Task, slot: field_.Slot
) -> None:
    """Steps 2 to 4; a user is made and deleted in no time."""
    directory = field.cloud.directory
    old = slot.volume_id
    volumes = field.volume_client().volumes
    new = volumes.create(1, volume_type=task.destination)
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
    volumes.delete(old)
    _until(lambda: records.volume(directory, old).deleted_at is not None)


class UnfinishedError(Exception):
    """The services themselves did not finish a move."""


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST
    while not done():
        if time.monotonic() > end:
            raise UnfinishedError
        time.sleep(_PAUSE)
