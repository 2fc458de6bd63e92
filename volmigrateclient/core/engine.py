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

"""The engine: carries out one action or many, and owns the clock.

A path is a generator that yields what it waits for (:class:`.move.Wait`).
The engine reads the volumes of all moves in flight with one request per 50
and hands each path its reading, so that a path reads like the sequence of
steps that it is and never sleeps or polls by itself.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import logging
from collections.abc import Collection, Iterable

from volmigrateclient.core import action as action_
from volmigrateclient.core import admission as admission_
from volmigrateclient.core import clock as clock_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import errors, model, paths
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core import reporter as reporter_

LOG = logging.getLogger(__name__)

_SHORTEST, _LONGEST = 0.25, 10.0
#: A poll's interval as a share of the move's age: short moves are seen to
#: end at once, long ones cost little.
_SHARE = 0.08
#: Seconds until the cloud is asked again that did not answer so many times.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
#: Volumes that one read asks for.
_PER_REQUEST = 50
#: Seconds for which a volume that was read ahead is fresh.
_FRESH = 5.0
#: Seconds that a path which was told to stop may take to undo things.
_GRACE = 300.0


@dataclasses.dataclass
class _Flight:
    """A job in the air."""

    job: job_.Job
    move: move_.Move
    steps: move_.Steps
    started_at: float
    wait: move_.Wait
    due: float
    told_to_stop: bool = False
    stopped_at: float = 0.0
    announced: bool = False
    warned: int = 0


class Engine:
    """Carries out jobs, as many at once as their admission allows.

    :param cloud: where the volumes are
    :param reporter: hears what happens
    :param clock: tests bring their own
    :param admission: caps and stop rules; by default one job at a time
    """

    def __init__(
        self,
        cloud: cloud_.Cloud,
        reporter: reporter_.Reporter | None = None,
        clock: clock_.Clock | None = None,
        admission: admission_.Admission | None = None,
    ) -> None:
        self._cloud = cloud
        self._reporter = reporter or reporter_.Reporter()
        self._clock = clock or clock_.Clock()
        self._admission = admission or admission_.Admission()
        self._refusal: str | None = None
        self._interrupted = False
        self._began = 0.0
        self._failures = 0
        self._pending: dict[int, job_.Job] = {}
        self._ahead: dict[str, tuple[model.Volume, float]] = {}

    def refuse(self, reason: str) -> None:
        """Start nothing more, and wait for what is in flight.

        Safe to call from a signal's handler, as is interrupt().

        :param reason: why the jobs that are not started are not
        """
        self._refusal = self._refusal or reason

    def interrupt(self) -> None:
        """Start nothing more; have what is in flight undone or handed over."""
        self.refuse("interrupted")
        self._interrupted = True

    def run(self, jobs: Iterable[job_.Job]) -> list[move_.MoveResult]:
        """Carry out jobs to their ends; a result for each, in their order.

        Never raises for what happens to a single action: that is in its
        result.
        """
        self._pending = dict(enumerate(jobs))
        self._began = self._clock.now()
        flying: dict[int, _Flight] = {}
        results: dict[int, move_.MoveResult] = {}
        try:
            while self._pending or flying:
                self._start(flying, results)
                if not flying:
                    continue
                self._sleep(flying.values())
                for index in self._tick(flying, results):
                    flight = flying.pop(index)
                    self._admission.ended(flight.job, results[index])
        finally:
            for flight in flying.values():
                flight.steps.close()
        return [results[index] for index in sorted(results)]

    def _start(
        self,
        flying: dict[int, _Flight],
        results: dict[int, move_.MoveResult],
    ) -> None:
        """Start every job that may; end those that never will."""
        waiting: collections.Counter[str] = collections.Counter()
        for index, job in list(self._pending.items()):
            reason = self._refusal or self._admission.refusal(job)
            if reason is not None:
                del self._pending[index]
                results[index] = self._not_started(job, reason)
                continue
            cap = self._admission.cap(job)
            if cap is not None:
                waiting[cap] += 1
                if cap == "total":
                    waiting[cap] = len(self._pending) - (
                        waiting.total() - waiting[cap]
                    )
                    break
                continue
            del self._pending[index]
            self._admission.started(job)
            flight = self._take_off(job, index, results)
            if flight is not None:
                flying[index] = flight
            else:
                self._admission.ended(job, results[index])
        self._reporter_says("waiting", waiting)

    def _not_started(self, job: job_.Job, reason: str) -> move_.MoveResult:
        move = move_.Move(
            self._cloud, job.action, job.options, job.volume, seen=job.seen
        )
        result = move_.MoveResult.of(
            move,
            move_.Ending(move_.Outcome.NOT_STARTED, f"not started: {reason}"),
            0.0,
        )
        self._reporter_says("ended", result)
        return result

    def _take_off(
        self, job: job_.Job, index: int, results: dict[int, move_.MoveResult]
    ) -> _Flight | None:
        now = self._clock.now()
        volume, read_at = self._ahead.pop(
            job.action.resource_id, (job.volume, self._began)
        )
        move = move_.Move(
            self._cloud,
            job.action,
            job.options,
            volume=volume if now - read_at < _FRESH else None,
            seen=job.seen,
        )
        flight = _Flight(
            job, move, job.steps(move), now, move_.Wait((), "checking"), now
        )
        ended = self._advance(flight, None)
        if ended is not None:
            results[index] = ended
            return None
        return flight

    def _sleep(self, flights: Collection[_Flight]) -> None:
        """Until one is due, or one has to be told of an interruption."""
        due = min(flight.due for flight in flights)
        # A stop is told once; what undoes then waits like anything else.
        self._clock.sleep(
            due - self._clock.now(),
            lambda: (
                self._interrupted and not all(f.told_to_stop for f in flights)
            ),
        )

    def _tick(
        self,
        flying: dict[int, _Flight],
        results: dict[int, move_.MoveResult],
    ) -> list[int]:
        """Read once for all that are due, and advance them."""
        now = self._clock.now()
        due = {
            index: flight
            for index, flight in flying.items()
            if flight.due <= now or self._is_to_stop(flight, now)
        }
        wanted = {v for f in due.values() for v in f.wait.volumes}
        ahead = self._next_ids(len(wanted))
        signal: errors.HandOver | None = None
        seen: dict[str, model.Volume] = {}
        try:
            if wanted:
                seen = dict(self._cloud.get_volumes(sorted(wanted | ahead)))
                self._failures = 0
        except errors.UnauthorizedError as error:
            signal = errors.LostSight(str(error))
            self.refuse(str(error))
        except errors.CloudError as error:
            # Nothing was changed by a read; look again, a little later.
            self._failures += 1
            self._reporter_says("trouble", f"{error}; asking again")
            pause = _PAUSES[min(self._failures, len(_PAUSES)) - 1]
            for flight in due.values():
                flight.due = now + pause
            due = {i: f for i, f in due.items() if self._is_to_stop(f, now)}
        for volume_id in ahead & seen.keys():
            self._ahead[volume_id] = seen[volume_id], self._clock.now()
        ended = []
        for index, flight in due.items():
            reading = move_.Reading(
                {v: seen[v] for v in flight.wait.volumes if v in seen},
                self._clock.now(),
            )
            result = self._advance(flight, reading, signal)
            if result is not None:
                results[index] = result
                ended.append(index)
        return ended

    def _next_ids(self, wanted: int) -> set[str]:
        """Volumes of the jobs that come next, where a read has room left.

        They are looked at just before their moves anyway; so it costs no
        request of their own.
        """
        if not wanted:
            return set()
        most = min(self._admission.limits.parallel, _PER_REQUEST - wanted)
        return {
            job.action.resource_id
            for job in itertools.islice(
                (j for j in self._pending.values() if j.seen), max(most, 0)
            )
        }

    def _is_to_stop(self, flight: _Flight, now: float) -> bool:
        if flight.told_to_stop:
            return now - flight.stopped_at > _GRACE
        return self._interrupted or now > self._deadline(flight)

    def _deadline(self, flight: _Flight) -> float:
        survey = flight.move.survey
        size = survey.volume.size if survey else 0
        return flight.started_at + flight.move.options.seconds(size)

    def _advance(
        self,
        flight: _Flight,
        reading: move_.Reading | None,
        signal: errors.HandOver | None = None,
    ) -> move_.MoveResult | None:
        """Send a path its reading, or throw it a reason to stop."""
        now = self._clock.now()
        if signal is None and self._is_to_stop(flight, now):
            if flight.told_to_stop:
                flight.steps.close()
                return self._end(
                    flight,
                    move_.Ending(
                        move_.Outcome.UNDECIDED,
                        "what was begun could not be undone in time; see "
                        "'openstack volume watcher-migrate recover'",
                    ),
                )
            signal = (
                errors.Interrupted("interrupted")
                if self._interrupted
                else errors.TimedOut("timed out")
            )
        try:
            if signal is not None:
                if not flight.told_to_stop:
                    flight.told_to_stop, flight.stopped_at = True, now
                flight.wait = flight.steps.throw(signal)
            elif reading is None:
                flight.wait = next(flight.steps)
            else:
                flight.wait = flight.steps.send(reading)
        except StopIteration as stop:
            return self._end(flight, stop.value)
        except errors.HandOver as hand_over:
            return self._end(flight, paths.handed_over(flight.move, hand_over))
        except errors.MigrateError as error:
            if _seen_no_more(flight.move, error):
                # Nor would the jobs that come next see anything.
                self.refuse(str(error))
            return self._end(flight, _ending_of(flight.move, error))
        now = self._clock.now()
        flight.due = now + interval(now - flight.started_at)
        self._report(flight, now)
        return None

    def _report(self, flight: _Flight, now: float) -> None:
        if flight.move.survey is not None and not flight.announced:
            flight.announced = True
            self._reporter_says("started", flight.move)
        for text in flight.move.warnings[flight.warned :]:
            self._reporter_says("warning", flight.move, text)
        flight.warned = len(flight.move.warnings)
        self._reporter_says(
            "phase", flight.move, flight.wait.phase, now - flight.started_at
        )

    def _end(self, flight: _Flight, ending: move_.Ending) -> move_.MoveResult:
        elapsed = self._clock.now() - flight.started_at
        result = move_.MoveResult.of(flight.move, ending, elapsed)
        for text in flight.move.warnings[flight.warned :]:
            self._reporter_says("warning", flight.move, text)
        self._reporter_says("ended", result)
        return result

    def _reporter_says(self, event: str, *details: object) -> None:
        try:
            getattr(self._reporter, event)(*details)
        except BrokenPipeError:
            # Nobody listens any more: the same as if the user had left.
            LOG.debug("the reader of the progress has gone")
            self._reporter = reporter_.Reporter()
            self.interrupt()


def _ending_of(move: move_.Move, error: errors.MigrateError) -> move_.Ending:
    if _seen_no_more(move, error) and move.request_ids:
        # That we see nothing any more is no failure of what Cinder does.
        return paths.handed_over(move, errors.LostSight(str(error)))
    outcome = move_.Outcome.FAILED
    if isinstance(error, errors.RefusedError | errors.ChangedError):
        outcome = move_.Outcome.REFUSED
    elif isinstance(error, errors.QuarantineError):
        outcome = move_.Outcome.UNDECIDED
    return move_.Ending(outcome, str(error))


def _seen_no_more(move: move_.Move, error: errors.MigrateError) -> bool:
    """Whether our credentials are at an end; via Nova there are others."""
    return (
        isinstance(error, errors.UnauthorizedError)
        and move.path is not action_.Path.SWAP_VIA_NOVA
    )


def interval(age: float) -> float:
    """Seconds until the next look at a move of that age."""
    return min(_LONGEST, max(_SHORTEST, age * _SHARE))
