# SPDX-License-Identifier: Apache-2.0

"""Evening out pools: examples, and what holds for all of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.planning.balance import (
    Answer,
    Balance,
    Goal,
    even_out,
)

_GOAL = Goal()

Held = Mapping[str, Sequence[tuple[str, int]]]


def _volume(name: str, size: int) -> model.Volume:
    attached = name.startswith("a")
    return builders.volume(
        id=name,
        size=size,
        attachments=(builders.ATTACHMENT,) if attached else (),
    )


def _pool(name: str, total: int, used: int, **more: Any) -> model.Pool:
    return builders.pool(
        name,
        total_capacity_gb=float(total),
        free_capacity_gb=float(total - used),
        provisioned_capacity_gb=float(used),
        allocated_capacity_gb=float(used),
        **more,
    )


def _yes(volume: model.Volume, pool: model.Pool) -> Answer:
    return Answer.YES


def _balanced(
    held: Held,
    goal: Goal = _GOAL,
    total: int = 100,
    judge: Any = _yes,
    **more: Any,
) -> Balance:
    """Even out pools of that size that hold these volumes alone."""
    return even_out(
        [
            (_volume(*one), pool)
            for pool, volumes in held.items()
            for one in volumes
        ],
        [
            _pool(name, total, sum(size for _, size in volumes), **more)
            for name, volumes in held.items()
        ],
        None,
        goal,
        judge,
    )


def _moves(found: Balance) -> list[tuple[str, str]]:
    return [(t.volume.id, t.destination) for t in found.transfers]


@pytest.mark.parametrize(
    ("held", "goal", "moves"),
    [
        pytest.param({}, Goal(), [], id="no pools"),
        pytest.param({"p": [("d", 90)]}, Goal(), [], id="one pool"),
        pytest.param(
            {"p": [("d", 80)], "q": []}, Goal(), [], id="at the threshold"
        ),
        pytest.param(
            {"p": [("d1", 80), ("d2", 10)], "q": []},
            Goal(),
            [("d2", "q")],
            id="no more than is needed",
        ),
        pytest.param(
            {"p": [("a1", 5), ("d2", 20), ("d1", 20), ("d0", 50)], "q": []},
            Goal(),
            [("d1", "q")],
            id="detached ones first",
        ),
        pytest.param(
            {"p": [("a1", 15), ("a2", 80)], "q": []},
            Goal(),
            [("a1", "q")],
            id="attached ones where there are no others",
        ),
        pytest.param(
            {"p": [("d1", 1), ("d2", 2), ("d3", 12), ("d4", 75)], "q": []},
            Goal(),
            [("d3", "q")],
            id="small ones first, unless a later one does it alone",
        ),
        pytest.param(
            {"p": [(f"d{n}", 10) for n in range(9)], "q": [], "r": []},
            Goal(threshold=0),
            [
                *(("d0", "q"), ("d1", "r"), ("d2", "q")),
                *(("d3", "r"), ("d4", "q"), ("d5", "r")),
            ],
            id="all even",
        ),
        pytest.param(
            {"p": [("d1", 85)], "q": [("d2", 82)]},
            Goal(),
            [],
            id="all are full alike",
        ),
        pytest.param(
            {"p": [("d1", 90)], "q": [("d2", 30)]},
            Goal(),
            [],
            id="the only one there is fits nowhere",
        ),
        pytest.param(
            {"p": [("d1", 90)], "q": []},
            Goal(),
            [],
            id="the other would be as full as this is",
        ),
    ],
)
def test_what_is_moved(
    held: Held, goal: Goal, moves: list[tuple[str, str]]
) -> None:
    assert _moves(_balanced(held, goal)) == moves


def test_in_words() -> None:
    held = {"p": [("d1", 80), ("d2", 10)], "q": []}

    assert _balanced(held).sentences == [
        "p: 90 % full, 80 % afterwards",
        "q: 0 % full, 10 % afterwards",
    ]
    assert _balanced({"p": [("d1", 40)], "q": []}).sentences == [
        "p: 40 % full",
        "q: 0 % full",
        "balanced already",
    ]
    assert _balanced({"p": [("d1", 90)], "q": []}).sentences[-1] == (
        "no further move evens them out more: what is left to move is "
        "blocked, or fits nowhere"
    )


def test_reservations_count() -> None:
    held = {"p": [("d1", 70), ("d2", 10)], "q": []}

    assert _moves(_balanced(held)) == []
    # 80 of 90 is 89 %.
    assert _moves(_balanced(held, reserved_percentage=10)) == [("d2", "q")]


def test_over_subscription_counts() -> None:
    held = {"p": [("d1", 150), ("d2", 100)], "q": []}
    thin: dict[str, Any] = {
        "thin_provisioning_support": True,
        "max_over_subscription_ratio": "3.0",
    }

    found = _balanced(held, **thin)

    # 250 of 300; 100 GiB fit into a pool of 100 GiB all the same.
    assert found.sentences == [
        "p: 83 % full, 50 % afterwards",
        "q: 0 % full, 33 % afterwards",
    ]


def test_what_cannot_tell_is_left_alone() -> None:
    found = even_out(
        [(_volume("d1", 10), "p")],
        [_pool("p", 100, 90), builders.pool("q", free_capacity_gb="unknown")],
        None,
        Goal(),
        _yes,
    )

    assert _moves(found) == []
    assert "left alone, as unknown how full: q" in found.sentences


def test_the_last_word_is_the_checks_ones() -> None:
    held = {
        "p": [("d1", 5), ("d2", 6), ("d3", 79)],
        "q": [],
        "r": [("d4", 20)],
    }
    asked: list[tuple[str, str]] = []

    def judge(volume: model.Volume, pool: model.Pool) -> Answer:
        asked.append((volume.id, pool.name))
        if volume.id == "d1":
            return Answer.NOWHERE
        return Answer.NOT_THERE if pool.name == "q" else Answer.YES

    found = _balanced(held, judge=judge)

    assert _moves(found) == [("d2", "r")]
    assert not found.reached
    # Of a volume that can go nowhere nothing is asked twice.
    assert asked.count(("d1", "q")) == 1
    assert ("d1", "r") not in asked


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({}, (10.0, 100.0)),
        ({"reserved_percentage": 20}, (10.0, 80.0)),
        # More is in it than volumes.
        ({"free_capacity_gb": 40.0}, (60.0, 100.0)),
        (
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "2.0",
                "free_capacity_gb": 99.0,
            },
            (10.0, 200.0),
        ),
        (
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "0.5",
            },
            None,
        ),
        ({"total_capacity_gb": "infinite"}, None),
        ({"free_capacity_gb": None}, None),
        ({"total_capacity_gb": 0}, None),
    ],
)
def test_how_full_a_pool_is(
    capabilities: dict[str, Any], expected: tuple[float, float] | None
) -> None:
    pool = builders.pool(**capabilities)

    found = scheduler.usage(pool, None)

    assert found == expected
    if found is not None and "free_capacity_gb" not in capabilities:
        # The same count as that of what still fits in.
        assert scheduler.available_gib(pool, None) == found[1] - found[0]


def test_a_thick_type_counts_no_over_subscription() -> None:
    pool = builders.pool(
        thin_provisioning_support=True, max_over_subscription_ratio="2.0"
    )
    thick = builders.volume_type(extra_specs={"provisioning:type": "thick"})

    assert scheduler.usage(pool, thick) == (10.0, 100.0)


_SIZES = strategies.lists(strategies.integers(0, 60), max_size=12)
_CLOUDS = strategies.lists(
    strategies.tuples(_SIZES, strategies.integers(50, 400)),
    min_size=1,
    max_size=5,
)
_GOALS = strategies.builds(
    Goal,
    threshold=strategies.sampled_from([0.0, 50.0, 80.0]),
    difference=strategies.sampled_from([0.0, 5.0, 20.0]),
)
#: Whether a volume, and whether a pool, is to be blocked.
_BLOCKED = strategies.sets(strategies.integers(0, 12), max_size=4)


class World:
    """Pools with volumes, as hypothesis makes them."""

    def __init__(
        self, clouds: list[tuple[list[int], int]], blocked: set[int]
    ) -> None:
        self.volumes: list[tuple[model.Volume, str]] = []
        self.pools: list[model.Pool] = []
        for number, (sizes, total) in enumerate(clouds):
            name = f"p{number}"
            self.pools.append(_pool(name, total, sum(sizes)))
            for index, size in enumerate(sizes):
                kind = "ad"[(index + number) % 2]
                self.volumes.append(
                    (_volume(f"{kind}{number}-{index:02}", size), name)
                )
        self._blocked = blocked

    def judge(self, volume: model.Volume, pool: model.Pool) -> Answer:
        if int(volume.id[-2:]) in self._blocked:
            return Answer.NOWHERE
        if int(pool.name[1:]) in self._blocked:
            return Answer.NOT_THERE
        return Answer.YES

    def balanced(self, goal: Goal) -> Balance:
        return even_out(self.volumes, self.pools, None, goal, self.judge)

    def moved(self, found: Balance) -> World:
        """The same once everything is moved."""
        after = World([], self._blocked)
        to = {t.volume.id: t.destination for t in found.transfers}
        after.volumes = [(v, to.get(v.id, p)) for v, p in self.volumes]
        pools = {pool.name: pool for pool in self.pools}
        for transfer in found.transfers:
            for name, size in (
                (transfer.source, -transfer.volume.size),
                (transfer.destination, transfer.volume.size),
            ):
                pools[name] = scheduler.with_allocated(pools[name], size)
        after.pools = list(pools.values())
        return after


@hypothesis.given(clouds=_CLOUDS, blocked=_BLOCKED, goal=_GOALS)
@hypothesis.settings(deadline=None, max_examples=100)
def test_never_worse_and_within_what_fits(
    clouds: list[tuple[list[int], int]], blocked: set[int], goal: Goal
) -> None:
    world = World(clouds, blocked)

    found = world.balanced(goal)

    before = [one.percent for one in found.before.values()]
    after = [one.percent for one in found.after.values()]
    assert max(after) <= max(before) + 1e-6
    assert max(after) - min(after) <= max(before) - min(before) + 1e-6
    where = {volume.id: pool for volume, pool in world.volumes}
    ids = [t.volume.id for t in found.transfers]
    assert len(ids) == len(set(ids))
    pools = {pool.name: pool for pool in world.pools}
    for transfer in found.transfers:
        assert transfer.source == where[transfer.volume.id]
        assert transfer.source != transfer.destination
        assert (
            world.judge(transfer.volume, pools[transfer.destination])
            is Answer.YES
        )
    for name, pool in pools.items():
        comes = sum(
            t.volume.size for t in found.transfers if t.destination == name
        )
        assert comes <= scheduler.available_gib(pool, None) or not comes
    # It is what would be.
    then = world.moved(found)
    for pool in then.pools:
        used, capacity = scheduler.usage(pool, None) or (0.0, 1.0)
        assert used / capacity * 100 == pytest.approx(
            found.after[pool.name].percent
        )


@hypothesis.given(clouds=_CLOUDS, blocked=_BLOCKED, goal=_GOALS)
@hypothesis.settings(deadline=None, max_examples=60)
def test_what_is_balanced_stays_so_and_no_move_is_needless(
    clouds: list[tuple[list[int], int]], blocked: set[int], goal: Goal
) -> None:
    world = World(clouds, blocked)
    found = world.balanced(goal)

    if not goal.too_full(found.before):
        assert found.transfers == ()
    if found.reached:
        again = world.moved(found).balanced(goal)
        assert again.transfers == ()
        assert again.sentences[-1] == "balanced already"
        for one in found.transfers:
            levels = dict(found.after)
            size = one.volume.size
            levels[one.source] = levels[one.source].plus(size)
            levels[one.destination] = levels[one.destination].plus(-size)
            assert goal.too_full(levels)


@hypothesis.given(
    clouds=_CLOUDS,
    blocked=_BLOCKED,
    goal=_GOALS,
    shuffled=strategies.randoms(use_true_random=False),
)
@hypothesis.settings(deadline=None, max_examples=100)
def test_in_whatever_order_cinder_lists_them(
    clouds: list[tuple[list[int], int]],
    blocked: set[int],
    goal: Goal,
    shuffled: random.Random,
) -> None:
    world = World(clouds, blocked)
    found = world.balanced(goal)

    shuffled.shuffle(world.volumes)
    shuffled.shuffle(world.pools)

    assert world.balanced(goal).transfers == found.transfers
