# SPDX-License-Identifier: Apache-2.0

"""Evening out the pools that serve a type.

Which volumes to move so that no pool is fuller than a threshold: few GiB,
detached and small ones first. How full a pool is, and what still fits in, is
counted as Cinder's scheduler counts it: reservations and over-subscription
included. Only pools change; a type never does.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler

#: Percentage points by which numbers may differ that are the same.
_SAME = 1e-9


class Answer(enum.Enum):
    """Whether a volume may be moved to a pool."""

    YES = "yes"
    #: Not there, but perhaps to another one.
    NOT_THERE = "not there"
    #: Nowhere: something about the volume itself blocks it.
    NOWHERE = "nowhere"


#: Asked before each move that is planned: by now all before it are.
Judge = Callable[[model.Volume, model.Pool], Answer]


@dataclasses.dataclass(frozen=True)
class Level:
    """How full a pool is, in GiB as the scheduler counts them."""

    used: float
    capacity: float

    @property
    def percent(self) -> float:
        """How full; above 100 where more is in than would be placed."""
        return self.used / self.capacity * 100

    def plus(self, size: int) -> Level:
        """With so many GiB more."""
        return dataclasses.replace(self, used=self.used + size)


@dataclasses.dataclass(frozen=True)
class Transfer:
    """A volume, and the pools that it is moved from and to."""

    volume: model.Volume
    source: str
    destination: str


@dataclasses.dataclass(frozen=True)
class Goal:
    """When pools count as even; percentage points.

    :param threshold: no pool is fuller than this, or
    :param difference: none of those that are is so much fuller than the
        emptiest
    """

    threshold: float = 80.0
    difference: float = 5.0

    def too_full(self, levels: Mapping[str, Level]) -> list[str]:
        """The pools to take something away from, the fullest first."""
        lowest = min((one.percent for one in levels.values()), default=0.0)
        return sorted(
            (
                name
                for name, level in levels.items()
                if level.percent > self.threshold + _SAME
                and level.percent - lowest > self.difference + _SAME
            ),
            key=lambda name: (-levels[name].percent, name),
        )


@dataclasses.dataclass(frozen=True)
class Balance:
    """What to move, and how full pools are before and after it.

    :param unknown: pools that serve the type and do not tell how full
        they are: left alone
    """

    transfers: tuple[Transfer, ...]
    before: Mapping[str, Level]
    after: Mapping[str, Level]
    goal: Goal
    unknown: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the pools are even then."""
        return not self.goal.too_full(self.after)

    @property
    def sentences(self) -> list[str]:
        """For people: how full before and after, and whether it is even."""
        told = [
            f"{name}: {level.percent:.0f} % full"
            + (
                f", {self.after[name].percent:.0f} % afterwards"
                if self.transfers
                else ""
            )
            for name, level in sorted(self.before.items())
        ]
        if self.unknown:
            told.append(
                f"left alone, as unknown how full: {', '.join(self.unknown)}"
            )
        if not self.goal.too_full(self.before):
            told.append("balanced already")
        elif not self.reached:
            told.append(
                "no further move evens them out more: what is left to move "
                "is blocked, or fits nowhere"
            )
        return told


def level(
    pool: model.Pool, volume_type: model.VolumeType | None
) -> Level | None:
    """How full a pool is, or None where its backend cannot tell."""
    usage = scheduler.usage(pool, volume_type)
    return None if usage is None else Level(*usage)


def even_out(
    volumes: Iterable[tuple[model.Volume, str]],
    pools: Sequence[model.Pool],
    volume_type: model.VolumeType | None,
    goal: Goal,
    judge: Judge,
) -> Balance:
    """Choose what to move.

    :param volumes: those that may be moved, each with the name of its pool
    :param pools: those that serve the type and are up
    :param judge: has the last word on each move
    """
    known = {pool.name: level(pool, volume_type) for pool in pools}
    before = {name: one for name, one in known.items() if one is not None}
    scales = _Scales(
        volumes,
        {pool.name: pool for pool in pools if pool.name in before},
        before,
        volume_type,
        goal,
        judge,
    )
    transfers = scales.without_needless(list(scales.transfers()))
    return Balance(
        tuple(transfers),
        before,
        _levels_after(before, transfers),
        goal,
        tuple(sorted(set(known) - set(before))),
    )


