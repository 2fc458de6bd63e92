# SPDX-License-Identifier: Apache-2.0

"""How long a plan will take: an estimate, and what it rests on.

The moves are played through on a clock that only this module turns, by the
very rules by which the engine starts them: its queue, its caps, its windows.
How long each takes is what moves like it took before.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import heapq
import itertools
import math
from collections.abc import Mapping, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.pace import Expected, Pace
from volmigrateclient.core.engine.queue import Queue
from volmigrateclient.core.engine.servers import BusyServers
from volmigrateclient.core.engine.window import Window, about, local_now
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.planner import Outlook, Readiness


@dataclasses.dataclass(frozen=True)
class Expectation:
    """One move, as it is expected.

    :param starts: seconds from the beginning, of a clock on a wall; None
        where it is not expected to be started
    :param seconds: how long it takes
    :param reason: why it is not expected to be started
    """

    starts: float | None
    seconds: float
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What is expected of a plan.

    :param moves: by volume
    :param begins: when it all begins
    :param seconds: until the last move has ended, nights between windows
        included
    :param gib: of all moves that are expected to be started
    :param parallel: how many moves at once it was played through with
    :param basis: what it rests on, for people
    """

    moves: Mapping[str, Expectation]
    begins: datetime.datetime
    seconds: float
    gib: int
    parallel: int
    basis: str

    @property
    def ends(self) -> datetime.datetime:
        """When the last move is expected to end."""
        return self.begins + datetime.timedelta(seconds=self.seconds)

    def starts_of(self, volume_id: str) -> datetime.datetime | None:
        """When a move is expected to start, in local time; None is never."""
        starts = self.moves[volume_id].starts
        if starts is None:
            return None
        moment = self.begins + datetime.timedelta(seconds=starts)
        return moment.astimezone()

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many moves are not expected to be started, by the reason."""
        return collections.Counter(
            _briefly(one.reason)
            for one in self.moves.values()
            if one.starts is None
        )

    @property
    def sentences(self) -> list[str]:
        """For people; always called an estimate, with its basis."""
        left = self.left_out
        total = len(self.moves)
        count = total - sum(left.values())
        told = []
        if count:
            ends = self.ends.astimezone()
            begins = self.begins.astimezone()
            day = "" if ends.date() == begins.date() else "%a "
            told.append(
                f"estimate: {count} move{'' if count == 1 else 's'}, "
                f"{self.gib} GiB, take about {about(self.seconds)}, until "
                f"{ends:{day}%H:%M} ({self.parallel} at once; from "
                f"{self.basis})"
            )
        told += [
            f"estimate: {reason}: {number} of {total} "
            f"volume{'' if total == 1 else 's'}"
            for reason, number in left.items()
        ]
        return told

    def hindsight(self, seconds: float) -> str:
        """How good it was, for people, once it is over.

        :param seconds: that it really took
        """
        text = (
            f"took {about(seconds)}; the estimate was {about(self.seconds)} "
            f"(from {self.basis})"
        )
        if not seconds:
            return text
        ratio = self.seconds / seconds
        if ratio >= 2:
            return f"{text}: {ratio:.0f} times as long"
        side = "too long" if ratio > 1 else "too short"
        return f"{text}: {abs(ratio - 1) * 100:.0f} % {side}"


def _briefly(reason: str) -> str:
    """Why a move is left out, the same for all that are alike."""
    text = reason.partition(":")[0] if "window" in reason else reason
    for long, short in (
        ("not expected to end by", "does not fit before"),
        ("not expected to end within", "does not fit into"),
    ):
        text = text.replace(long, short)
    return text


def of_outlook(
    outlook: Outlook, order: Order, admission: Admission
) -> Forecast:
    """How long the moves take of a plan that was judged.

    Those that are blocked are left out: they are not expected to move.

    :param order: in which they are started
    :param admission: by whose caps, windows and pace
    """
    jobs = [
        Job(
            model.Request(one.action, model.Options(unattended=True)),
            volume=one.volume,
        )
        for one in outlook.assessments
        if one.readiness in (Readiness.READY, Readiness.MOVING)
    ]
    return forecast(
        order.apply(jobs, lambda job: job.size),
        admission.limits,
        admission.pace,
        admission.window,
    )


def forecast(
    jobs: Sequence[Job],
    limits: Limits,
    pace: Pace,
    window: Window | None = None,
    begins: datetime.datetime | None = None,
) -> Forecast:
    """Play moves through.

    :param jobs: in the order in which they stand in the plan
    :param begins: when; by default now
    """
    at = begins or local_now()
    play = _Play(jobs, limits, pace, window or Window(), at)
    play.run()
    return Forecast(
        play.moves,
        at,
        play.last_end,
        sum(
            job.size
            for job in jobs
            if play.moves[job.volume_id].starts is not None
        ),
        limits.parallel,
        _basis(jobs, pace),
    )


def _basis(jobs: Sequence[Job], pace: Pace) -> str:
    strange = sum(not pace.knows_route(job) for job in jobs)
    if not pace.moves or not strange:
        return pace.basis
    how = "all" if strange == len(jobs) else f"{strange} of {len(jobs)}"
    return f"{pace.basis}, few or none of them on the routes of {how}"


class _Play:
    """Moves that are played through: an engine without a cloud."""

    def __init__(
        self,
        jobs: Sequence[Job],
        limits: Limits,
        pace: Pace,
        window: Window,
        begins: datetime.datetime,
    ) -> None:
        self._now = 0.0
        self._begins = begins
        self._pace = pace
        # What is played is learnt from as well, but by nobody else; nor does
        # it keep servers busy.
        self._admission = Admission(
            limits,
            window.by(self._wall_clock),
            pace.copy(),
            servers=BusyServers(),
        )
        self._queue = Queue(jobs, self._admission)
        self._numbers = itertools.count()
        #: What happens when: a volume is moved, then nothing is left of it.
        self._coming: list[tuple[float, int, Job, float | None]] = []
        self.moves: dict[str, Expectation] = {}
        self.last_end = 0.0

    def _wall_clock(self) -> datetime.datetime:
        return self._begins + datetime.timedelta(seconds=self._now)

    def run(self) -> None:
        """Until nothing is left."""
        while True:
            self._start()
            if self._coming:
                self._go_on()
            elif self._queue and math.isfinite(
                opens := self._admission.resumes_in()
            ):
                self._now += opens
            else:
                break
        for _, job in self._queue.drain():
            self._leave_out(job, "not expected to be started")

    def _start(self) -> None:
        while taken := self._queue.take():
            _, job = taken
            expected = self._pace.expected(job)
            reason = self._admission.refusal(job)
            if reason is not None:
                self._leave_out(job, reason)
                continue
            self._admission.started(job)
            self.moves[job.volume_id] = Expectation(
                self._now, expected.seconds
            )
            self._comes(expected.moving, job, expected.seconds)

    def _comes(self, after: float, job: Job, seconds: float | None) -> None:
        heapq.heappush(
            self._coming,
            (self._now + after, next(self._numbers), job, seconds),
        )

    def _go_on(self) -> None:
        """To what happens next, or to a window that opens before that."""
        at, _, job, seconds = self._coming[0]
        opens = self._now + self._admission.resumes_in()
        if opens < at and self._queue.held:
            self._now = opens
            return
        heapq.heappop(self._coming)
        self._now = at
        if seconds is not None:
            self._admission.moved(job)
            began = self.moves[job.volume_id].starts or 0.0
            self._comes(max(0.0, began + seconds - at), job, None)
            return
        self.last_end = self._now
        self._admission.ended(job, _result(job, self._pace.expected(job)))

    def _leave_out(self, job: Job, reason: str) -> None:
        seconds = self._pace.expected(job).seconds
        self.moves[job.volume_id] = Expectation(None, seconds, reason)


def _result(job: Job, expected: Expected) -> paths.MoveResult:
    return paths.MoveResult(
        job.request.action,
        job.request.path,
        paths.Outcome.DONE,
        size=job.size,
        elapsed=expected.seconds,
        moving=expected.moving,
    )
