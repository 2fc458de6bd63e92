# SPDX-License-Identifier: Apache-2.0

"""The engine: carries out one action or many, and owns the clock.

It keeps the other side of the contract that :mod:`.paths.move` tells: the
volumes of all running jobs are read with one request for each 50, and each
path is sent its reading.

What a path asks of the cloud on its way from one wait to the next is asked
in a thread of its own (:mod:`.engine.workers`), so that no move holds the
others up. That is all that other threads do:

- The engine's thread, which is the caller's, owns the clock, the queue, the
  caps, the readings and the results, and it alone calls the reporter. It
  sends a reading, or a reason to stop, by submitting an *advance*, and takes
  in what came of it.
- A path is advanced by one thread at a time: as long as it is, it is *busy*,
  and neither read for nor told anything. So a request under way is never
  broken off: what it did is noted before the path hears that it has to stop.
- Advances begin in the order in which they are submitted, eight at a time at
  most. With one move at a time there is no thread at all.
- A signal's handler only sets a flag and rings the clock's bell. If it
  raises KeyboardInterrupt, the engine leaves at once, and what is under way
  in other threads ends with the process, or at the path's next wait; to the
  cloud that is no different from SIGKILL, which a path bears at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.loop import Loop
from volmigrateclient.core.engine.readings import Readings
from volmigrateclient.core.engine.reporter import Reporter, Shielded
from volmigrateclient.core.engine.stop import Stop
from volmigrateclient.core.engine.throttle import Throttle
from volmigrateclient.core.engine.workers import MOST, Workers


class Engine:
    """Carries out jobs, as many at once as their admission allows.

    :param cloud: where the volumes are; several threads will ask it
    :param reporter: hears what happens
    :param clock: tests bring their own
    :param admission: caps and stop rules; by default one job at a time
    :param throttle: what is told from outside, of the same admission
    :param workers: paths that are advanced at once; by default as many as
        there are moves at once, and no more than eight. With 1 all is done
        in the caller's thread
    """

    def __init__(
        self,
        cloud: Cloud,
        reporter: Reporter | None = None,
        clock: Clock | None = None,
        admission: Admission | None = None,
        throttle: Throttle | None = None,
        workers: int | None = None,
    ) -> None:
        self._cloud = cloud
        self._reporter = Shielded(reporter or Reporter())
        self._clock = clock or Clock()
        self._admission = admission or Admission()
        # Whoever may be told of other caps may need more of them.
        most = MOST if throttle else self._admission.limits.parallel
        self._workers = workers or most
        self._throttle = throttle or Throttle(self._admission)
        self._throttle.ring = self._clock.ring
        self._stop = Stop(self._clock.ring)
        self._readings = Readings(
            cloud, self._reporter, self._clock, self._admission
        )

    def refuse(self, reason: str) -> None:
        """Start nothing more, and wait for what is running.

        Safe to call from a signal's handler, as is interrupt().

        :param reason: why the jobs that are not started are not
        """
        self._stop.refuse(reason)

    def interrupt(self) -> None:
        """Start nothing more; have what is running undone or left alone."""
        self._stop.interrupt()

    @property
    def cloud(self) -> Cloud:
        """Where the volumes are."""
        return self._cloud

    def stage(self, name: str) -> None:
        """Tell the reporter that a part of a plan begins."""
        self._reporter.stage(name)

    def read(
        self,
        volume_ids: Sequence[str],
        nodes: Sequence[str] = (),
        seconds: float | None = None,
    ) -> dict[str, model.Volume]:
        """Read volumes before any is moved, a request for each 50.

        A cloud that does not answer is asked again. Once nothing is to be
        started any more, what is missing stays so.

        :param nodes: the pools that most are on, probably; of hundreds of
            volumes a request then gives 1000
        :param seconds: for which the cloud may not answer; ten minutes at
            most, and by default
        :raises CloudError: the cloud refuses to show them, or does not
            answer for so long
        """
        return self._readings.of_all(
            volume_ids,
            lambda: self._stop.refusal is not None,
            nodes,
            seconds,
        )

    def run(self, jobs: Iterable[Job]) -> list[paths.MoveResult]:
        """Carry out jobs to their ends; a result for each, in their order.

        Never raises for what happens to a single action: that is in its
        result.
        """
        return Loop(
            self._cloud,
            self._reporter,
            self._clock,
            self._admission,
            self._readings,
            self._stop,
            self._throttle,
            Workers(self._workers, self._clock.ring),
        ).run(list(jobs))