def _levels_after(
    levels: Mapping[str, Level], transfers: Iterable[Transfer]
) -> dict[str, Level]:
    after = dict(levels)
    for one in transfers:
        size = one.volume.size
        after[one.source] = after[one.source].plus(-size)
        after[one.destination] = after[one.destination].plus(size)
    return after


class _Scales:
    """Pools with what is planned by now, and volumes to be moved."""

    def __init__(
        self,
        volumes: Iterable[tuple[model.Volume, str]],
        pools: Mapping[str, model.Pool],
        levels: Mapping[str, Level],
        volume_type: model.VolumeType | None,
        goal: Goal,
        judge: Judge,
    ) -> None:
        self._pools = dict(pools)
        self._before = dict(levels)
        self._levels = dict(levels)
        # What is freed is not counted on: Cinder's own numbers lag behind.
        self._room = {
            name: scheduler.available_gib(pool, volume_type)
            for name, pool in pools.items()
        }
        self._goal = goal
        self._judge = judge
        self._waiting: dict[str, list[model.Volume]] = {n: [] for n in pools}
        for volume, pool in volumes:
            # Nothing of 0 GiB would change anything.
            if pool in self._waiting and volume.size > 0:
                self._waiting[pool].append(volume)
        for waiting in self._waiting.values():
            waiting.sort(key=_detached_and_small_first)

    def transfers(self) -> Iterator[Transfer]:
        """One after the other, until all is even or nothing helps."""
        while (found := self._next()) is not None:
            size = found.volume.size
            self._levels = _levels_after(self._levels, [found])
            self._room[found.destination] -= size
            self._waiting[found.source].remove(found.volume)
            yield found

    def _next(self) -> Transfer | None:
        for source in self._goal.too_full(self._levels):
            for volume in list(self._waiting[source]):
                destination = self._destination(volume, source)
                if destination is not None:
                    return Transfer(volume, source, destination)
        return None

    def _destination(self, volume: model.Volume, source: str) -> str | None:
        for name in sorted(
            self._levels, key=lambda n: (self._levels[n].percent, n)
        ):
            if not self._helps(volume, source, name):
                continue
            answer = self._judge(volume, self._pools[name])
            if answer is Answer.YES:
                return name
            if answer is Answer.NOWHERE:
                self._waiting[source].remove(volume)
                return None
        return None

    def _helps(
        self, volume: model.Volume, source: str, destination: str
    ) -> bool:
        """Whether a move makes things more even, and none worse."""
        levels, size = self._levels, volume.size
        full = levels[source].percent
        lowest = min(one.percent for one in levels.values())
        return (
            full - levels[destination].percent > self._goal.difference + _SAME
            and self._room[destination] >= size
            and levels[destination].plus(size).percent < full - _SAME
            and levels[source].plus(-size).percent >= lowest - _SAME
        )

    def without_needless(self, transfers: list[Transfer]) -> list[Transfer]:
        """Leave out what all the others make needless, the largest first.

        Small ones come first, and one that comes later may do it alone.
        """
        if self._goal.too_full(_levels_after(self._before, transfers)):
            return transfers
        for one in sorted(
            transfers, key=lambda t: (-t.volume.size, t.volume.id)
        ):
            others = [other for other in transfers if other is not one]
            if not self._goal.too_full(_levels_after(self._before, others)):
                transfers = others
        return transfers


def _detached_and_small_first(
    volume: model.Volume,
) -> tuple[bool, int, str]:
    return bool(volume.attachments), volume.size, volume.id
