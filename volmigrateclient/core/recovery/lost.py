# SPDX-License-Identifier: Apache-2.0

"""Attachments that Cinder lost at the end of a live move, and their repair.

Cinder has the volume attached to nothing, and Nova's server runs on it
(services.rst, services-lost-attachment). Cinder is had to know the server
again, in steps each of which leaves a state that tells what comes next
(services.rst, services-attach-again); the next live move then gives both
services one attachment.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.model import errors, microversion
from volmigrateclient.core.paths import nova_traceback, retry
from volmigrateclient.core.paths.move import Wait, Waits
from volmigrateclient.core.recovery import next_move

_SEE = "see 'An attachment that Cinder lost' in the documentation"
_HANDS_OFF = "do not reboot, stop or live-migrate the server"
#: As what a volume waits for its attachment: nobody may delete, extend, copy
#: or transfer it then, as all may an available one.
_FREED = "downloading"
#: What a volume is in each of the states that are looked for.
_STATUSES = ("in-use", _FREED, "reserved")
#: How often a step is looked at in vain.
_LOOKS = 4


class Stage(enum.Enum):
    """How far the volume is, by Cinder's record."""

    #: In use, and attached to nothing.
    LOST = "attached to nothing"
    #: Cinder would take an attachment for it.
    FREED = "attached to nothing, and free to be attached"
    #: More attachments than one were made for the server.
    SURPLUS = "attached anew more than once"
    #: An attachment was made for the server, and not completed.
    RESERVED = "reserved for the server"
    #: Cinder has an attachment of its own for the server, Nova another.
    ATTACHED = "attached anew"
    #: Something that no step of the repair leaves.
    OTHER = "not as the repair leaves it"


