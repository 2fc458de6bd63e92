# SPDX-License-Identifier: Apache-2.0

"""Which of many jobs may start, and when: caps, stop rules, a window.

There is no limit to the bandwidth of a live copy, so these caps are the
only throttle that an admin has.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import math
from collections.abc import Callable, Sequence

from volmigrateclient.core import paths
from volmigrateclient.core.engine import servers as servers_
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.core.engine.job import Job, Route
from volmigrateclient.core.engine.pace import Pace, Sample
from volmigrateclient.core.engine.rests import Rests
from volmigrateclient.core.engine.window import Window


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much may go on, and when no more is started; None is no limit.

    One move per server always holds: Nova fails two swaps at once.

    :param parallel: moves at once, in all
    :param per_source: moves at once from one pool
    :param per_destination: moves at once to one pool, or to one type
    :param failures: so many failed moves, and nothing more is started
    :param failures_per_route: so many failed moves from one pool to another
        (or to one type), and nothing more is started there
    """

    parallel: int = 1
    per_source: int | None = None
    per_destination: int | None = None
    failures: int | None = None
    failures_per_route: int | None = None


#: What everything waits for while it is paused: the word that ends it.
PAUSED = "resume"

#: What a route waits for while a service does not answer.
SERVICE = "service"

#: Ends after which Cinder may still be at it; such a move keeps its place
#: under the caps, which else would not hold.
_GOES_ON = (paths.Outcome.STILL_RUNNING, paths.Outcome.INTERRUPTED)

_FAILED = (
    paths.Outcome.FAILED,
    paths.Outcome.UNDECIDED,
    paths.Outcome.STILL_RUNNING,
)


