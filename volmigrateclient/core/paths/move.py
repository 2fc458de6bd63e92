# SPDX-License-Identifier: Apache-2.0

"""The contract between a path and the engine that drives it.

A path is a generator. It reads like the steps that it takes: it sends its
own requests, and wherever it has to wait it yields a :class:`Wait` that
names the volumes whose next reading it wants. The engine owns the clock:
it reads the volumes of all moves together, sends each path its
:class:`Reading`, and so a path never sleeps and never polls. When a path
returns, its :class:`Ending` is the move's. A path that waits for a volume
to become available, and gives up when it is in error::

    def steps(move: Move) -> Steps:
        volume_id = move.before.volume.id
        while True:
            reading = yield Wait((volume_id,), "waiting for the volume")
            volume = reading.volumes.get(volume_id)
            if volume is None:
                raise errors.FailedError("the volume was deleted")
            if volume.status == "available":
                return Ending(Outcome.DONE, volume=volume)
            if volume.status == "error":
                raise errors.FailedError("the volume is in error")

Instead of a reading the engine may throw one :class:`.errors.StopWaiting`
into the path: the time is over, the user interrupted, or the credentials
expired. The path then undoes what it made, as far as nothing can be lost,
and returns or lets the exception pass; what it yields meanwhile is served as
before, for a while. Any :class:`.errors.MigrateError` that leaves a path is
the reason why the move ended.
"""

from __future__ import annotations

import dataclasses
import enum
import typing
from collections.abc import Generator, Mapping

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud, Survey
from volmigrateclient.core.cloud.place import Place


class Outcome(enum.Enum):
    """How an action ended, in the words that users read."""

    #: The volume is where and what it was to be: verified after the move.
    DONE = "done"
    #: It was so before; nothing was asked of the cloud.
    ALREADY_THERE = "already there"
    #: A plan's volume that was deleted since: there is nothing to move.
    GONE = "gone"
    #: Cinder accepted the request and nobody waited (``wait=False``).
    ACCEPTED = "accepted"
    #: A precondition does not hold; nothing was changed.
    BLOCKED = "blocked"
    #: It was started, or could not be, and the volume is not as asked for.
    FAILED = "failed"
    #: The time to wait is over; the cloud goes on with the move.
    STILL_RUNNING = "still running"
    #: The user interrupted; see ``under_way`` for whether the cloud goes on.
    INTERRUPTED = "interrupted"
    #: What became of the volume cannot be told; a human has to look.
    UNDECIDED = "undecided"
    #: A cap, a stop rule, a window or an interruption came first.
    NOT_STARTED = "not started"

    @property
    def success(self) -> bool:
        """Whether the user got what was asked for."""
        return self in (
            Outcome.DONE,
            Outcome.ALREADY_THERE,
            Outcome.GONE,
            Outcome.ACCEPTED,
        )


@dataclasses.dataclass(frozen=True)
class Wait:
    """What a path waits for: the next reading of some volumes."""

    #: IDs of the volumes to read; none is to wait just for a while.
    volumes: tuple[str, ...]
    #: What is going on meanwhile, in a word or two for people.
    phase: str
    #: Whether it may come at any moment and may be read as often as one
    #: likes; a path that counts its readings wants them a while apart.
    poll_fast: bool = False
    #: Whether the caps still count the move: not once only the old copy is
    #: left to be deleted.
    holds_slot: bool = True


