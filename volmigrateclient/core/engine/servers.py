# SPDX-License-Identifier: Apache-2.0

"""Which servers have a move in flight, in all engines of a process.

Nova fails the second of two swaps of one server, whoever asked for it. A
program may well run several engines at once: an applier has one for each
action. So this is the one thing that they all share.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

from volmigrateclient.core.engine.job import Job


class BusyServers:
    """The jobs in flight, by the servers that their volumes are attached to.

    :ivar lock: to be held from a look until what follows from it is noted;
        re-entrant
    :ivar freed: how many jobs have ended, or made room, until now
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.freed = 0
        self._rings: list[Callable[[], None]] = []
        # The jobs themselves, so that no other can get their identity.
        self._jobs: dict[str, dict[int, Job]] = {}
        self._left: dict[int, Job] = {}

    def __contains__(self, server_id: str) -> bool:
        return server_id in self._jobs

    @contextlib.contextmanager
    def heard(self, ring: Callable[[], None]) -> Iterator[None]:
        """Within it, an engine is told when there may be room.

        :param ring: called from whichever thread makes it
        """
        with self.lock:
            self._rings.append(ring)
        try:
            yield
        finally:
            with self.lock:
                self._rings.remove(ring)

    @property
    def followed(self) -> bool:
        """Whether an engine will notice the end of any of the jobs."""
        with self.lock:
            return any(
                key not in self._left
                for jobs in self._jobs.values()
                for key in jobs
            )

    @property
    def left(self) -> Sequence[Job]:
        """The jobs that no engine follows any more."""
        with self.lock:
            return tuple(self._left.values())

    def take(self, job: Job) -> None:
        """A job is in flight."""
        with self.lock:
            for server_id in job.server_ids:
                self._jobs.setdefault(server_id, {})[id(job)] = job

    def leave(self, job: Job) -> None:
        """No engine follows a job any more; the cloud goes on with it."""
        with self.lock:
            if any(id(job) in jobs for jobs in self._jobs.values()):
                self._left[id(job)] = job

    def release(self, job: Job) -> None:
        """A job is no longer in flight."""
        with self.lock:
            self._left.pop(id(job), None)
            for server_id in job.server_ids:
                jobs = self._jobs.get(server_id, {})
                jobs.pop(id(job), None)
                if not jobs:
                    self._jobs.pop(server_id, None)
            self.freed += 1
            for ring in self._rings:
                ring()


#: What every engine heeds that is not given another.
OF_THIS_PROCESS = BusyServers()
