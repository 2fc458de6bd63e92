# SPDX-License-Identifier: Apache-2.0

"""A plan in numbers: what moves where, what blocks it, how full it gets.

Pure functions of what was assessed; commands render them.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.cloud.place import place_of
from volmigrateclient.core.planning.planner import (
    Assessment,
    Outlook,
    Readiness,
)


@dataclasses.dataclass(frozen=True)
class Count:
    """So many volumes, and how many GiB they are together."""

    volumes: int = 0
    gib: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.volumes + other.volumes, self.gib + other.gib)


Counts = Mapping[Readiness, Count]


@dataclasses.dataclass(frozen=True)
class Route:
    """Volumes of one type that go from one place to another.

    :param source: the pool that they are on, or were on when they were
        planned; None is none yet
    :param destination: a pool, or ``type NAME`` where Cinder chooses one
    :param volume_type: the type that they have, or had then
    """

    source: str | None
    destination: str
    volume_type: str | None
    counts: Counts

    @property
    def total(self) -> Count:
        """All of its volumes."""
        return sum(self.counts.values(), Count())


@dataclasses.dataclass(frozen=True)
class Blocker:
    """Everything that one check blocks.

    :param name: the check's
    :param example: what it says of the first of the volumes
    """

    name: str
    count: Count
    example: model.Check
    projects: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class PoolFill:
    """How full a pool is, and will be; GiB, as the scheduler counts."""

    name: str
    before: float
    after: float
    capacity: float


@dataclasses.dataclass(frozen=True)
class Summary:
    """All of a plan.

    :param routes: the largest first
    :param blockers: the most frequent first; a volume counts for each check
        that blocks it
    :param pools: those that volumes leave or go to
    :param shortfall: what no pool has room for
    """

    counts: Counts
    routes: tuple[Route, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    pools: tuple[PoolFill, ...] = ()
    shortfall: Count = Count()

    @property
    def total(self) -> Count:
        """All volumes."""
        return sum(self.counts.values(), Count())

    def of(self, readiness: Readiness) -> Count:
        """The volumes that are so."""
        return self.counts.get(readiness, Count())


#: The checks that say that there is no room.
_CAPACITY = ("Capacity", "Pools of the type")


def summarize(outlook: Outlook) -> Summary:
    """The numbers of what was assessed."""
    found = outlook.assessments
    return Summary(
        counts=_counts(found),
        routes=tuple(_routes(found)),
        blockers=group_blockers(
            (Blocked(one.volume.size, one.volume.project_id, one.blockers))
            for one in found
        ),
        pools=tuple(_fills(outlook)),
        shortfall=_count(
            one
            for one in found
            if any(blocker.name in _CAPACITY for blocker in one.blockers)
        ),
    )


def destination_of(action: model.Action) -> str:
    """Where a volume goes: its pool, or the type where Cinder chooses."""
    return action.destination_node or f"type {action.destination_type}"


def _count(found: Iterable[Assessment]) -> Count:
    return sum((Count(1, one.volume.size) for one in found), Count())


def _counts(found: Iterable[Assessment]) -> Counts:
    counts: dict[Readiness, Count] = {}
    for one in found:
        counts[one.readiness] = counts.get(one.readiness, Count()) + Count(
            1, one.volume.size
        )
    return counts


def _routes(found: Iterable[Assessment]) -> list[Route]:
    by_route: dict[tuple[str | None, str, str | None], list[Assessment]] = {}
    for one in found:
        before = one.planned or model.PlannedVolume()
        key = (
            before.host or one.volume.host,
            destination_of(one.action),
            before.type or one.volume.type_name,
        )
        by_route.setdefault(key, []).append(one)
    routes = [Route(*key, _counts(some)) for key, some in by_route.items()]
    return sorted(routes, key=lambda route: -route.total.gib)


@dataclasses.dataclass(frozen=True)
class Blocked:
    """A volume, and the checks that block it."""

    size: int
    project_id: str
    blockers: tuple[model.Check, ...]


def group_blockers(found: Iterable[Blocked]) -> tuple[Blocker, ...]:
    """What blocks, the most frequent first."""
    by_name: dict[str, list[Blocked]] = {}
    examples: dict[str, model.Check] = {}
    for one in found:
        for blocker in one.blockers:
            examples.setdefault(blocker.name, blocker)
        for name in dict.fromkeys(blocker.name for blocker in one.blockers):
            by_name.setdefault(name, []).append(one)
    groups = (
        Blocker(
            name,
            sum((Count(1, one.size) for one in some), Count()),
            examples[name],
            frozenset(one.project_id for one in some),
        )
        for name, some in by_name.items()
    )
    return tuple(sorted(groups, key=lambda group: -group.count.volumes))


def _fills(outlook: Outlook) -> Iterable[PoolFill]:
    """How full the pools get once all that is ready has moved."""
    listed = _listed_names(outlook)
    change: collections.Counter[str] = collections.Counter()
    touched: dict[str, None] = {}
    for one in outlook.assessments:
        node, host = one.action.destination_node, one.volume.host
        if node is None or one.readiness is Readiness.ALREADY_THERE:
            continue
        to, leaves = listed[node], listed[host] if host else None
        touched.update(dict.fromkeys(name for name in (leaves, to) if name))
        if one.readiness is Readiness.READY and leaves != to:
            change[to] += one.volume.size
            if leaves is not None:
                change[leaves] -= one.volume.size
    known = {pool.name: pool for pool in outlook.pools}
    for name in touched:
        fill = scheduler.fill(known[name]) if name in known else None
        if fill is not None:
            after = max(fill.used + change[name], 0.0)
            yield PoolFill(name, fill.used, after, fill.capacity)


def _listed_names(outlook: Outlook) -> Mapping[str, str]:
    """By each name that is used of a pool, the one the scheduler lists.

    A volume says ``host@backend#pool`` of a pool that is listed as
    ``cluster@backend#pool``.
    """
    names: dict[str, str] = {}
    for one in outlook.assessments:
        volume = one.volume
        if volume.host is not None and volume.cluster_name is not None:
            names[volume.host] = volume.cluster_name
    for one in outlook.assessments:
        for node in (one.volume.host, one.action.destination_node):
            if node is not None and node not in names:
                place = place_of(node, outlook.services)
                names[node] = place.listed_name
    return names
