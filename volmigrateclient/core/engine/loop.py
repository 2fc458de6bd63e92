# SPDX-License-Identifier: Apache-2.0

"""One run of the engine: what it does, round after round, until all ended."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.durations import poll_interval
from volmigrateclient.core.engine.job import Job, RunningJob
from volmigrateclient.core.engine.queue import Queue
from volmigrateclient.core.engine.readings import Readings
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.engine.stop import Stop
from volmigrateclient.core.engine.throttle import SKIPPED, Throttle
from volmigrateclient.core.engine.window import about
from volmigrateclient.core.engine.workers import Workers
from volmigrateclient.core.model import errors

_NOT_UNDONE = paths.Ending(
    paths.Outcome.UNDECIDED,
    "what was begun could not be undone in time; see 'openstack volume "
    "watcher-migrate recover'",
)

#: Between two readings the cloud is left alone for so many times as long as
#: the last one took it.
_BREATH = 2.0
#: Seconds after which a hold's end is looked for anew: clocks are set, and
#: machines sleep.
_LOOK = 30.0
#: Seconds of a hold after which what was read of volumes is read again.
_STALE = 60.0
#: Seconds until the next look at what holds the caps, where nothing of ours
#: is in flight; other engines ring when they make room.
_OTHERS = 2.0


class Loop:
    """Carries out some jobs; all its methods are the engine's thread's."""

    def __init__(
        self,
        cloud: Cloud,
        reporter: Reporter,
        clock: Clock,
        admission: Admission,
        readings: Readings,
        stop: Stop,
        throttle: Throttle,
        workers: Workers[paths.Ending | None],
    ) -> None:
        self._cloud = cloud
        self._reporter = reporter
        self._clock = clock
        self._admission = admission
        self._readings = readings
        self._stop = stop
        self._throttle = throttle
        self._workers = workers
        self._queue = Queue((), admission)
        self._running: dict[int, RunningJob] = {}
        self._results: dict[int, paths.MoveResult] = {}
        # Whether a job may be able to start that was not before.
        self._room = True
        # When to look whether what is held may start; since when it is held.
        self._opens = math.inf
        self._held_since: float | None = None
        self._freed = admission.freed
        self._in_flight: dict[int, Job] = {}

    def run(self, jobs: Sequence[Job]) -> list[paths.MoveResult]:
        """Carry out the jobs to their ends; a result for each, in order."""
        for index, job in enumerate(jobs):
            if job.ending is not None:
                self._end_unstarted(index, job, job.ending)
        self._queue = Queue(jobs, self._admission)
        self._readings.keep(job.volume for job in jobs if job.volume)
        for index, job in self._throttle.prepare(self._queue):
            self._end_unstarted(index, job, _not_started(SKIPPED))
        try:
            with self._admission.heard(self._clock.ring):
                while self._queue or self._running:
                    self._heed()
                    self._start()
                    self._look()
                    self._sleep()
                    self._take_in()
        finally:
            self._workers.close()
            for running_job in self._running.values():
                running_job.close()
            for job in self._in_flight.values():
                self._admission.leave(job)
        return [self._results[index] for index in sorted(self._results)]

    # -- Starting -----------------------------------------------------------

    @property
    def _to_start(self) -> bool:
        """Whether jobs may be able to start, or never will, since the last."""
        if self._stop.refusal is not None:
            return bool(self._queue) or not self._stop.told
        # Other engines may have the same caps, and make room in them.
        return (
            self._room
            or self._freed != self._admission.freed
            or self._clock.now() >= self._opens
        )

    def _heed(self) -> None:
        """Carry out what was told from outside."""
        if not self._throttle.told:
            return
        moving = {one.job.volume_id for one in self._running.values()}
        for text, skipped in self._throttle.heed(self._queue, moving):
            self._reporter.note(text)
            if skipped is not None:
                index, job = skipped
                self._end_unstarted(index, job, _not_started(SKIPPED))
        self._room = True

    def _start(self) -> None:
        """Start every job that may; end those that never will."""
        if not self._to_start:
            return
        self._room, self._freed = False, self._admission.freed
        self._look_at_hold()
        self._admission.rests.look(self._clock.now())
        while not self._stop.refusal and (admitted := self._admitted()):
            index, job, reason = admitted
            if reason is None:
                self._begin(index, job)
            else:
                self._end_unstarted(index, job, _not_started(reason))
        if self._stop.refusal:
            self._tell_refusal()
            ending = _not_started(self._stop.refusal)
            for index, job in self._queue.drain():
                self._end_unstarted(index, job, ending)
        elif self._queue.held:
            self._hold()
        elif (
            self._queue
            and not self._running
            and math.isinf(self._admission.rests.next_end)
        ):
            self._look_at_others()
        if self._queue:
            self._opens = min(self._opens, self._admission.rests.next_end)
        self._reporter.waiting(self._queue.waiting())

    def _look_at_hold(self) -> None:
        """See whether a hold is over; after a long one, read anew."""
        self._opens = math.inf
        if self._held_since is None or self._queue.held:
            return
        lasted = self._clock.now() - self._held_since
        self._held_since = None
        if self._stop.refusal or lasted <= _STALE:
            return
        try:
            # After a night they may be somewhere else, or be moved already.
            found = self._readings.of_all(
                self._queue.volume_ids, lambda: self._stop.refusal is not None
            )
        except errors.CloudError as error:
            # Each is read once more before its move, which then says why.
            self._reporter.retrying(str(error))
            return
        self._queue.refresh(found)

    def _hold(self) -> None:
        """Have it looked again when more may start though no move ends."""
        now, admission = self._clock.now(), self._admission
        opens = admission.resumes_in()
        self._opens = now + min(opens, _LOOK)
        if self._held_since is not None:
            return
        self._held_since = now
        if not admission.paused:
            self._reporter.note(f"the next window opens in {about(opens)}")

    def _admitted(self) -> tuple[int, Job, str | None] | None:
        """The next job that has its turn, and why it is refused, if it is."""
        with self._admission.lock:
            taken = self._queue.take()
            if taken is None:
                return None
            index, job = taken
            reason = self._admission.refusal(job)
            if reason is None:
                self._in_flight[index] = job
                self._admission.started(job)
            return index, job, reason

    def _look_at_others(self) -> None:
        """Nothing of ours is in flight, and what waits may not start.

        Then moves of other engines hold the caps, or moves that continue in
        the cloud. Nobody notices the ends of these, so they are looked for.
        """
        left = self._admission.left
        for job in left:
            if self._ended_meanwhile(job):
                self._admission.release(job)
        if left and self._admission.left and not self._admission.followed:
            self._stop.refuse("moves that continue in the cloud hold the caps")

    def _ended_meanwhile(self, job: Job) -> bool:
        """Whether the cloud is through with a job that nobody follows."""
        try:
            found = self._cloud.get_volumes([job.volume_id])
        except errors.CloudError:
            return False
        volume = found.get(job.volume_id)
        # While Nova copies for a swap via Nova the source is detaching.
        return volume is None or not (
            volume.moving or volume.status == "detaching"
        )

    def _begin(self, index: int, job: Job) -> None:
        volume = self._readings.of_next(job.volume_id, self._queue)
        now = self._clock.now()
        move = paths.Move(self._cloud, job.request, volume, job.planned)
        self._running[index] = RunningJob(
            job, move, job.steps(move), now, paths.Wait((), "checking"), now
        )
        self._advance(index, None)

    def _tell_refusal(self) -> None:
        if self._stop.refusal is not None and not self._stop.told:
            self._reporter.stopping(self._stop.refusal, len(self._running))
        self._stop.told = True

    def _end_unstarted(
        self, index: int, job: Job, ending: paths.Ending
    ) -> None:
        move = paths.Move(
            self._cloud, job.request, job.volume, planned=job.planned
        )
        result = paths.MoveResult.of(move, ending, 0.0)
        self._results[index] = result
        self._throttle.ended(job.volume_id)
        self._reporter.ended(result)

    # -- Waiting and reading ------------------------------------------------

    def _sleep(self) -> None:
        """Until there is something to do."""
        waiting = [job for job in self._running.values() if not job.busy]
        now = self._clock.now()
        due = min([self._opens, *(job.due for job in waiting)])
        waits_for_others = not self._running and math.isinf(self._opens)
        if waits_for_others:
            due = now + _OTHERS
        # A stop is told once; what undoes then waits like anything else.
        untold = any(job.stopped_at is None for job in waiting)
        self._clock.sleep(
            due - now,
            lambda: (
                self._to_start
                or self._throttle.told
                or not (self._running or self._queue)
                or self._workers.any_ended
                or (self._stop.interrupted and untold)
            ),
        )
        self._room |= waits_for_others

    def _look(self) -> None:
        """Read once for all that are due, and send them what was read."""
        now = self._clock.now()
        due = self._due(now)
        if not due:
            return
        signal: errors.StopWaiting | None = None
        found: dict[str, model.Volume] = {}
        try:
            found = self._readings.of_moves(
                {v for i in due for v in self._running[i].wait.volumes},
                self._queue,
            )
        except errors.UnauthorizedError as error:
            signal = errors.CredentialsExpired(str(error))
            self._stop.refuse(str(error))
        except errors.CloudError as error:
            # Nothing was changed by a read; repeat it a little later.
            pause = self._readings.pause_after(error)
            for index in due:
                self._running[index].due = now + pause
            due = [i for i in due if self._is_to_stop(self._running[i], now)]
        for index in due:
            reading = paths.Reading(
                {
                    volume_id: found[volume_id]
                    for volume_id in self._running[index].wait.volumes
                    if volume_id in found
                },
                self._clock.now(),
            )
            self._advance(index, reading, signal)

    def _due(self, now: float) -> list[int]:
        """Those to read for: none as long as it is nobody's time."""
        waiting = {i: j for i, j in self._running.items() if not j.busy}
        due = {
            index
            for index, running_job in waiting.items()
            if running_job.due <= now or self._is_to_stop(running_job, now)
        }
        # One read is for all that watch a volume, due or not; but a cloud
        # that does not answer is asked when it is time.
        if due and not self._readings.unanswered:
            due |= {i for i, j in waiting.items() if j.wait.poll_fast}
        return [index for index in waiting if index in due]

    def _is_to_stop(self, running_job: RunningJob, now: float) -> bool:
        return running_job.is_to_stop(now, self._stop.interrupted)

    # -- Advancing ----------------------------------------------------------

    def _advance(
        self,
        index: int,
        reading: paths.Reading | None,
        signal: errors.StopWaiting | None = None,
    ) -> None:
        """Have a path sent its reading, or a reason to stop."""
        running_job, now = self._running[index], self._clock.now()
        if signal is None and self._is_to_stop(running_job, now):
            if running_job.grace_over(now):
                running_job.close()
                self._end(index, _NOT_UNDONE)
                return
            signal = (
                errors.Interrupted("interrupted")
                if self._stop.interrupted
                else errors.TimedOut("timed out")
            )
        if signal is not None and running_job.stopped_at is None:
            running_job.stopped_at = now
        running_job.busy = True
        self._workers.submit(
            index, functools.partial(running_job.advance, reading, signal)
        )
        self._take_in()

    def _take_in(self) -> None:
        """What came of the advances that have ended since."""
        for index, ending in self._workers.ended():
            running_job = self._running[index]
            running_job.busy = False
            if not running_job.begun:
                running_job.begun = True
                self._readings.turn_was(over_at_once=ending is not None)
            if ending is None:
                self._wait_on(running_job)
                continue
            if running_job.credentials_expired:
                # Nor would the jobs that come next see anything.
                self._stop.refuse(str(running_job.error))
            if not self._put_back(index):
                self._end(index, ending)

    def _put_back(self, index: int) -> bool:
        """Have a move wait that only a service that is down kept from it."""
        running_job = self._running[index]
        job, refusal = running_job.job, running_job.error
        if (
            not isinstance(refusal, errors.RefusedError)
            or not job.request.options.unattended
            or job.under_way
            or self._stop.refusal is not None
        ):
            return False
        told = self._admission.rests.begin(
            job.route, refusal, self._clock.now()
        )
        if told is None:
            return False
        del self._running[index], self._in_flight[index]
        self._admission.put_back(job)
        self._queue.put_back(index, job)
        self._room = True
        if told:
            self._reporter.note(told)
        return True

    def _wait_on(self, running_job: RunningJob) -> None:
        now = self._clock.now()
        if running_job.waits_since is None:
            running_job.waits_since = now
        interval = poll_interval(
            now - running_job.waits_since,
            # Polls are spread by how long such moves take these days.
            self._admission.durations.typical(running_job.size),
            running_job.wait.poll_fast,
            now - running_job.started_at,
        )
        # Not all the time of a cloud that has its hands full.
        running_job.due = now + max(interval, _BREATH * self._readings.took)
        if not running_job.wait.holds_slot:
            if running_job.moved_at is None:
                running_job.moved_at = now
            self._room |= self._admission.moved(running_job.job)
        running_job.tell(self._reporter, now)

    def _end(self, index: int, ending: paths.Ending) -> None:
        running_job = self._running.pop(index)
        del self._in_flight[index]
        began, moved_at = running_job.started_at, running_job.moved_at
        result = paths.MoveResult.of(
            running_job.move,
            ending,
            self._clock.now() - began,
            None if moved_at is None else moved_at - began,
        )
        self._results[index] = result
        self._throttle.ended(running_job.job.volume_id)
        self._admission.ended(running_job.job, result)
        self._room = True
        running_job.tell_warnings(self._reporter)
        self._reporter.ended(result)


def _not_started(reason: str) -> paths.Ending:
    return paths.Ending(paths.Outcome.NOT_STARTED, reason)
