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

"""Carrying out a plan: canaries first, then the rest, then a look back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import engine as engine_
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core.planning import plan as plan_
from volmigrateclient.core.planning import selection


def apply(
    engine: engine_.Engine, plan: plan_.Plan, canaries: int = 0
) -> list[move_.MoveResult]:
    """A result for each of the plan's steps, in their order.

    State comes from the cloud alone, so a plan may be applied again: what
    is there already is not moved, what still moves is waited for.

    :param canaries: so many moves at most, one for each source, destination
        and path, have to end well before any other is started
    """
    jobs = [
        job_.Job(
            step.action,
            action_.Options(unattended=True),
            seen=step.seen,
        )
        for step in plan.steps
    ]
    first = _canaries(jobs, canaries)
    tried = engine.run(first)
    failed = [r for r in tried if not r.outcome.success]
    if failed:
        engine.refuse(
            f"a canary did not end well: volume {failed[0].volume_id}"
        )
    rest = engine.run([job for job in jobs if job not in first])
    by_volume = {r.action.resource_id: r for r in (*tried, *rest)}
    return [by_volume[job.action.resource_id] for job in jobs]


def _canaries(jobs: Sequence[job_.Job], most: int) -> list[job_.Job]:
    """One job for each kind of way, in the plan's order."""
    chosen: dict[tuple[str | None, str | None, str], job_.Job] = {}
    for job in jobs:
        if len(chosen) >= most:
            break
        way = job.source, job.destination, job.action.migration_type
        chosen.setdefault(way, job)
    return list(chosen.values())


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
        if not (self.volumes or self.snapshots or self.temporary):
            return f"{self.node} is empty"
        counted = (
            (self.volumes, "volume"),
            (self.snapshots, "snapshot"),
            (self.temporary, "temporary volume"),
        )
        things = ", ".join(
            f"{number} {noun}{'s' if number > 1 else ''}"
            for number, noun in counted
            if number
        )
        verb = "remain" if self.volumes + self.snapshots > 1 else "remains"
        return f"{things} {verb} on {self.node}"


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