class Admission:
    """Counts what is in flight and what has failed.

    Engines that are given the same one, in whatever threads, keep its caps
    and its stop rules together. That no server has two moves holds among
    all engines of a process, whichever admission they have.

    :param window: when moves may start; by default always
    :param pace: how long they take; by default nothing is known of it
    :param servers: those that are busy; by default all of this process
    :ivar limits: may be replaced at any time, and so may ``paused``: what is
        in flight is never touched
    :ivar paused: whether nothing is to be started for now
    :ivar lock: to be held from the choice of a job until it has started;
        re-entrant
    """

    def __init__(
        self,
        limits: Limits | None = None,
        window: Window | None = None,
        pace: Pace | None = None,
        servers: servers_.BusyServers | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.paused = False
        self.window = window or Window()
        self.pace = pace or Pace()
        self._servers = (
            servers_.OF_THIS_PROCESS if servers is None else servers
        )
        self.lock = self._servers.lock
        self.durations = Durations()
        self.rests = Rests()
        self._running: collections.Counter[str] = collections.Counter()
        # The jobs themselves, so that no other can get their identity.
        self._moving: dict[int, Job] = {}
        self._trailing: dict[int, Job] = {}
        self._left: dict[int, Job] = {}
        self._failed: collections.Counter[Route] = collections.Counter()
        self._failures = 0

    def refusal(self, job: Job) -> str | None:
        """Why a job is not to be started any more, or None."""
        if job.under_way:
            return None  # nothing is started: it is only waited for
        limits = self.limits
        if limits.failures and self._failures >= limits.failures:
            return f"{_moves(self._failures)} failed"
        failed = self._failed[job.route]
        if limits.failures_per_route and failed >= limits.failures_per_route:
            source, destination = job.route
            return f"{_moves(failed)} from {source} to {destination} failed"
        if not self.window.restricts:
            return None
        return self.window.refusal(self.pace.at_most(job))

    @property
    def hold(self) -> str | None:
        """What keeps every job waiting that is no cap, or None.

        It ends by itself or by somebody's word, not by a move's end.
        """
        return PAUSED if self.paused else self.window.closed

    def resumes_in(self) -> float:
        """Seconds until more may start though no move ends.

        Infinite where that takes somebody's word.
        """
        if self.paused:
            return math.inf
        opening = self.window.next_opening()
        return math.inf if opening is None else opening

    @property
    def cap(self) -> str | None:
        """What keeps every job waiting now, or None."""
        hold = self.hold
        if hold is not None:
            return hold
        if len(self._moving) >= self.limits.parallel:
            return "total"
        if len(self._trailing) >= self.limits.parallel:
            # Else a backend that is slow to delete would be buried.
            return "old copies"
        return None

    def cap_of_route(self, route: Route) -> str | None:
        """What keeps all jobs of a route waiting now, or None."""
        if self.rests.holds(route):
            return SERVICE
        limits = self.limits
        for label, most in zip(
            _labels(route),
            (limits.per_source, limits.per_destination),
            strict=True,
        ):
            if most and self._running[label] >= most:
                return label
        return None

    def cap_of_job(self, job: Job) -> str | None:
        """What keeps a job waiting now, or None.

        That is a busy server, or the end of a window that is too near.
        """
        for server_id in job.server_ids:
            if server_id in self._servers:
                return f"server {server_id}"
        return self.window_of(job)

    def window_of(self, job: Job) -> str | None:
        """The next window, where a job does not fit into this one."""
        if not self.window.recurs:
            return None
        return self.window.wait(self.pace.at_most(job))

    @property
    def freed(self) -> int:
        """Grows whenever there may be room that was not there before."""
        return self._servers.freed

    def heard(
        self, ring: Callable[[], None]
    ) -> contextlib.AbstractContextManager[None]:
        """Within it, an engine is told when there may be room."""
        return self._servers.heard(ring)

    @property
    def followed(self) -> bool:
        """Whether an engine will notice when what holds a cap has ended."""
        with self.lock:
            moving = self._moving.keys() | self._trailing.keys()
            return bool(moving - self._left.keys()) or self._servers.followed

    @property
    def left(self) -> Sequence[Job]:
        """Jobs that hold a cap and whose ends nobody will notice."""
        with self.lock:
            servers = {id(job): job for job in self._servers.left}
            return tuple((self._left | servers).values())

    def starts_within(self, seconds: float) -> int:
        """How many jobs are likely to be started in so many seconds."""
        typical = self.durations.recent or seconds
        return math.ceil(self.limits.parallel * max(seconds / typical, 1.0))

    def started(self, job: Job) -> None:
        """A job is in flight."""
        with self.lock:
            self._moving[id(job)] = job
            self._running.update(_labels(job.route))
            self._servers.take(job)

    def moved(self, job: Job) -> bool:
        """A job's volume is where it was to go; what is left is to tidy.

        :returns: whether that is news, and makes room for others
        """
        with self.lock:
            if id(job) not in self._moving:
                return False
            self.release(job)
            self._trailing[id(job)] = job
            return True

    def put_back(self, job: Job) -> None:
        """A job was not begun after all, and waits again."""
        self.release(job)

    def ended(self, job: Job, result: paths.MoveResult) -> None:
        """A job is no longer in flight, or no longer followed."""
        with self.lock:
            self._trailing.pop(id(job), None)
            if result.outcome in _GOES_ON and result.under_way:
                self.leave(job)
            else:
                self.release(job)
            if result.outcome is paths.Outcome.DONE:
                self.durations.note(result.size, result.elapsed)
                self.pace.note(Sample.of(job, result.elapsed, result.moving))
            if result.outcome in _FAILED:
                self._failures += 1
                self._failed[job.route] += 1

    def leave(self, job: Job) -> None:
        """Nobody follows a job any more; until its end it holds its caps."""
        with self.lock:
            self._trailing.pop(id(job), None)
            if id(job) in self._moving:
                self._left[id(job)] = job
                self._servers.leave(job)

    def release(self, job: Job) -> None:
        """A job holds no cap any more; also one that another one left."""
        with self.lock:
            self._left.pop(id(job), None)
            self._servers.release(job)
            if self._moving.pop(id(job), None) is not None:
                self._running.subtract(_labels(job.route))


def _moves(number: int) -> str:
    return f"{number} move{'s' if number > 1 else ''}"


def _labels(route: Route) -> tuple[str, str]:
    source, destination = route
    return f"source {source}", f"destination {destination}"
