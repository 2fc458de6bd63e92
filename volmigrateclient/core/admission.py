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

"""Which of many jobs may start, and when: caps, stop rules, a window.

There is no limit to the bandwidth of a live copy, so these caps are the
only throttle that an admin has.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence

from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core import pace


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much may go on, and when no more is started; None is no limit.

    One move per server always holds: Nova fails two swaps at once.

    :param parallel: moves at once, in all
    :param per_source: moves at once from one pool
    :param per_destination: moves at once to one pool, or to one type
    :param failures: so many failed moves, and nothing more is started
    :param failures_per_pool: so many failed moves from or to a pool (or
        type), and nothing more is started from or to it
    """

    parallel: int = 1
    per_source: int | None = None
    per_destination: int | None = None
    failures: int | None = None
    failures_per_pool: int | None = None


#: Seconds that a move is expected to take -> why it may not start, or None.
Window = Callable[[float], str | None]


class Admission:
    """Counts what is in flight and what has failed.

    :param window: why a move that takes so long may not start now, or None
    """

    def __init__(
        self, limits: Limits | None = None, window: Window | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._window = window or (lambda seconds: None)
        self.pace = pace.Pace()
        self._flying: collections.Counter[str] = collections.Counter()
        self._failed: collections.Counter[str] = collections.Counter()
        self._failures = 0

    def refusal(self, job: job_.Job) -> str | None:
        """Why a job is not to be started any more, or None."""
        limits = self.limits
        if limits.failures and self._failures >= limits.failures:
            return f"{self._failures} moves failed"
        for lane in (job.source, job.destination):
            if lane and limits.failures_per_pool:
                failed = self._failed[lane]
                if failed >= limits.failures_per_pool:
                    return f"{failed} moves from or to {lane} failed"
        return self._window(self.pace.seconds(job.size))

    def cap(self, job: job_.Job) -> str | None:
        """The cap that keeps a job waiting now, or None."""
        limits = self.limits
        if self._flying[""] >= limits.parallel:
            return "total"
        for server_id in job.server_ids:
            if self._flying[f"server {server_id}"]:
                return f"server {server_id}"
        for kind, lane, most in (
            ("source", job.source, limits.per_source),
            ("destination", job.destination, limits.per_destination),
        ):
            if lane and most and self._flying[f"{kind} {lane}"] >= most:
                return f"{kind} {lane}"
        return None

    def started(self, job: job_.Job) -> None:
        """A job is in flight."""
        self._flying.update(_counted(job))

    def ended(self, job: job_.Job, result: move_.MoveResult) -> None:
        """A job is no longer in flight."""
        self._flying.subtract(_counted(job))
        if result.outcome is move_.Outcome.DONE:
            self.pace.note(result.size, result.elapsed)
        if result.outcome in (move_.Outcome.FAILED, move_.Outcome.UNDECIDED):
            self._failures += 1
            self._failed.update(
                {lane for lane in (job.source, job.destination) if lane}
            )


def _counted(job: job_.Job) -> Sequence[str]:
    return (
        "",
        *(f"server {server_id}" for server_id in job.server_ids),
        f"source {job.source}",
        f"destination {job.destination}",
    )