@dataclasses.dataclass(frozen=True)
class Lost:
    """A volume whose attachment Cinder lost, and what both services say."""

    volume: model.Volume
    #: All that Cinder has, reserved ones too.
    attachments: tuple[model.Attachment, ...]
    #: What the volume was before its move, where Cinder still has that.
    old_copy: model.Volume | None
    #: Those that have it by Nova's record.
    servers: tuple[model.Server, ...]
    #: Nova's record of it, where there is one such server.
    in_nova: model.ServerVolume | None
    #: The swaps of that server since the volume was made.
    swaps: tuple[model.SwapAction, ...]
    block_storage_version: model.Microversion
    #: Moves it live, once it is attached anew; empty where none was found.
    command: str = ""

    kind = "lost attachment"

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.volume.id

    @property
    def source_id(self) -> str:
        """The volume."""
        return self.volume.id

    @property
    def server(self) -> model.Server | None:
        """The one server that has it by Nova's record."""
        return self.servers[0] if len(self.servers) == 1 else None

    @property
    def stage(self) -> Stage:
        """How far it is."""
        status, held = self.volume.status, self.attachments
        if not held:
            return {"in-use": Stage.LOST, _FREED: Stage.FREED}.get(
                status, Stage.OTHER
            )
        if not all(self._ours(one) for one in held):
            return Stage.OTHER
        if len(held) > 1:
            return Stage.SURPLUS if self.surplus else Stage.OTHER
        return {
            ("reserved", "reserved"): Stage.RESERVED,
            ("in-use", "attached"): Stage.ATTACHED,
        }.get((status, held[0].status), Stage.OTHER)

    def _ours(self, attachment: model.Attachment) -> bool:
        """Whether it is of the server, and not the one that Nova knows."""
        return (
            self.server is not None
            and attachment.server_id == self.server.id
            and self.in_nova is not None
            and self.in_nova.attachment_id not in (None, "", attachment.id)
        )

    @property
    def surplus(self) -> tuple[str, ...]:
        """Attachments that are reserved besides the one that stays."""
        _, *others = sorted(
            self.attachments,
            key=lambda one: (one.status != "attached", one.id),
        )
        return tuple(one.id for one in others if one.status == "reserved")

    @property
    def against(self) -> tuple[str, ...]:
        """What speaks against a repair by the API: nothing, if it is safe."""
        return tuple(self._against())

    def _against(self) -> Iterator[str]:
        volume = self.volume
        if volume.migration_status != "success":
            yield f"its migration status is {volume.migration_status}"
        if volume.multiattach:
            yield "it may be attached more than once"
        if volume.encrypted:
            yield "it is encrypted, and cannot be moved live"
        if self.block_storage_version < microversion.ATTACHMENT_MODES:
            yield (
                "Cinder takes microversion "
                f"{self.block_storage_version} at most, and "
                f"{microversion.ATTACHMENT_MODES} is needed"
            )
        if self.old_copy is not None:
            yield (
                f"Cinder still has its old copy {self.old_copy.id} "
                f"({self.old_copy.status})"
            )
        yield from self._against_server()

    def _against_server(self) -> Iterator[str]:
        server = self.server
        if server is None:
            number = len(self.servers) or "no"
            yield f"Nova says that {number} servers have it"
            return
        if not server.state_known:
            yield f"Nova does not answer for the cell of server {server.id}"
            return
        if (server.status, server.task_state, server.power_state) != (
            "ACTIVE",
            None,
            1,
        ):
            task = f", {server.task_state}" if server.task_state else ""
            yield (
                f"server {server.id} is {server.status}{task}, and not "
                "ACTIVE, idle and running"
            )
        if self.in_nova is None or not self.in_nova.attachment_id:
            yield "Nova does not tell by which attachment the server has it"
        yield from self._against_swaps()

    def _against_swaps(self) -> Iterator[str]:
        """Nova's record has to be that of the new storage.

        Its actions do not name their volumes: none may be one that could
        have left the record of the old storage.
        """
        if not any(swap.result == "Success" for swap in self.swaps):
            yield "Nova has no record of a swap that succeeded"
        for swap in self.swaps:
            if swap.result is None:
                yield (
                    f"the server's swap of {swap.started_at} has not ended, "
                    "or was cut off"
                )
            elif swap.result != "Success" and (
                nova_traceback.disk_after(swap) is not nova_traceback.Disk.OLD
            ):
                yield (
                    f"the server's swap of {swap.started_at} failed at a "
                    "point from which Nova's record may be that of the old "
                    "storage"
                )

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the services' records say."""
        volume, nova = self.volume, self.in_nova
        told = [f"{volume.status}, {self.stage.value}"]
        if self.stage is Stage.ATTACHED and nova is not None:
            cinders = self.attachments[0].id
            told = [
                f"attached by Cinder's attachment {cinders}",
                f"and by Nova's {nova.attachment_id}",
            ]
        elif self.server is not None:
            told.append(f"Nova's server {self.server.id} has it")
        return (*told, *self.against)

    @property
    def to_do(self) -> str:
        """What ``recover`` would do about it, for people."""
        if self.stage is Stage.ATTACHED and not self.against:
            return self.move_it
        if self.safe and self.server is not None:
            return (
                f"have Cinder attach it to server {self.server.id} again, "
                "which its guest does not notice; one more live move has to "
                "follow, and is named then"
            )
        if not self.settled:
            return "nothing yet: run recover again in a minute"
        return f"nothing: {_HANDS_OFF}; {_SEE}"

    @property
    def move_it(self) -> str:
        """What is left once Cinder has it attached again."""
        how = self.command or (
            "no destination was found that the checks let pass: free one "
            f"(a pool or a type), and run recover again; {_SEE}"
        )
        return (
            f"{_HANDS_OFF} before the volume was moved live once more, which "
            f"gives both services one attachment: {how}"
        )

    @property
    def safe(self) -> bool:
        """Whether Cinder may be had to attach it again."""
        return not self.against and self.stage not in (
            Stage.ATTACHED,
            Stage.OTHER,
        )

    @property
    def settled(self) -> bool:
        """Whether nobody will change it any more but us or a human.

        As long as Cinder deletes the old copy it may give the attachment
        back: each live move looks so for a moment.
        """
        return self.old_copy is None or self.old_copy.status not in (
            "deleting",
            "in-use",
            "detaching",
        )


