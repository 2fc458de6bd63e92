# SPDX-License-Identifier: Apache-2.0

"""From a selection to actions: where they go, what is booked, what blocks."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import checks, model
from volmigrateclient.core.model import check, errors
from volmigrateclient.core.planning import planner
from volmigrateclient.core.planning.order import Order

POOL, SPARE, OTHER = builders.POOL, builders.SPARE, builders.OTHER


def _volumes(*sizes: int, **seen: Any) -> list[model.Volume]:
    return [
        builders.volume(id=f"v{n}", size=size, **seen)
        for n, size in enumerate(sizes)
    ]


def _told(
    found: list[planner.Assessment],
) -> list[tuple[str, str | None, str]]:
    return [
        (one.volume.id, one.action.destination_node, one.readiness.value)
        for one in found
    ]


def test_a_detached_volume_is_migrated_cold() -> None:
    (one,) = planned.planned(planned.Cloud(builders.volume()), SPARE)

    assert one.action == builders.migrate()
    assert one.readiness is planner.Readiness.READY


def test_an_attached_volume_is_swapped_to_its_own_type() -> None:
    (one,) = planned.planned(planned.Cloud(builders.attached()), SPARE)

    assert one.action.migration_type == "swap"
    assert one.action.destination_node == SPARE
    assert one.action.destination_type == "gold"
    assert one.readiness is planner.Readiness.READY


@pytest.mark.parametrize(
    ("volume", "kind"),
    [(builders.volume(), "cold"), (builders.attached(), "swap")],
)
def test_to_a_type(volume: model.Volume, kind: str) -> None:
    (one,) = planned.planned(planned.Cloud(volume), volume_type="silver")

    assert one.action.migration_type == kind
    assert one.action.destination_type == "silver"
    assert one.action.destination_node is None


def test_every_reason_is_named_and_the_plan_goes_on() -> None:
    first, second = _volumes(1, 1)
    cloud = planned.Cloud(
        dataclasses.replace(first, group_id="g"),
        second,
    )
    cloud.owned = [(first.id, builders.SNAPSHOT)]

    blocked, ready = planned.planned(cloud, SPARE)

    (reason,) = blocked.reasons
    assert reason.startswith("Invalid state for cold migration: the volume ")
    assert "has 1 snapshot: 'before-upgrade'" in reason
    assert "is in group g" in reason
    assert ready.readiness is planner.Readiness.READY


def test_what_is_there_needs_no_move() -> None:
    (one,) = planned.planned(
        planned.Cloud(builders.volume(host=SPARE)), SPARE, source_nodes=("c2",)
    )

    assert one.readiness is planner.Readiness.ALREADY_THERE
    assert one.reasons == (f"the volume is on {SPARE} already",)


@pytest.mark.parametrize(
    ("capabilities", "fits"),
    [
        ({}, 90),
        ({"reserved_percentage": 50}, 40),
        (
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "2.0",
            },
            190,
        ),
        ({"free_capacity_gb": "infinite"}, 200),
    ],
)
def test_a_pool_is_filled_as_far_as_the_scheduler_would(
    capabilities: dict[str, Any], fits: int
) -> None:
    cloud = planned.Cloud(*_volumes(*[10] * 20))
    cloud.pools[1] = builders.pool(SPARE, **capabilities)

    found = planned.planned(cloud, SPARE)

    ready = [one for one in found if one.readiness is planner.Readiness.READY]
    assert sum(one.volume.size for one in ready) == fits
    assert all(
        f"{SPARE} has " in one.reasons[0] for one in found[len(ready) :]
    )


def test_pools_are_filled_in_the_order_given() -> None:
    third = "c4@gold#three"
    cloud = planned.Cloud(*_volumes(60, 50, 30, 100))
    cloud.pools.append(builders.pool(third))

    assert _told(planned.planned(cloud, SPARE, third)) == [
        ("v0", SPARE, "ready"),
        ("v1", third, "ready"),
        ("v2", SPARE, "ready"),
        ("v3", SPARE, "blocked"),
    ]


def test_a_pool_that_does_not_serve_the_type_is_passed_over() -> None:
    cloud = planned.Cloud(builders.volume())

    assert _told(planned.planned(cloud, OTHER, SPARE)) == [
        (builders.VOLUME_ID, SPARE, "ready")
    ]


def test_a_pool_that_is_down_is_passed_over() -> None:
    third = "c4@gold#three"
    cloud = planned.Cloud(builders.volume())
    cloud.pools.append(builders.pool(third, backend_state="down"))

    assert _told(planned.planned(cloud, third, SPARE)) == [
        (builders.VOLUME_ID, SPARE, "ready")
    ]


def test_where_no_pool_fits_all_are_named() -> None:
    cloud = planned.Cloud(*_volumes(100))

    (one,) = planned.planned(cloud, SPARE, OTHER)

    assert f"{SPARE} has 90 GiB left" in one.reasons[0]
    assert one.reasons[1] == f"nor can {OTHER} take it"


def test_quota_is_booked_by_project_and_type() -> None:
    mine, others = _volumes(10, 10, 10), _volumes(10, project_id="other")
    cloud = planned.Cloud(
        *mine, *(dataclasses.replace(v, id="o") for v in others)
    )
    cloud.quotas[builders.PROJECT_ID] = {
        "volumes_silver": model.Quota(-1, 0, 0),
        "gigabytes_silver": model.Quota(25, 0, 0),
    }

    found = planned.planned(cloud, volume_type="silver")

    assert [one.readiness.value for one in found] == [
        "ready",
        "ready",
        "blocked",
        "ready",
    ]
    assert "gigabytes_silver of project" in found[2].reasons[0]
    assert "10 needed, 5 left" in found[2].reasons[0]
    assert cloud.asked["quota"] == 2


def test_what_is_blocked_books_nothing() -> None:
    grouped, free = _volumes(80, 80)
    cloud = planned.Cloud(dataclasses.replace(grouped, group_id="g"), free)

    assert _told(planned.planned(cloud, SPARE)) == [
        ("v0", SPARE, "blocked"),
        ("v1", SPARE, "ready"),
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.GIVEN, ["v0", "v1", "v2"]),
        (Order.SMALLEST, ["v1", "v2", "v0"]),
        (Order.LARGEST, ["v0", "v2", "v1"]),
    ],
)
def test_order(order: Order, expected: list[str]) -> None:
    cloud = planned.Cloud(*_volumes(30, 10, 20))

    found = planned.planned(cloud, SPARE, order=order)

    assert [one.volume.id for one in found] == expected


def test_hundreds_of_volumes_cost_the_requests_of_one() -> None:
    few, many = (planned.Cloud(*_volumes(*[0] * count)) for count in (1, 300))

    planned.planned(few, SPARE)
    planned.planned(many, SPARE)

    assert few.asked == many.asked
    assert "quota" not in many.asked  # no type changes
    assert max(many.asked.values()) == 1
    assert many.writes == []


@pytest.mark.parametrize(
    ("to", "says"),
    [
        (
            {"nodes": ("c9@x#y",)},
            r"knows no pool 'c9@x#y' \(see 'openstack volume backend pool",
        ),
        (
            {"nodes": ("c2@gold#tow",)},
            "knows no pool 'c2@gold#tow'; did you mean 'c2@gold#two'",
        ),
        (
            {"nodes": ("c9@gold",)},
            "no pools of backend 'c9@gold'; give host@backend#pool; did you",
        ),
        ({"volume_type": "brass"}, "name or ID of 'brass' exists$"),
        (
            {"volume_type": "sliver"},
            "name or ID of 'sliver' exists; did you mean 'silver'",
        ),
    ],
)
def test_an_unknown_destination_is_an_error(
    to: dict[str, Any], says: str
) -> None:
    with pytest.raises(errors.LookupFailedError, match=says):
        planned.planned(
            planned.Cloud(builders.volume()),
            *to.get("nodes", ()),
            volume_type=to.get("volume_type"),
        )


@pytest.mark.parametrize(
    ("volume", "others"),
    [
        pytest.param(
            builders.volume(
                id=builders.VOLUME_ID,
                status="maintenance",
                migration_status="migrating",
            ),
            (
                builders.volume(
                    id="target",
                    host=OTHER,
                    migration_status=f"target:{builders.VOLUME_ID}",
                ),
            ),
            id="Cinder is moving it to another pool",
        ),
        pytest.param(
            builders.volume(status="reserved"), (), id="reserved for a server"
        ),
        pytest.param(builders.volume(group_id="group"), (), id="in a group"),
    ],
)
def test_a_plan_says_what_a_check_says(
    volume: model.Volume, others: tuple[model.Volume, ...]
) -> None:
    cloud = planned.Cloud(volume, *others)
    cloud.attachments = (builders.ATTACHMENT,)

    (one,) = planned.planned(
        cloud, SPARE, names=("data",), source_nodes=(POOL,)
    )

    found = checks.blockers(
        checks.run(cloud.core, builders.request(one.action))
    )
    assert one.readiness is planner.Readiness.BLOCKED
    assert one.reasons == tuple(check.sentences(found))
