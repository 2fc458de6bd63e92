# SPDX-License-Identifier: Apache-2.0

"""Whether a move is running, done or failed: pure functions.

Judged from a baseline taken before the request, because an old
``migration_status`` says nothing of the move at hand
(services.rst, services-progress; services.rst, services-move-ended).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from volmigrateclient.core import model
from volmigrateclient.core.cloud.place import Place

#: Seconds for which Cinder's row may look odd before it means something:
#: migration_status passes through null on success
#: (services.rst, services-success-null).
SETTLE = 30.0
#: Seconds after which a null migration_status is none of that flash.
STEADY = 1.0

_PHASES = {
    "starting": "scheduling",
    "migrating": "copying",
    "completing": "completing",
}


class State(enum.Enum):
    """What became of a move so far."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A state, and the phase or the reason behind it."""

    state: State
    text: str = ""


def phase_of(volume: model.Volume) -> str:
    """What Cinder is doing with a volume, in one word for people."""
    status = volume.migration_status or ""
    if status in _PHASES:
        return _PHASES[status]
    return "retyping" if volume.status == "retyping" else volume.status


def of_migration(
    before: model.Volume, now: model.Volume, place: Place, unchanged: float
) -> Verdict:
    """Judge an os-migrate_volume that Cinder has accepted.

    :param before: the volume before the request
    :param place: the pool that was asked for
    :param unchanged: seconds for which the volume has read as it does now
    """
    if now.migration_status in model.MIGRATING:
        return Verdict(State.RUNNING, phase_of(now))
    if _stale(before, now, unchanged):
        return Verdict(State.RUNNING, "waiting for Cinder")
    if now.migration_status == "error":
        return Verdict(
            State.FAILED,
            f"Cinder ended the migration with an error; the volume is on "
            f"{now.host}. {_LOGS}",
        )
    if now.migration_status == "success":
        if not place.holds(now):
            return Verdict(
                State.FAILED,
                f"Cinder moved the volume to {now.host}, not to {place.node}",
            )
        if now.status == "maintenance" and unchanged < SETTLE:
            return Verdict(State.RUNNING, "completing")
        return Verdict(State.DONE)
    if unchanged < SETTLE:
        # The row of a success is saved in two steps; the first has no
        # migration_status and, at first, the old host or the new one.
        return Verdict(State.RUNNING, "completing")
    return Verdict(
        State.UNDECIDED,
        f"migration_status of the volume is {now.migration_status!r} and it "
        f"is {now.status} on {now.host}: somebody reset it, or Cinder was "
        "stopped in the middle",
    )


def of_retype(
    before: model.Volume, now: model.Volume, type_id: str, unchanged: float
) -> Verdict:
    """Judge an os-retype that Cinder has accepted.

    The old type is what a refusal by the scheduler leaves: ``status`` put
    back, ``migration_status`` untouched and no word of it anywhere.
    """
    if now.moving:
        return Verdict(State.RUNNING, phase_of(now))
    if _stale(before, now, unchanged):
        return Verdict(State.RUNNING, "waiting for Cinder")
    settled = now.status in ("available", "in-use")
    if settled and now.type_id == type_id:
        return _of_new_type(before, now, unchanged)
    if settled and now.migration_status == "error" != before.migration_status:
        return Verdict(
            State.FAILED,
            "Cinder ended the retype with an error; the volume keeps type "
            f"{now.type_name}. {_LOGS}",
        )
    if settled:
        return Verdict(
            State.FAILED,
            "Cinder restored the volume without giving a reason; it keeps "
            f"type {now.type_name}. Likely causes: the scheduler found no "
            "pool of the type that is up, enabled, in the volume's "
            "availability zone, has room and takes it by its filter_function, "
            f"or the driver could not retype. {_LOGS}",
        )
    if unchanged < SETTLE:
        return Verdict(State.RUNNING, phase_of(now))
    return Verdict(
        State.UNDECIDED,
        f"the volume stays {now.status} with type {now.type_name} on "
        f"{now.host}",
    )


def _of_new_type(
    before: model.Volume, now: model.Volume, unchanged: float
) -> Verdict:
    """Judge a volume at rest that has the type that was asked for."""
    if now.migration_status == "success":
        return Verdict(State.DONE)
    if now.backend == before.backend or (
        # Another member of the cluster serves it now, at the same place.
        now.cluster_name is not None
        and now.cluster_name == before.cluster_name
    ):
        # In place, or the flash of a copy within the backend: read again.
        if unchanged < STEADY:
            return Verdict(State.RUNNING, "completing")
        return Verdict(State.DONE)
    if unchanged < SETTLE:
        return Verdict(State.RUNNING, "completing")
    # Only a migration takes the data along, and none has succeeded: Cinder
    # wrote another backend into the row, no more
    # (services.rst, services-same-specs).
    return Verdict(
        State.UNDECIDED,
        f"Cinder says that the volume went from {before.host} to {now.host}, "
        f"but its migration_status is {now.migration_status!r}: the data may "
        "still be where it was. Do not attach, migrate or delete the volume "
        "before you have compared it on both backends",
    )


def _stale(before: model.Volume, now: model.Volume, unchanged: float) -> bool:
    """Whether a reading is from before the request.

    Cinder changes the row before it answers 202, but a read replica of its
    database may still show the past
    (services.rst, services-read-replica).
    """
    return now == before and unchanged < SETTLE


_LOGS = "The reason is only in the logs of cinder-scheduler and cinder-volume"


def unexpected_changes(
    before: model.Volume, after: model.Volume
) -> tuple[str, ...]:
    """What a move that Cinder leads must keep, and this one did not."""
    kept: tuple[str, ...] = (
        "name",
        "description",
        "project_id",
        "size",
        "bootable",
        "metadata",
        "group_id",
    )
    if before.type_id == after.type_id:
        # Else the type that was asked for says whether it is.
        kept += ("encrypted",)
    changes = [
        f"{field} was {getattr(before, field)!r}, is {getattr(after, field)!r}"
        for field in kept
        if getattr(before, field) != getattr(after, field)
    ]
    if before.availability_zone != after.availability_zone:
        changes.append(
            f"the availability zone was {before.availability_zone}, is "
            f"{after.availability_zone}"
        )
    return tuple(changes)


def attachments_kept(
    before: model.Volume,
    after: model.Volume,
    server_volumes: Mapping[str, model.ServerVolume | None],
) -> str:
    """What is wrong with the attachments after a live move, or ''.

    :param server_volumes: what Nova says of the volume, by server ID; None
        is a server that does not list it. Where Nova does not tell Cinder's
        attachment, that the server lists the volume is all that is compared.
    """
    servers, now = _server_ids(before), _server_ids(after)
    if now != servers:
        in_nova = ", ".join(_in_nova(one) for one in server_volumes.values())
        return (
            f"Cinder had the volume attached to {', '.join(servers)}, now to "
            f"{', '.join(now) or 'nothing'}; Nova has attachment {in_nova}"
        )
    for attachment in after.attachments:
        if attachment.server_id is None:
            continue
        row = server_volumes.get(attachment.server_id)
        told = row is None or row.attachment_id is not None
        if told and _in_nova(row) != attachment.id:
            return (
                f"Nova has attachment {_in_nova(row)} of server "
                f"{attachment.server_id}, Cinder {attachment.id}"
            )
    return ""


def _in_nova(row: model.ServerVolume | None) -> str:
    if row is None or row.attachment_id == "":
        return "none"
    return row.attachment_id or "not told"


def _server_ids(volume: model.Volume) -> list[str]:
    return sorted(a.server_id or "a host" for a in volume.attachments)
