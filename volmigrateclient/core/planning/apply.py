# SPDX-License-Identifier: Apache-2.0

"""Carrying out a plan: canaries first, then the rest, then a look back."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterator, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine import Engine
from volmigrateclient.core.engine.job import Job, Route
from volmigrateclient.core.model import wording
from volmigrateclient.core.planning import nodes
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.plan import Plan
from volmigrateclient.core.planning.selection import Selection, select
from volmigrateclient.core.planning.settled import settled


def apply_plan(
    engine: Engine,
    plan: Plan,
    canaries: int = 0,
    order: Order = Order.GIVEN,
    options: model.Options | None = None,
    before: Callable[[Sequence[Job]], None] = lambda jobs: None,
) -> list[paths.MoveResult]:
    """A result for each of the plan's steps, in their order.

    State comes from the cloud alone, so a plan may be applied again: what
    is there already is not moved, what still moves is waited for, and it
    counts for the caps from the start.

    :param options: how the moves are carried out, unattended in any case
    :param canaries: so many moves at most, one for each source, destination
        and migration type, have to end well before any other is started
    :param before: told of the jobs that are about to be run
    :raises CloudError: the cloud refuses to show the volumes
    """
    found = engine.read(
        [step.action.resource_id for step in plan.steps], _nodes(plan)
    )
    how = dataclasses.replace(options or model.Options(), unattended=True)
    jobs = [
        Job(
            model.Request(step.action, how),
            volume=found.get(step.action.resource_id),
            planned=step.planned,
        )
        for step in plan.steps
    ]
    left = order.apply(settled(engine.cloud, jobs), lambda job: job.size)
    before([job for job in left if job.ending is None])
    results: list[paths.MoveResult] = []
    if canaries:
        engine.stage("canaries")
        results += _canaries(engine, left, canaries)
        engine.stage("")
    tried = {result.action.resource_id for result in results}
    results += engine.run(job for job in left if job.volume_id not in tried)
    by_volume = {r.action.resource_id: r for r in results}
    return [by_volume[job.volume_id] for job in jobs]


def _nodes(plan: Plan) -> list[str]:
    """The pools that a plan's volumes are on, before and after."""
    named: collections.Counter[str] = collections.Counter()
    for step in plan.steps:
        before = step.planned.host if step.planned else None
        named.update(filter(None, (before, step.action.destination_node)))
    return [node for node, _ in named.most_common()]


def _canaries(
    engine: Engine, jobs: Sequence[Job], most: int
) -> list[paths.MoveResult]:
    """Move one volume of each way, and have the engine stop if it fails.

    What is blocked or gone tells nothing of its way: the next one is tried.
    """
    jobs = [job for job in jobs if job.ending is None]
    under_way = [job for job in jobs if job.under_way]
    ways: dict[_Way, Iterator[Job]] = {}
    for job in jobs:
        way = _way(job)
        if not job.under_way and way not in ways and len(ways) < most:
            ways[way] = _of_way(jobs, way)
    results: list[paths.MoveResult] = []
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
        failed = [
            r for r in tried if not (r.outcome.success or _tells_nothing(r))
        ]
        if failed:
            canary = failed[0]
            volume_id = canary.action.resource_id
            name = canary.volume_name
            label = volume_id
            if name:
                label = f"{wording.quoted(name)} ({volume_id})"
            engine.refuse(f"canary {label}: {canary.outcome.value}")
            break
        ways = {
            way: ways[way]
            for way, result in zip(chosen, tried, strict=True)
            if _tells_nothing(result)
        }
    return results


_Way = tuple[Route, str]


def _way(job: Job) -> _Way:
    return job.route, job.request.action.migration_type


def _of_way(jobs: Sequence[Job], way: _Way) -> Iterator[Job]:
    return (job for job in jobs if _way(job) == way and not job.under_way)


def _tells_nothing(result: paths.MoveResult) -> bool:
    return result.outcome in (paths.Outcome.BLOCKED, paths.Outcome.GONE)


@dataclasses.dataclass(frozen=True)
class Remainder:
    """What is still on a pool, backend or host.

    :param doubt: why nothing that was found proves nothing
    """

    node: str
    volumes: int
    snapshots: int
    temporary: int
    doubt: str | None = None

    @property
    def text(self) -> str:
        """For people: what remains, or that nothing does."""
        where = nodes.label(self.node)
        counted = (
            (self.volumes, "volume"),
            (self.snapshots, "snapshot"),
            (self.temporary, "temporary volume"),
        )
        things = [
            f"{number:,} {noun}{'s' if number > 1 else ''}"
            for number, noun in counted
            if number
        ]
        if not things:
            return self.doubt or f"{where} is empty"
        one = self.volumes + self.snapshots + self.temporary == 1
        verb = "remains" if one else "remain"
        return f"{', '.join(things)} {verb} on {where}"


def remainder(cloud: Cloud, node: str, known: bool = False) -> Remainder:
    """Count what is still there: the proof that something is empty.

    :param known: whether volumes were found there before
    """
    selected = select(cloud, Selection(source_nodes=(node,)), ())
    snapshots = sum(
        len(cloud.list_all_snapshots(host=host))
        for source in selected.sources
        for host in source.hosts
    )
    doubted = selected.bare and not (snapshots or known)
    return Remainder(
        node,
        len(selected.volumes),
        snapshots,
        len(selected.temporary),
        nodes.doubt(cloud, node) if doubted else None,
    )
