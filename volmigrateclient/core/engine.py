# SPDX-License-Identifier: Apache-2.0

"""The engine: carries out one action or many, and owns the clock.

A path is a generator that yields what it waits for (:class:`.move.Wait`).
The engine reads the volumes of all moves in flight with one request per 50
and hands each path its reading, so that a path reads like the sequence of
steps that it is and never sleeps or polls by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from volmigrateclient.core import admission as admission_
from volmigrateclient.core import clock as clock_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import errors, model, pace, waiting
from volmigrateclient.core import flight as flight_
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core import reporter as reporter_

LOG = logging.getLogger(__name__)

#: Seconds until the cloud is asked again that did not answer so many times.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
#: Seconds for which a cloud may not answer before anything was started.
_OUTAGE = 600.0
#: Volumes that one read asks for.
_PER_REQUEST = 50
#: Seconds that a path which was told to stop may take to undo things.
_GRACE = 300.0

_NOT_UNDONE = move_.Ending(
    move_.Outcome.UNDECIDED,
    "what was begun could not be undone in time; see 'openstack volume "
    "watcher-migrate recover'",
)


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
        self._refusal_told = False
        self._interrupted = False
        self._failures = 0
        self._queue = waiting.Queue((), self._admission)
        self._at_once = self._admission.limits.parallel
        self._ahead = waiting.Ahead(self._clock.now)

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

    def look(self, volume_ids: Sequence[str]) -> dict[str, model.Volume]:
        """Read volumes before any is moved, a request for each 50.

        A cloud that does not answer is asked again. Once nothing is to be
        started any more, what is missing stays so.

        :raises CloudError: the cloud refuses to show them, or does not
            answer for ten minutes
        """
        seen: dict[str, model.Volume] = {}
        end = self._clock.now() + _OUTAGE
        for start in range(0, len(volume_ids), _PER_REQUEST):
            part = volume_ids[start : start + _PER_REQUEST]
            while not self._refusal:
                try:
                    seen.update(self._cloud.get_volumes(part))
                except errors.UnansweredError as error:
                    if self._clock.now() > end:
                        raise
                    self._clock.sleep(
                        self._pause_after(error),
                        lambda: self._refusal is not None,
                    )
                else:
                    self._failures = 0
                    break
        return seen

    def _pause_after(self, error: errors.CloudError) -> float:
        """Seconds until a cloud that did not answer is asked again."""
        self._failures += 1
        self._reporter_says("trouble", f"{error}; asking again")
        return _PAUSES[min(self._failures, len(_PAUSES)) - 1]

    def run(self, jobs: Iterable[job_.Job]) -> list[move_.MoveResult]:
        """Carry out jobs to their ends; a result for each, in their order.

        Never raises for what happens to a single action: that is in its
        result.
        """
        every = list(jobs)
        self._queue = waiting.Queue(every, self._admission)
        self._ahead.keep(
            (job.volume for job in every if job.volume), self._clock.now()
        )
        flying: dict[int, flight_.Flight] = {}
        results: dict[int, move_.MoveResult] = {}
        try:
            while self._queue or flying:
                self._start(flying, results)
                if not flying and self._queue:
                    # Only moves that we no longer follow hold a cap now,
                    # and they will not be seen to end.
                    self.refuse("moves that go on in the cloud hold the caps")
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
        flying: dict[int, flight_.Flight],
        results: dict[int, move_.MoveResult],
    ) -> None:
        """Start every job that may; end those that never will."""
        while not self._refusal and (taken := self._queue.take()):
            index, job = taken
            reason = self._admission.refusal(job)
            if reason is not None:
                results[index] = self._not_started(job, reason)
                continue
            self._admission.started(job)
            flight = self._take_off(job, index, results)
            if flight is not None:
                flying[index] = flight
            else:
                self._admission.ended(job, results[index])
        if self._refusal:
            self._tell_refusal(len(flying))
            for index, job in self._queue.drain():
                results[index] = self._not_started(job, self._refusal)
        self._reporter_says("waiting", self._queue.waiting())

    def _tell_refusal(self, flying: int) -> None:
        if flying and not self._refusal_told:
            moves = "move" if flying == 1 else "moves"
            self._reporter_says(
                "trouble",
                f"{self._refusal}: nothing more is started; waiting for "
                f"{flying} {moves} to end",
            )
        self._refusal_told = True

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
    ) -> flight_.Flight | None:
        volume_id = job.action.resource_id
        if self._queue and self._ahead.stale([volume_id]):
            self._read_ahead(volume_id)
        now = self._clock.now()
        move = move_.Move(
            self._cloud,
            job.action,
            job.options,
            volume=self._ahead.take(volume_id),
            seen=job.seen,
        )
        flight = flight_.Flight(
            job, move, job.steps(move), now, move_.Wait((), "checking"), now
        )
        ended = self._advance(flight, None)
        if ended is not None:
            results[index] = ended
            # The first of many where there is nothing to do, perhaps.
            self._at_once = min(self._at_once * 2, _PER_REQUEST)
            return None
        self._at_once = self._admission.starts_within(waiting.FRESH)
        return flight

    def _read_ahead(self, volume_id: str) -> None:
        """Read a volume whose turn it is, and those that come next."""
        try:
            seen = self._cloud.get_volumes(
                [volume_id, *self._next_ids(_PER_REQUEST - 1)]
            )
        except errors.CloudError:
            return  # it is looked at anew, and patiently, by its path
        self._ahead.keep(seen.values(), self._clock.now())

    def _sleep(self, flights: Collection[flight_.Flight]) -> None:
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
        flying: dict[int, flight_.Flight],
        results: dict[int, move_.MoveResult],
    ) -> list[int]:
        """Read once for all that are due, and advance them."""
        now = self._clock.now()
        due = {
            index: flight
            for index, flight in flying.items()
            # One read is for all that watch a volume, due or not; but a
            # cloud that does not answer is asked when it is time.
            if flight.due <= now
            or (flight.wait.closely and not self._failures)
            or self._is_to_stop(flight, now)
        }
        wanted = {v for f in due.values() for v in f.wait.volumes}
        ahead = set(self._next_ids(-len(wanted) % _PER_REQUEST))
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
            pause = self._pause_after(error)
            for flight in due.values():
                flight.due = now + pause
            due = {i: f for i, f in due.items() if self._is_to_stop(f, now)}
        self._ahead.keep(
            (seen[volume_id] for volume_id in ahead & seen.keys()),
            self._clock.now(),
        )
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

    def _next_ids(self, room: int) -> list[str]:
        """Volumes of the jobs that come next, where a read has room.

        They are looked at just before their moves anyway; so it costs no
        request of their own.
        """
        most = min(room, self._at_once)
        return self._ahead.stale(self._queue.upcoming(most))

    def _is_to_stop(self, flight: flight_.Flight, now: float) -> bool:
        if flight.told_to_stop:
            return now - flight.stopped_at > _GRACE
        return self._interrupted or now > flight.deadline

    def _advance(
        self,
        flight: flight_.Flight,
        reading: move_.Reading | None,
        signal: errors.HandOver | None = None,
    ) -> move_.MoveResult | None:
        """Send a path its reading, or a reason to stop; report its end."""
        now = self._clock.now()
        if signal is None and self._is_to_stop(flight, now):
            if flight.told_to_stop:
                flight.steps.close()
                return self._end(flight, _NOT_UNDONE)
            signal = (
                errors.Interrupted("interrupted")
                if self._interrupted
                else errors.TimedOut("timed out")
            )
        if signal is not None and not flight.told_to_stop:
            flight.told_to_stop, flight.stopped_at = True, now
        ending = flight.advance(reading, signal)
        if ending is None:
            self._wait_on(flight)
            return None
        if flight.seen_no_more:
            # Nor would the jobs that come next see anything.
            self.refuse(str(flight.error))
        return self._end(flight, ending)

    def _wait_on(self, flight: flight_.Flight) -> None:
        now = self._clock.now()
        if flight.phase_since is None:
            flight.phase_since = now
        # Looks are spread by how long such moves take these days.
        typical = self._admission.pace.typical(flight.size)
        flight.due = now + pace.interval(
            now - flight.phase_since, typical, flight.wait.closely
        )
        if not flight.wait.holds:
            self._admission.moved(flight.job)
        self._report(flight, now)

    def _report(self, flight: flight_.Flight, now: float) -> None:
        if flight.move.survey is not None and not flight.announced:
            flight.announced = True
            self._reporter_says("started", flight.move)
        for text in flight.move.warnings[flight.warned :]:
            self._reporter_says("warning", flight.move, text)
        flight.warned = len(flight.move.warnings)
        self._reporter_says(
            "phase", flight.move, flight.wait.phase, now - flight.started_at
        )

    def _end(
        self, flight: flight_.Flight, ending: move_.Ending
    ) -> move_.MoveResult:
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