def lost_attachments(cloud: Cloud) -> Iterator[Lost]:
    """All of them; only GETs."""
    for status in _STATUSES:
        for volume in cloud.list_volumes(
            status=status, migration_status="success"
        ):
            if volume.lost_attachment or _may_be_anew(cloud, volume):
                found = _gather(cloud, volume)
                if found is not None:
                    yield found


def _may_be_anew(cloud: Cloud, volume: model.Volume) -> bool:
    """Whether Cinder may have it attached otherwise than Nova.

    Nova's own attachments name a host once they are attached. While they are
    reserved, as for a shelved server, Nova knows the same ones.
    """
    if volume.status == "reserved":
        held = tuple(cloud.list_attachments(volume.id))
    else:
        held = tuple(one for one in volume.attachments if one.host is None)
    if not held or held[0].server_id is None:
        return False
    row = _row_in_nova(cloud, held[0].server_id, volume.id)
    return (
        row is not None
        and bool(row.attachment_id)
        and row.attachment_id not in [one.id for one in held]
    )


def _row_in_nova(
    cloud: Cloud, server_id: str, volume_id: str
) -> model.ServerVolume | None:
    try:
        rows = cloud.list_server_volumes(server_id)
    except errors.NotFoundError:
        return None
    return next((row for row in rows if row.volume_id == volume_id), None)


def _gather(cloud: Cloud, volume: model.Volume) -> Lost | None:
    """What the services say of one volume; only GETs.

    The old copy is looked for before the attachments: what Cinder has not
    given back to the volume when the copy is gone is gone, too.

    :returns: None where the volume is gone, or has its attachment
    """
    mark = f"migration src for {volume.id}"
    old = [
        row
        for row in cloud.list_volumes(migration_status="deleting")
        if row.description == mark
    ]
    attachments = tuple(cloud.list_attachments(volume.id))
    now = cloud.get_volumes([volume.id]).get(volume.id)
    if now is None:
        return None
    servers = tuple(cloud.servers_of_volume(now.id, now.project_id))
    row = None
    swaps: tuple[model.SwapAction, ...] = ()
    if len(servers) == 1:
        row = _row_in_nova(cloud, servers[0].id, now.id)
        swaps = tuple(_swaps(cloud, servers[0].id, now.created_at or ""))
    found = Lost(
        now,
        attachments,
        old[0] if old else None,
        servers,
        row,
        swaps,
        cloud.block_storage_version(),
    )
    return None if _agreed(found) else found


def _agreed(found: Lost) -> bool:
    """Whether both services have the same attachment after all."""
    known = found.in_nova.attachment_id if found.in_nova else None
    return bool(known) and known in [one.id for one in found.attachments]


def _swaps(
    cloud: Cloud, server_id: str, since: str
) -> Iterator[model.SwapAction]:
    for one in cloud.list_swaps(server_id):
        if one.started_at >= since:
            swap = cloud.get_swap(server_id, one.request_id)
            if swap is not None:
                yield swap


def job(lost: Lost) -> Job:
    """What the engine is to do about a lost attachment."""
    return Job(
        model.Request(model.Action(lost.volume.id)),
        steps=lambda move: _steps(move, lost),
    )


def _steps(move: paths.Move, before: Lost) -> paths.Steps:
    try:
        now = yield from _attached_again(move.cloud, before)
        now = yield from retry.read(
            lambda: with_command(move.cloud, now), "looking for a destination"
        )
    except errors.StopWaiting as signal:
        return paths.Ending(
            paths.Outcome.INTERRUPTED, f"{signal}; run recover again"
        )
    return paths.Ending(paths.Outcome.DONE, now.move_it, volume=now.volume)


