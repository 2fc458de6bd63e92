# SPDX-License-Identifier: Apache-2.0

"""How much room a pool has, by the rules of Cinder's scheduler."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler


@pytest.mark.parametrize(
    ("capabilities", "room"),
    [
        pytest.param({"free_capacity_gb": None}, 0, id="free not reported"),
        pytest.param(
            {"free_capacity_gb": "infinite"}, math.inf, id="infinite"
        ),
        pytest.param(
            {"free_capacity_gb": "unknown", "reserved_percentage": 50},
            math.inf,
            id="unknown, whatever is reserved",
        ),
        pytest.param(
            {"total_capacity_gb": "infinite"},
            math.inf,
            id="a total without end",
        ),
        pytest.param(
            {"total_capacity_gb": "unknown", "reserved_percentage": 5},
            0,
            id="a share of what is unknown",
        ),
        pytest.param({"total_capacity_gb": 0}, 0, id="no capacity at all"),
        pytest.param({"total_capacity_gb": None}, 0, id="no total"),
        pytest.param({}, 90, id="thick: what is free"),
        pytest.param(
            {"provisioned_capacity_gb": 30}, 70, id="thick: or not promised"
        ),
        pytest.param(
            {"reserved_percentage": 25}, 65, id="thick: less the reserve"
        ),
        pytest.param(
            {
                "total_capacity_gb": 33.3,
                "free_capacity_gb": 33.3,
                "provisioned_capacity_gb": 0,
                "reserved_percentage": 10,
            },
            30.3,
            id="the reserve in whole GiB",
        ),
        pytest.param(
            {"free_capacity_gb": 9.996},
            10.0,
            id="rounded to two places, as Cinder does",
        ),
        pytest.param(
            {"provisioned_capacity_gb": 150}, 0, id="never below none"
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "2.0",
            },
            190,
            id="thin: what may be promised",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": 0.5,
            },
            0,
            id="thin: a ratio below 1 is refused",
        ),
        pytest.param(
            {"thin_provisioning_support": True},
            1990,
            id="thin: Cinder's own ratio where none is told",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "auto",
                "provisioned_capacity_gb": 0,
            },
            2000,
            id="thin: auto while nothing is promised",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "auto",
                "free_capacity_gb": 81,
                "provisioned_capacity_gb": 40,
            },
            260,
            id="thin: auto is worked out of what is used",
        ),
    ],
)
def test_room_in_a_pool(capabilities: dict[str, Any], room: float) -> None:
    pool = builders.pool(**capabilities)

    assert scheduler.available_gib(
        pool, builders.volume_type()
    ) == pytest.approx(room)


def test_what_is_allocated_counts_where_nothing_says_provisioned() -> None:
    pool = model.Pool(
        "h@b#p",
        {
            "total_capacity_gb": 100,
            "free_capacity_gb": 100,
            "allocated_capacity_gb": 60,
        },
    )

    assert scheduler.available_gib(pool, None) == 40


def _scheduler_passes(seen: dict[str, Any], thick: bool, size: int) -> bool:
    """Cinder's two conditions, written down from its capacity filter."""
    usable = seen["total_capacity_gb"] - math.floor(
        seen["total_capacity_gb"] * (seen["reserved_percentage"] / 100)
    )
    promised = seen["provisioned_capacity_gb"]
    if seen["thin_provisioning_support"] and not thick:
        ratio = seen["max_over_subscription_ratio"]
        limit = round(usable * ratio, 2)
        share = (promised + size) / limit
        return ratio >= 1 and share <= ratio and limit - promised >= size
    return min(usable - promised, seen["free_capacity_gb"]) >= size


@pytest.mark.parametrize("thick", [False, True], ids=["any", "thick type"])
@pytest.mark.parametrize("thin_pool", [False, True], ids=["thick", "thin"])
def test_room_is_where_the_scheduler_passes(
    thick: bool, thin_pool: bool
) -> None:
    wanted = builders.volume_type(
        extra_specs={"provisioning:type": "thick"} if thick else {}
    )
    tried = itertools.product(
        (10.0, 100.0, 99.5),
        (0.0, 9.0, 60.0),
        (0.0, 10.0, 60.0, 250.0),
        (0, 7, 50),
        (0.5, 1.0, 1.5, 20.0),
        (1, 9, 10, 50, 1000),
    )
    wrong = []
    for total, free, promised, reserved, ratio, size in tried:
        seen = {
            "total_capacity_gb": total,
            "free_capacity_gb": free,
            "provisioned_capacity_gb": promised,
            "reserved_percentage": reserved,
            "max_over_subscription_ratio": ratio,
            "thin_provisioning_support": thin_pool,
        }
        room = scheduler.available_gib(model.Pool("h@b#p", seen), wanted)
        if (room >= size) is not _scheduler_passes(seen, thick, size):
            wrong.append((seen, size, room))

    assert not wrong


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("known_by", ["provisioned", "allocated"])
def test_a_pool_that_holds_more_has_less_room(
    thin: bool, known_by: str
) -> None:
    pool = model.Pool(
        "h@b#p",
        {
            "total_capacity_gb": 100,
            "free_capacity_gb": 100,
            f"{known_by}_capacity_gb": 0,
            "thin_provisioning_support": thin,
            "max_over_subscription_ratio": 2,
        },
    )

    filled = scheduler.with_allocated(pool, 30)

    assert (
        scheduler.available_gib(filled, None)
        == scheduler.available_gib(pool, None) - 30
    )


def test_a_pool_without_end_stays_so() -> None:
    pool = builders.pool(free_capacity_gb="infinite")

    assert (
        scheduler.available_gib(scheduler.with_allocated(pool, 10**6), None)
        == math.inf
    )
