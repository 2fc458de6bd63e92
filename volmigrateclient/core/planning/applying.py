# SPDX-License-Identifier: Apache-2.0

"""Carrying out a plan: canaries first, then the rest, then a look back."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Sequence

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import engine as engine_
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core.planning import plan as plan_
from volmigrateclient.core.planning import selection


class Order(enum.Enum):
    """In which order the volumes of a plan are moved."""

    PLANNED = "planned"
    SMALLEST = "smallest"
    LARGEST = "largest"


def apply(
    engine: engine_.Engine,
    plan: plan_.Plan,
    canaries: int = 0,
    order: Order = Order.PLANNED,
) -> list[move_.MoveResult]:
    """A result for each of the plan's steps, in their order.

    State comes from the cloud alone, so a plan may be applied again: what
    is there already is not moved, what still moves is waited for, and it
    counts for the caps from the start.

    :param canaries: so many moves at most, one for each source, destination
        and migration type, have to end well before any other is started
    :raises CloudError: the cloud refuses to show the volumes
    """
    seen = engine.look([step.action.resource_id for step in plan.steps])
    jobs = [
        job_.Job(
            step.action,
            action_.Options(unattended=True),
            volume=seen.get(step.action.resource_id),
            seen=step.seen,
        )
        for step in plan.steps
    ]
    left = _sorted(jobs, order)
    results: list[move_.MoveResult] = []
    if canaries:
        results += _canaries(engine, left, canaries)
    tried = {result.action.resource_id for result in results}
    results += engine.run(
        job for job in left if job.action.resource_id not in tried
    )
    by_volume = {r.action.resource_id: r for r in results}
    return [by_volume[job.action.resource_id] for job in jobs]


def _sorted(jobs: Sequence[job_.Job], order: Order) -> Sequence[job_.Job]:
    if order is Order.PLANNED:
        return jobs
    return sorted(
        jobs, key=lambda job: job.size, reverse=order is Order.LARGEST
    )


def _canaries(
    engine: engine_.Engine, jobs: Sequence[job_.Job], most: int
) -> list[move_.MoveResult]:
    """Move one volume of each way, and have the engine stop if it fails.

    What is blocked tells nothing of its way: the next one is tried.
    """
    under_way = [job for job in jobs if job.under_way]
    ways: dict[_Way, Iterator[job_.Job]] = {}
    for job in jobs:
        way = _way(job)
        if not job.under_way and way not in ways and len(ways) < most:
            ways[way] = _of_way(jobs, way)
    results: list[move_.MoveResult] = []
    while ways:
        chosen = {
            way: first
            for way, waiting in ways.items()
            if (first := next(waiting, None)) is not None
        }
        # What moves already is waited for, whatever becomes of the others.
        ended = engine.run([*under_way, *chosen.values()])
        tried = ended[len(under_way) :]
        results += ended
        under_way = []
        failed = [r for r in tried if not (r.outcome.success or _blocked(r))]
        if failed:
            engine.refuse(
                f"the canary, volume {failed[0].action.resource_id}, is "
                f"{failed[0].outcome.value}"
            )
            break
        ways = {
            way: ways[way]
            for way, result in zip(chosen, tried, strict=True)
            if _blocked(result)
        }
    return results


_Way = tuple[job_.Lane, str]


def _way(job: job_.Job) -> _Way:
    return job.lane, job.action.migration_type


def _of_way(jobs: Sequence[job_.Job], way: _Way) -> Iterator[job_.Job]:
    return (job for job in jobs if _way(job) == way and not job.under_way)


def _blocked(result: move_.MoveResult) -> bool:
    return result.outcome is move_.Outcome.REFUSED


@dataclasses.dataclass(frozen=True)
class Remainder:
    """What is still on a pool, backend or host."""

    node: str
    volumes: int
    snapshots: int
    temporary: int

    @property
    def text(self) -> str:
        """For people: what remains, or that nothing does."""
        kind = "pool" if "#" in self.node else "backend"
        where = f"{kind if '@' in self.node else 'host'} {self.node}"
        counted = (
            (self.volumes, "volume"),
            (self.snapshots, "snapshot"),
            (self.temporary, "temporary volume"),
        )
        things = [
            f"{number} {noun}{'s' if number > 1 else ''}"
            for number, noun in counted
            if number
        ]
        if not things:
            return f"{where} is empty"
        one = self.volumes + self.snapshots + self.temporary == 1
        verb = "remains" if one else "remain"
        return f"{', '.join(things)} {verb} on {where}"


def remainder(cloud: cloud_.Cloud, node: str) -> Remainder:
    """Count what is still there: the proof that something is empty."""
    selected = selection.select(
        cloud, selection.Selection(source_node=node), ()
    )
    return Remainder(
        node,
        len(selected.volumes),
        len(cloud.list_all_snapshots(host=node)),
        sum(selection.is_on(row, node) for row in selected.temporary),
    )
