# SPDX-License-Identifier: Apache-2.0

"""A plan that evens out the pools that serve a type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import even
from volmigrateclient.core.planning.balance import Balance, Goal
from volmigrateclient.core.planning.selection import Selection


def _full(name: str = builders.POOL, used: float = 90.0) -> model.Pool:
    return builders.pool(
        name,
        free_capacity_gb=100.0 - used,
        provisioned_capacity_gb=used,
        allocated_capacity_gb=used,
    )


class Cloud(planned.Cloud):
    """Gold's two pools, one full and one empty, and silver's."""

    def __init__(self, *volumes: model.Volume) -> None:
        super().__init__(*volumes)
        self.pools = [_full(), _full(builders.SPARE, 0.0), builders.pool()]
        self.pools[2] = builders.pool(builders.OTHER)
        self.services: list[model.Service] = [
            builders.service(host=model.backend_of(pool.name))
            for pool in self.pools
        ]

    def list_volume_services(self) -> list[model.Service]:
        return self.services


def _volume(number: int, size: int = 10, **seen: Any) -> model.Volume:
    return builders.volume(id=f"v{number}", size=size, **seen)


def _balanced(
    cloud: Cloud, **conditions: Any
) -> tuple[list[tuple[str, str, str | None]], Balance]:
    conditions.setdefault("source_types", ("gold",))
    found, balance = even.plan(cloud.core, Selection(**conditions), Goal())
    return (
        [
            (
                one.action.resource_id,
                one.action.migration_type,
                one.action.destination_node,
            )
            for one in found.assessments
        ],
        balance,
    )


def test_it_moves_what_is_needed_to_the_pool_of_the_type() -> None:
    cloud = Cloud(*(_volume(n) for n in range(3)))

    moves, balance = _balanced(cloud)

    assert moves == [("v0", "cold", builders.SPARE)]
    assert balance.sentences == [
        f"{builders.POOL}: 90 % full, 80 % afterwards",
        f"{builders.SPARE}: 0 % full, 10 % afterwards",
    ]


def test_attached_ones_are_swapped_to_their_own_type() -> None:
    cloud = Cloud(builders.attached())

    found, _ = even.plan(cloud.core, Selection(source_types=("gold",)), Goal())

    (one,) = found.assessments
    assert one.action.migration_type == "swap"
    # Never a retype.
    assert one.action.destination_type == "gold"


def test_what_is_blocked_moves_and_what_moves_already_stays() -> None:
    cloud = Cloud(
        _volume(0, group_id="g"),
        _volume(1, migration_status="migrating"),
        _volume(2, size=20),
    )

    moves, _ = _balanced(cloud)

    assert moves == [("v2", "cold", builders.SPARE)]


def test_a_condition_may_narrow_what_is_moved() -> None:
    cloud = Cloud(_volume(0), _volume(1, size=12))

    moves, _ = _balanced(cloud, min_size=11)

    assert [volume_id for volume_id, *_ in moves] == ["v1"]


@pytest.mark.parametrize("seen", [{"enabled": False}, {"up": False}])
def test_a_pool_that_takes_nothing_is_none(seen: dict[str, Any]) -> None:
    cloud = Cloud(_volume(0))
    cloud.services[1] = builders.service(host="c2@gold", **seen)

    moves, balance = _balanced(cloud)

    assert moves == []
    assert set(balance.before) == {builders.POOL}


@pytest.mark.parametrize("types", [(), ("gold", "silver")])
def test_one_type_has_to_be_named(types: tuple[str, ...]) -> None:
    with pytest.raises(errors.InvalidActionError, match="name the one type"):
        _balanced(Cloud(_volume(0)), source_types=types, attached=False)


def test_a_type_that_is_none() -> None:
    with pytest.raises(errors.UnknownTypeError):
        _balanced(Cloud(_volume(0)), source_types=("golf",))


def test_a_type_without_a_pool() -> None:
    cloud = Cloud(_volume(0))
    cloud.pools = cloud.pools[2:]

    with pytest.raises(errors.LookupFailedError, match="no pool that is up"):
        _balanced(cloud)
