# SPDX-License-Identifier: Apache-2.0

"""Jobs that wait for their turn, and volumes prefetched for them."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from volmigrateclient.core import model
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.job import Job, Route

#: Seconds for which a volume that was read ahead is fresh.
FRESH = 5.0

#: A job and its place among all.
Numbered = tuple[int, Job]


class Queue:
    """Jobs by route, so that a choice costs no look at each that waits.

    What is under way already comes first and heeds no cap: it is moving,
    whether it is waited for or not, and the others have to know.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        admission: Admission,
    ) -> None:
        self._admission = admission
        self._under_way: collections.deque[Numbered] = collections.deque()
        self._routes: dict[Route, dict[int, Job]] = {}
        #: Places of those that were put first: before all others.
        self._ranks: dict[int, int] = {}
        for index, job in enumerate(jobs):
            self._add(index, job)

    def _add(self, index: int, job: Job) -> None:
        if job.ending is not None:
            return  # it needs no turn
        if job.under_way:
            self._under_way.append((index, job))
        else:
            self._routes.setdefault(job.route, {})[index] = job

    def __len__(self) -> int:
        return len(self._under_way) + sum(map(len, self._routes.values()))

    def take(self) -> Numbered | None:
        """The first job that may start now; it is no longer in the queue."""
        if self._under_way:
            return self._under_way.popleft()
        if self._admission.cap is not None:
            return None
        firsts = (
            (index, job)
            for route, waiting in self._routes.items()
            if self._admission.cap_of_route(route) is None
            for index, job in self._free(waiting)
        )
        index, job = min(firsts, key=self._rank, default=(-1, None))
        if job is None:
            return None
        return self._taken(index, job)

    def _rank(self, one: Numbered) -> int:
        return self._ranks.get(one[0], one[0])

    def _taken(self, index: int, job: Job) -> Numbered:
        del self._routes[job.route][index]
        if not self._routes[job.route]:
            del self._routes[job.route]
        return index, job

    def put_first(self, volume_id: str) -> bool:
        """Have a job come before all others; whether it was waiting."""
        found = self._waiting_for(volume_id)
        if found is None:
            return False
        index, job = found
        self._ranks[index] = min(self._ranks.values(), default=0) - 1
        waiting = self._routes[job.route]
        del waiting[index]
        self._routes[job.route] = {index: job, **waiting}
        return True

    def put_back(self, index: int, job: Job) -> None:
        """Have a job that was taken wait again, before its route's others."""
        waiting = self._routes.get(job.route, {})
        self._routes[job.route] = {index: job, **waiting}

    def remove(self, volume_id: str) -> Numbered | None:
        """Take a job out that waits for its turn; None where none does.

        What moves in the cloud already is not taken out.
        """
        found = self._waiting_for(volume_id)
        return None if found is None else self._taken(*found)

    def _waiting_for(self, volume_id: str) -> Numbered | None:
        return next(
            (
                one
                for waiting in self._routes.values()
                for one in waiting.items()
                if one[1].volume_id == volume_id
            ),
            None,
        )

    @property
    def volume_ids(self) -> list[str]:
        """The volumes of all jobs that wait."""
        waiting = self._routes.values()
        return [job.volume_id for jobs in waiting for job in jobs.values()]

    def refresh(self, volumes: Mapping[str, model.Volume]) -> None:
        """Have jobs know their volumes as they are now, by ID."""
        for index, job in sorted(self.drain(), key=self._rank):
            volume = volumes.get(job.volume_id, job.volume)
            self._add(index, dataclasses.replace(job, volume=volume))

    @property
    def held(self) -> bool:
        """Whether any job waits for something that is no move's end."""
        return bool(self._routes) and (
            self._admission.hold is not None
            or any(
                self._admission.window_of(job) is not None
                for waiting in self._routes.values()
                for job in waiting.values()
            )
        )

    def _free(self, waiting: Mapping[int, Job]) -> Iterator[Numbered]:
        """The first of a route that nothing of its own keeps waiting."""
        return itertools.islice(
            (
                one
                for one in waiting.items()
                if self._admission.cap_of_job(one[1]) is None
            ),
            1,
        )

    def drain(self) -> Iterator[Numbered]:
        """All jobs, in their order; the queue is empty then."""
        left = sorted(
            itertools.chain(
                self._under_way,
                *(waiting.items() for waiting in self._routes.values()),
            ),
            key=lambda one: one[0],
        )
        self._under_way.clear()
        self._routes.clear()
        return iter(left)

    def waiting(self) -> Mapping[str, int]:
        """How many jobs wait, by the cap that they wait for."""
        cap = self._admission.cap
        if cap is not None:
            return {cap: len(self)} if len(self) else {}
        counts: collections.Counter[str] = collections.Counter()
        for route, waiting in self._routes.items():
            cap = self._admission.cap_of_route(route)
            if cap is not None:
                counts[cap] += len(waiting)
                continue
            counts.update(
                busy
                for job in waiting.values()
                if (busy := self._admission.cap_of_job(job)) is not None
            )
        return counts

    def upcoming(self, most: int) -> list[str]:
        """Volumes of the jobs that come next, of every route."""
        shares = [
            itertools.islice(waiting.items(), most)
            for waiting in self._routes.values()
        ]
        first = sorted(itertools.chain(*shares), key=self._rank)
        # By turns, because what comes first may be what a cap holds back.
        by_route: dict[Route, list[str]] = {}
        for _, job in first:
            by_route.setdefault(job.route, []).append(job.volume_id)
        turns = itertools.zip_longest(*by_route.values())
        ids = (volume_id for turn in turns for volume_id in turn if volume_id)
        return list(itertools.islice(ids, most))


class Prefetch:
    """Volumes that were read before their jobs' turns came.

    :param now: the engine's clock
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._volumes: dict[str, tuple[model.Volume, float]] = {}

    def keep(self, volumes: Iterable[model.Volume], at: float) -> None:
        """Volumes that were read at this second."""
        for volume in volumes:
            self._volumes[volume.id] = volume, at

    def take(self, volume_id: str) -> model.Volume | None:
        """The volume, if it was read just now."""
        volume, read_at = self._volumes.pop(volume_id, (None, 0.0))
        return volume if self._now() - read_at < FRESH else None

    def stale(self, volume_ids: Iterable[str]) -> list[str]:
        """Those of which there is no reading that lasts a while longer."""
        soon = self._now() - FRESH / 2
        return [
            volume_id
            for volume_id in volume_ids
            if volume_id not in self._volumes
            or self._volumes[volume_id][1] < soon
        ]
