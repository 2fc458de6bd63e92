# SPDX-License-Identifier: Apache-2.0

"""An action on its way: what a path needs, waits for and ends with."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Generator, Mapping

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import model
from volmigrateclient.core import survey as survey_
from volmigrateclient.core.planning import plan


class Outcome(enum.Enum):
    """How an action ended, in the words that users read."""

    DONE = "done"
    ALREADY_THERE = "already there"
    ACCEPTED = "accepted"
    REFUSED = "blocked"
    FAILED = "failed"
    STILL_RUNNING = "still running"
    INTERRUPTED = "interrupted"
    UNDECIDED = "undecided"
    NOT_STARTED = "not started"

    @property
    def success(self) -> bool:
        """Whether the user got what was asked for."""
        return self in (Outcome.DONE, Outcome.ALREADY_THERE, Outcome.ACCEPTED)


@dataclasses.dataclass(frozen=True)
class Wait:
    """What a path waits for: the next reading of some volumes.

    No volumes: just for a while. ``phase`` is what is going on meanwhile,
    in a word or two for people. ``closely`` is whether it may come at any
    moment and may be looked at as often as one likes; a path that counts
    its looks wants them a while apart. ``holds`` is whether the caps still
    count the move; not once only the old copy is left to be deleted.
    """

    volumes: tuple[str, ...]
    phase: str
    closely: bool = False
    holds: bool = True


@dataclasses.dataclass(frozen=True)
class Reading:
    """What the engine read: volumes by ID, and when on its clock (s)."""

    volumes: Mapping[str, model.Volume]
    at: float


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a path ended.

    :param reason: why it is not done, or what is to be known; for users
    :param volume: what was seen of the volume last; via Nova, the new one
    """

    outcome: Outcome
    reason: str = ""
    volume: model.Volume | None = None


#: A path at work: it yields what it waits for and is sent the reading. The
#: engine may throw a :class:`.errors.HandOver` into it instead.
Steps = Generator[Wait, Reading, Ending]


@dataclasses.dataclass
class Move:
    """One action at work, from its first look to its end.

    ``survey`` is None until the volume was looked at; ``latest`` is what was
    read of it last since it was told to move. ``under_way`` is
    whether something may go on in the cloud, begun by us or before us, that
    does not end when we stop to follow it. ``request_ids`` are
    those of the writes, for the services' logs. ``seen`` is what a plan saw
    of the volume.
    """

    cloud: cloud_.Cloud
    action: action_.Action
    options: action_.Options
    volume: model.Volume | None = None
    survey: survey_.Survey | None = None
    latest: model.Volume | None = None
    seen: plan.Seen | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)
    request_ids: list[str] = dataclasses.field(default_factory=list)
    under_way: bool = False

    @property
    def path(self) -> action_.Path:
        """How the action is carried out."""
        return action_.path_of(self.action, self.options)

    @property
    def before(self) -> survey_.Survey:
        """The survey, once taken."""
        if self.survey is None:
            raise RuntimeError("the volume was not looked at yet")
        return self.survey

    def asked(self, request_id: str) -> None:
        """Note that a service was asked to move the volume.

        :param request_id: empty where no answer, or no header, gave it
        """
        self.under_way = True
        if request_id:
            self.request_ids.append(request_id)

    def warn(self, text: str) -> None:
        """Keep something that the user has to know of."""
        self.warnings.append(text)


@dataclasses.dataclass(frozen=True)
class MoveResult:
    """An action, its end, and what the volume was and is.

    :param new_volume_id: another than ``volume_id`` only via Nova
    :param size: GiB
    :param elapsed: seconds since the action was started
    """

    action: action_.Action
    path: action_.Path
    outcome: Outcome
    reason: str = ""
    volume_id: str = ""
    volume_name: str = ""
    project_id: str = ""
    source_node: str | None = None
    destination_node: str | None = None
    source_type: str | None = None
    destination_type: str | None = None
    server_id: str | None = None
    new_volume_id: str = ""
    size: int = 0
    elapsed: float = 0.0
    request_ids: tuple[str, ...] = ()
    under_way: bool = False
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, move: Move, ending: Ending, elapsed: float) -> MoveResult:
        """The result of a move that ended."""
        before = move.survey.volume if move.survey else move.volume
        common = cls(
            action=move.action,
            path=move.path,
            outcome=ending.outcome,
            reason=ending.reason,
            elapsed=elapsed,
            request_ids=tuple(move.request_ids),
            under_way=move.under_way,
            warnings=tuple(move.warnings),
        )
        if before is None:
            seen = move.seen or plan.Seen()
            return dataclasses.replace(
                common,
                volume_id=move.action.resource_id if move.seen else "",
                volume_name=seen.name or "",
                project_id=seen.project_id or "",
                source_node=seen.host,
                source_type=seen.type,
                server_id=next(iter(seen.server_ids or ()), None),
                size=seen.size or 0,
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
            new_volume_id=after.id,
            size=before.size,
        )
