# SPDX-License-Identifier: Apache-2.0

"""The engine: carries out one action or many, and owns the clock.

It keeps the other side of the contract that :mod:`.paths.move` tells: the
volumes of all running jobs are read with one request for each 50, and each
path is sent its reading.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.durations import poll_interval
from volmigrateclient.core.engine.job import Job, RunningJob
from volmigrateclient.core.engine.queue import FRESH, Prefetch, Queue
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

LOG = logging.getLogger(__name__)

#: Seconds until the cloud is asked again that did not answer so many times.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
#: Seconds for which a cloud may not answer before anything was started.
_OUTAGE = 600.0
#: Volumes that one read asks for.
_PER_REQUEST = 50
#: Seconds that a path which was told to stop may take to undo things.
_GRACE = 300.0

_NOT_UNDONE = paths.Ending(
    paths.Outcome.UNDECIDED,
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
        cloud: Cloud,
        reporter: Reporter | None = None,
        clock: Clock | None = None,
        admission: Admission | None = None,
    ) -> None:
        self._cloud = cloud
        self._reporter = reporter or Reporter()
        self._clock = clock or Clock()
        self._admission = admission or Admission()
        self._refusal: str | None = None
        self._refusal_told = False
        self._interrupted = False
        self._failures = 0
        self._queue = Queue((), self._admission)
        self._prefetch_size = self._admission.limits.parallel
        self._prefetch = Prefetch(self._clock.now)

    def refuse(self, reason: str) -> None:
        """Start nothing more, and wait for what is running.

        Safe to call from a signal's handler, as is interrupt().

        :param reason: why the jobs that are not started are not
        """
        self._refusal = self._refusal or reason

    def interrupt(self) -> None:
        """Start nothing more; have what is running undone or left alone."""
        self.refuse("interrupted")
        self._interrupted = True

    def stage(self, name: str) -> None:
        """Tell the reporter that a part of a plan begins."""
        self._reporter.stage(name)

    def read(self, volume_ids: Sequence[str]) -> dict[str, model.Volume]:
        """Read volumes before any is moved, a request for each 50.

        A cloud that does not answer is asked again. Once nothing is to be
        started any more, what is missing stays so.

        :raises CloudError: the cloud refuses to show them, or does not
            answer for ten minutes
        """
        found: dict[str, model.Volume] = {}
        end = self._clock.now() + _OUTAGE
        for start in range(0, len(volume_ids), _PER_REQUEST):
            part = volume_ids[start : start + _PER_REQUEST]
            while not self._refusal:
                try:
                    found.update(self._cloud.get_volumes(part))
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
        return found

    def _pause_after(self, error: errors.CloudError) -> float:
        """Seconds until a cloud that did not answer is asked again."""
        self._failures += 1
        self._reporter.retrying(f"{error}; asking again")
        return _PAUSES[min(self._failures, len(_PAUSES)) - 1]

    def run(self, jobs: Iterable[Job]) -> list[paths.MoveResult]:
        """Carry out jobs to their ends; a result for each, in their order.

        Never raises for what happens to a single action: that is in its
        result.
        """
        every = list(jobs)
        self._queue = Queue(every, self._admission)
        self._prefetch.keep(
            (job.volume for job in every if job.volume), self._clock.now()
        )
        running: dict[int, RunningJob] = {}
        results: dict[int, paths.MoveResult] = {}
        try:
            while self._queue or running:
                self._start(running, results)
                if not running and self._queue:
                    # Only moves that we no longer follow hold a cap now,
                    # and nobody will notice their ends.
                    self.refuse(
                        "moves that continue in the cloud hold the caps"
                    )
                if not running:
                    continue
                self._sleep(running.values())
                for index in self._tick(running, results):
                    running_job = running.pop(index)
                    self._admission.ended(running_job.job, results[index])
        finally:
            for running_job in running.values():
                running_job.steps.close()
        return [results[index] for index in sorted(results)]

    def _start(
        self,
        running: dict[int, RunningJob],
        results: dict[int, paths.MoveResult],
    ) -> None:
        """Start every job that may; end those that never will."""
        while not self._refusal and (taken := self._queue.take()):
            index, job = taken
            reason = self._admission.refusal(job)
            if reason is not None:
                results[index] = self._not_started(job, reason)
                continue
            self._admission.started(job)
            running_job = self._begin(job, index, results)
            if running_job is not None:
                running[index] = running_job
            else:
                self._admission.ended(job, results[index])
        if self._refusal:
            self._tell_refusal(len(running))
            for index, job in self._queue.drain():
                results[index] = self._not_started(job, self._refusal)
        self._reporter.waiting(self._queue.waiting())

    def _tell_refusal(self, running: int) -> None:
        if self._refusal is not None and not self._refusal_told:
            self._reporter.stopping(self._refusal, running)
        self._refusal_told = True

    def _not_started(self, job: Job, reason: str) -> paths.MoveResult:
        move = paths.Move(
            self._cloud, job.request, job.volume, planned=job.planned
        )
        result = paths.MoveResult.of(
            move,
            paths.Ending(paths.Outcome.NOT_STARTED, reason),
            0.0,
        )
        self._reporter.ended(result)
        return result

    def _begin(
        self, job: Job, index: int, results: dict[int, paths.MoveResult]
    ) -> RunningJob | None:
        volume_id = job.volume_id
        if self._queue and self._prefetch.stale([volume_id]):
            self._prefetch_with(volume_id)
        now = self._clock.now()
        move = paths.Move(
            self._cloud,
            job.request,
            volume=self._prefetch.take(volume_id),
            planned=job.planned,
        )
        running_job = RunningJob(
            job, move, job.steps(move), now, paths.Wait((), "checking"), now
        )
        ended = self._advance(running_job, None)
        if ended is not None:
            results[index] = ended
            # The first of many where there is nothing to do, perhaps.
            self._prefetch_size = min(self._prefetch_size * 2, _PER_REQUEST)
            return None
        self._prefetch_size = self._admission.starts_within(FRESH)
        return running_job

    def _prefetch_with(self, volume_id: str) -> None:
        """Read a volume whose turn it is, and those that come next."""
        try:
            found = self._cloud.get_volumes(
                [volume_id, *self._to_prefetch(_PER_REQUEST - 1)]
            )
        except errors.CloudError:
            return  # its path reads it anew, and retries
        self._prefetch.keep(found.values(), self._clock.now())

    def _sleep(self, running_jobs: Collection[RunningJob]) -> None:
        """Until one is due, or one has to be told of an interruption."""
        due = min(running_job.due for running_job in running_jobs)
        # A stop is told once; what undoes then waits like anything else.
        self._clock.sleep(
            due - self._clock.now(),
            lambda: (
                self._interrupted
                and any(job.stopped_at is None for job in running_jobs)
            ),
        )

    def _tick(
        self,
        running: dict[int, RunningJob],
        results: dict[int, paths.MoveResult],
    ) -> list[int]:
        """Read once for all that are due, and advance them."""
        now = self._clock.now()
        due = {
            index: running_job
            for index, running_job in running.items()
            # One read is for all that watch a volume, due or not; but a
            # cloud that does not answer is asked when it is time.
            if running_job.due <= now
            or (running_job.wait.poll_fast and not self._failures)
            or self._is_to_stop(running_job, now)
        }
        wanted = {v for job in due.values() for v in job.wait.volumes}
        next_ids = set(self._to_prefetch(-len(wanted) % _PER_REQUEST))
        signal: errors.StopWaiting | None = None
        found: dict[str, model.Volume] = {}
        try:
            if wanted:
                found = dict(
                    self._cloud.get_volumes(sorted(wanted | next_ids))
                )
                self._failures = 0
        except errors.UnauthorizedError as error:
            signal = errors.CredentialsExpired(str(error))
            self.refuse(str(error))
        except errors.CloudError as error:
            # Nothing was changed by a read; repeat it a little later.
            pause = self._pause_after(error)
            for running_job in due.values():
                running_job.due = now + pause
            due = {i: f for i, f in due.items() if self._is_to_stop(f, now)}
        self._prefetch.keep(
            (found[volume_id] for volume_id in next_ids & found.keys()),
            self._clock.now(),
        )
        ended = []
        for index, running_job in due.items():
            reading = paths.Reading(
                {v: found[v] for v in running_job.wait.volumes if v in found},
                self._clock.now(),
            )
            result = self._advance(running_job, reading, signal)
            if result is not None:
                results[index] = result
                ended.append(index)
        return ended

    def _to_prefetch(self, room: int) -> list[str]:
        """Volumes of the jobs that come next, where a read has room.

        They are read just before their moves anyway; so it costs no
        request of their own.
        """
        most = min(room, self._prefetch_size)
        return self._prefetch.stale(self._queue.upcoming(most))

    def _is_to_stop(self, running_job: RunningJob, now: float) -> bool:
        if running_job.stopped_at is not None:
            return now - running_job.stopped_at > _GRACE
        return self._interrupted or now > running_job.deadline

    def _advance(
        self,
        running_job: RunningJob,
        reading: paths.Reading | None,
        signal: errors.StopWaiting | None = None,
    ) -> paths.MoveResult | None:
        """Send a path its reading, or a reason to stop; report its end."""
        now = self._clock.now()
        if signal is None and self._is_to_stop(running_job, now):
            if running_job.stopped_at is not None:
                running_job.steps.close()
                return self._end(running_job, _NOT_UNDONE)
            signal = (
                errors.Interrupted("interrupted")
                if self._interrupted
                else errors.TimedOut("timed out")
            )
        if signal is not None and running_job.stopped_at is None:
            running_job.stopped_at = now
        ending = running_job.advance(reading, signal)
        if ending is None:
            self._wait_on(running_job)
            return None
        if running_job.credentials_expired:
            # Nor would the jobs that come next see anything.
            self.refuse(str(running_job.error))
        return self._end(running_job, ending)

    def _wait_on(self, running_job: RunningJob) -> None:
        now = self._clock.now()
        if running_job.phase_since is None:
            running_job.phase_since = now
        # Polls are spread by how long such moves take these days.
        typical = self._admission.durations.typical(running_job.size)
        running_job.due = now + poll_interval(
            now - running_job.phase_since, typical, running_job.wait.poll_fast
        )
        if not running_job.wait.holds_slot:
            self._admission.moved(running_job.job)
        self._report(running_job, now)

    def _report(self, running_job: RunningJob, now: float) -> None:
        if running_job.move.survey is not None and not running_job.announced:
            running_job.announced = True
            self._reporter.started(running_job.move)
        for text in running_job.move.warnings[running_job.warned :]:
            self._reporter.warning(running_job.move, text)
        running_job.warned = len(running_job.move.warnings)
        self._reporter.phase(
            running_job.move,
            running_job.wait.phase,
            now - running_job.started_at,
        )

    def _end(
        self, running_job: RunningJob, ending: paths.Ending
    ) -> paths.MoveResult:
        elapsed = self._clock.now() - running_job.started_at
        result = paths.MoveResult.of(running_job.move, ending, elapsed)
        for text in running_job.move.warnings[running_job.warned :]:
            self._reporter.warning(running_job.move, text)
        self._reporter.ended(result)
        return result