def with_command(cloud: Cloud, lost: Lost) -> Lost:
    """The same with the live move that is left; only GETs."""
    if lost.stage is not Stage.ATTACHED or lost.against:
        return lost
    command = next_move.command(cloud, lost.volume)
    return dataclasses.replace(lost, command=command)


def _attached_again(cloud: Cloud, before: Lost) -> Waits[Lost]:
    """Take one step after the other, each by what is seen then.

    :raises FailedError: what is seen is no longer what was proven
    :raises UndecidedError: somebody else has got the volume meanwhile
    """
    phase = "attaching it again"
    now = yield from _look(cloud, before)
    taken: collections.Counter[Stage] = collections.Counter()
    while now.stage is not Stage.ATTACHED:
        stage = now.stage
        taken[stage] += 1
        if taken[stage] > retry.FEW:
            raise errors.FailedError(
                f"Cinder answered, but the volume stays {now.volume.status}, "
                f"{stage.value}; {_HANDS_OFF}"
            )
        unanswered = None
        try:
            _STEPS[stage](cloud, now)
        except errors.UnansweredError as error:
            unanswered = error
        except errors.CloudError as error:
            # If somebody else was faster, that is what has to be known.
            yield from _look(cloud, before)
            raise errors.FailedError(
                f"{error}. The volume is {now.volume.status}; {_HANDS_OFF}, "
                "and run recover again"
            ) from error
        for _ in range(_LOOKS):
            now = yield from _look(cloud, before)
            if now.stage is not stage:
                break
            yield Wait((), phase)
        else:
            if unanswered is not None and taken[stage] == retry.FEW:
                raise unanswered
    return now


def _look(cloud: Cloud, before: Lost) -> Waits[Lost]:
    """See that it is still the same volume, server and attachment."""
    now = yield from retry.read(
        lambda: _gather(cloud, before.volume), "checking again", retry.FEW
    )
    if now is not None and now.stage is Stage.OTHER:
        others = [
            one for one in now.attachments if one.server_id not in _ids(before)
        ]
        if others:
            raise errors.UndecidedError(
                f"volume {before.volume.id} was attached to "
                f"{others[0].server_id or 'a host'} meanwhile, while server "
                f"{_ids(before)[0]} runs on it: keep the other from writing "
                "to it, and neither detach nor delete anything before both "
                f"hypervisors were looked at; {_SEE}"
            )
    if (
        now is None
        or now.stage is Stage.OTHER
        or now.against
        or _ids(now) != _ids(before)
        or now.in_nova != before.in_nova
    ):
        said = "; ".join(now.against) if now else "Cinder and Nova agree"
        raise errors.FailedError(
            f"it changed meanwhile{said and ': '}{said}; run recover again"
        )
    return now


def _ids(lost: Lost) -> list[str]:
    return [server.id for server in lost.servers]


def _free(cloud: Cloud, lost: Lost) -> None:
    # Its attach_status stays: Cinder deletes no volume that is attached, and
    # "detached" would take along an attachment that came back just now.
    cloud.reset_status(lost.volume.id, _FREED)


def _reserve(cloud: Cloud, lost: Lost) -> None:
    cloud.reserve_attachment(lost.volume.id, _ids(lost)[0])


def _delete_surplus(cloud: Cloud, lost: Lost) -> None:
    for attachment_id in lost.surplus:
        with contextlib.suppress(errors.NotFoundError):
            cloud.delete_attachment(attachment_id)


def _complete(cloud: Cloud, lost: Lost) -> None:
    cloud.complete_attachment(lost.attachments[0].id)


_STEPS: Mapping[Stage, Callable[[Cloud, Lost], None]] = {
    Stage.LOST: _free,
    Stage.FREED: _reserve,
    Stage.SURPLUS: _delete_surplus,
    Stage.RESERVED: _complete,
}