@dataclasses.dataclass(frozen=True)
class Reading:
    """What the engine read for a path."""

    #: Those of the volumes that exist, by ID.
    volumes: Mapping[str, model.Volume]
    #: When, in seconds of the engine's clock.
    at: float


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a path ended."""

    outcome: Outcome
    #: Why it is not done, or what is to be known; for users.
    reason: str = ""
    #: The volume as it was read last; via Nova, the new one.
    volume: model.Volume | None = None
    #: The checks that refused it.
    blockers: tuple[model.Check, ...] = ()


_T = typing.TypeVar("_T")

#: Part of a path that gives something: ``found = yield from part()``.
Waits = Generator[Wait, Reading, _T]
#: A path at work: it yields what it waits for and is sent the reading.
Steps = Waits[Ending]


@dataclasses.dataclass
class Move:
    """One request at work, from its first check to its end."""

    cloud: Cloud
    request: model.Request
    #: The volume, where it was read before its survey.
    volume: model.Volume | None = None
    #: What a plan recorded of the volume; None outside a plan.
    planned: model.PlannedVolume | None = None
    #: None until it was taken.
    survey: Survey | None = None
    #: The volume as it was read last since it was told to move.
    latest: model.Volume | None = None
    #: What the user has to be aware of, in the order of its finding.
    warnings: list[str] = dataclasses.field(default_factory=list)
    #: Those of the requests that move the volume, for the services' logs.
    request_ids: list[str] = dataclasses.field(default_factory=list)
    #: Whether something may go on in the cloud, begun by us or before us,
    #: that does not end when we stop waiting for it.
    under_way: bool = False
    #: Whether anything was read that only a copy by Cinder leaves.
    copy_seen: bool = False
    #: Who moved the data; empty until that is known.
    moved_by: str = ""

    @property
    def action(self) -> model.Action:
        """What is to become of the volume."""
        return self.request.action

    @property
    def options(self) -> model.Options:
        """How it is to be carried out."""
        return self.request.options

    @property
    def before(self) -> Survey:
        """The survey, once taken: the volume as it was before the move."""
        if self.survey is None:
            raise RuntimeError("the volume was not surveyed yet")
        return self.survey

    @property
    def destination_type(self) -> model.VolumeType:
        """The type that is asked for; the checks have seen that it exists."""
        found = self.before.destination_type
        if found is None:
            raise RuntimeError("the checks let an unknown type pass")
        return found

    @property
    def destination_node(self) -> str:
        """The pool that is asked for; the checks have seen that one is."""
        node = self.action.destination_node
        if node is None:
            raise RuntimeError("the checks let a missing pool pass")
        return node

    @property
    def destination(self) -> Place:
        """The pool that is asked for, under all of its names."""
        place = self.before.place(self.destination_node)
        if place is None:
            raise RuntimeError("the checks let a missing pool pass")
        return place

    @property
    def server_id(self) -> str:
        """The server of a live move; the checks have seen that it is one."""
        for attachment in self.before.volume.attachments:
            if attachment.server_id is not None:
                return attachment.server_id
        raise RuntimeError("the checks let a detached volume pass")

    def request_sent(self, request_id: str) -> None:
        """Note that a service was asked to move the volume.

        :param request_id: empty where no answer, or no header, gave it
        """
        self.under_way = True
        if request_id:
            self.request_ids.append(request_id)

    def warn(self, text: str) -> None:
        """Keep something that the user has to be aware of."""
        self.warnings.append(text)


@dataclasses.dataclass(frozen=True)
class MoveResult:
    """An action, its end, and what the volume was and is."""

    #: The action as it was given.
    action: model.Action
    #: The path that carried it out, or would have.
    path: model.Path
    #: How it ended.
    outcome: Outcome
    #: Why it is not done, or what is to be known; empty where nothing is.
    reason: str = ""
    #: Empty where the name or ID led to no volume.
    volume_id: str = ""
    #: As it was before the move: a tenant's text.
    volume_name: str = ""
    #: Of the volume; empty where it is not known.
    project_id: str = ""
    #: The pool before the move; None where it is not known.
    source_node: str | None = None
    #: The pool after it, as read last; None where it is not known.
    destination_node: str | None = None
    #: Name of the type before the move; None is no type, or not known.
    source_type: str | None = None
    #: Name of the type after it, as read last; None is no type, or not known.
    destination_type: str | None = None
    #: The server that the volume was attached to; None is none.
    server_id: str | None = None
    #: Its name: a tenant's text; empty where it is not known.
    server_name: str = ""
    #: Another than ``volume_id`` only after a swap via Nova.
    new_volume_id: str = ""
    #: By which the storage knows the volume; None where that is its ID.
    name_id: str | None = None
    #: Who moved the data, for people; empty where nothing was moved, or it is
    #: not known.
    moved_by: str = ""
    #: GiB; 0 where it is not known.
    size: int = 0
    #: Seconds since the action was started; 0 where it never was.
    elapsed: float = 0.0
    #: How many of these until the volume was where it was to go; then the
    #: caps counted it no longer, and only its old copy was left.
    moving: float = 0.0
    #: Of the requests that moved the volume, for the services' logs.
    request_ids: tuple[str, ...] = ()
    #: Whether the cloud may still be working on it.
    under_way: bool = False
    #: What the user has to be aware of.
    warnings: tuple[str, ...] = ()
    #: The checks that refused it.
    blockers: tuple[model.Check, ...] = ()

    @property
    def detail(self) -> str:
        """The reason, to be read after the outcome's own word."""
        word = self.outcome.value
        if not self.reason.startswith(word):
            return self.reason
        return self.reason.removeprefix(word).lstrip(";: ")

    @property
    def sentence(self) -> str:
        """How it ended and why, no word twice."""
        return ": ".join(filter(None, (self.outcome.value, self.detail)))

    @classmethod
    def of(
        cls,
        move: Move,
        ending: Ending,
        elapsed: float,
        moving: float | None = None,
    ) -> MoveResult:
        """The result of a move that ended.

        :param moving: None is all of the time that elapsed
        """
        before = move.survey.volume if move.survey else move.volume
        reason = ending.reason
        if move.request_ids and "logs of" in reason:
            # By this it is found in there.
            reason += f" (request {', '.join(move.request_ids)})"
        common = cls(
            action=move.action,
            path=move.request.path,
            outcome=ending.outcome,
            reason=reason,
            elapsed=elapsed,
            moving=elapsed if moving is None else moving,
            request_ids=tuple(move.request_ids),
            under_way=move.under_way,
            warnings=tuple(move.warnings),
            moved_by=move.moved_by,
            blockers=ending.blockers,
        )
        if before is None:
            planned = move.planned or model.PlannedVolume()
            return dataclasses.replace(
                common,
                volume_id=move.action.resource_id if move.planned else "",
                volume_name=planned.name or "",
                project_id=planned.project_id or "",
                source_node=planned.host,
                source_type=planned.type,
                server_id=next(iter(planned.server_ids or ()), None),
                size=planned.size or 0,
            )
        # A move that failed may have moved the volume all the same.
        after = ending.volume or move.latest or before
        return dataclasses.replace(
            common,
            volume_id=before.id,
            volume_name=before.name,
            project_id=before.project_id,
            source_node=before.host,
            destination_node=after.host,
            source_type=before.type_name,
            destination_type=after.type_name,
            server_id=next(
                (a.server_id for a in before.attachments if a.server_id), None
            ),
            server_name=next((s.name or "" for s in move.survey.servers), "")
            if move.survey
            else "",
            new_volume_id=after.id,
            name_id=after.name_id,
            size=before.size,
        )
