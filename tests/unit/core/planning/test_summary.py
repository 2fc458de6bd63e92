# SPDX-License-Identifier: Apache-2.0

"""A plan in numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.planning import planner, summary
from volmigrateclient.core.planning.planner import Readiness
from volmigrateclient.core.planning.selection import Selection
from volmigrateclient.core.planning.summary import Count

_SPARE = planner.Destination((builders.SPARE,))


def _summary(
    *volumes: model.Volume,
    to: planner.Destination = _SPARE,
    pools: Any = None,
    snapshots: tuple[str, ...] = (),
) -> summary.Summary:
    cloud = planned.Cloud(*volumes)
    cloud.owned = [(one, builders.SNAPSHOT) for one in snapshots]
    if pools is not None:
        cloud.pools = pools
    return summary.summarize(
        planner.outlook(cloud.core, Selection(source_nodes=("c1@gold",)), to)
    )


def _volume(number: int, **seen: Any) -> model.Volume:
    return builders.volume(id=f"v{number}", **seen)


def test_volumes_are_counted_by_route_and_type() -> None:
    found = _summary(
        _volume(1, size=10),
        _volume(2, size=20),
        _volume(3, size=5, host="c1@gold#two"),
        _volume(4, size=1),
        snapshots=("v4",),
    )

    assert found.total == Count(4, 36)
    assert found.of(Readiness.READY) == Count(3, 35)
    assert found.of(Readiness.MOVING) == Count(0, 0)
    assert [
        (route.source, route.destination, route.volume_type, route.total)
        for route in found.routes
    ] == [
        (builders.POOL, builders.SPARE, "gold", Count(3, 31)),
        ("c1@gold#two", builders.SPARE, "gold", Count(1, 5)),
    ]
    assert found.routes[0].counts == {
        Readiness.READY: Count(2, 30),
        Readiness.BLOCKED: Count(1, 1),
    }


def test_blockers_are_grouped_with_one_remedy_each() -> None:
    found = _summary(
        _volume(1, group_id="g"),
        _volume(2, project_id="other"),
        _volume(3),
        snapshots=("v1", "v2"),
    )

    assert [
        (blocker.name, blocker.count, len(blocker.projects))
        for blocker in found.blockers
    ] == [("Snapshots", Count(2, 20), 2), ("Group", Count(1, 10), 1)]
    assert found.blockers[0].example.remedy == (
        "openstack volume snapshot delete snapshot-id"
    )


def test_pools_before_and_after() -> None:
    found = _summary(
        _volume(1, size=30),
        _volume(2, size=40),
        # No room is left for it, and so it changes nothing.
        _volume(3, size=50),
    )

    assert {
        fill.name: (fill.before, fill.after, fill.capacity)
        for fill in found.pools
    } == {
        builders.POOL: (10.0, 0.0, 100.0),
        builders.SPARE: (10.0, 80.0, 100.0),
    }
    assert found.shortfall == Count(1, 50)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("c@gold#one", id="the volume names its cluster"),
        # So does Cinder before 3.61; the services tell.
        pytest.param(None, id="the volume names a member alone"),
    ],
)
def test_a_clustered_pool_is_one_pool(told: str | None) -> None:
    cloud = planned.Cloud(
        _volume(1, size=30, host="h1@gold#one", cluster_name=told),
        _volume(2, size=40, host="h2@gold#one", cluster_name=told),
    )
    cloud.pools = [builders.pool("c@gold#one"), builders.pool(builders.SPARE)]
    cloud.services = [
        builders.service(host="h1@gold", cluster="c@gold"),
        builders.service(host="h2@gold", cluster="c@gold"),
        builders.service(host="c2@gold"),
    ]

    found = summary.summarize(
        planner.outlook(
            cloud.core, Selection(source_nodes=("c@gold",)), _SPARE
        )
    )

    assert {fill.name: (fill.before, fill.after) for fill in found.pools} == {
        "c@gold#one": (10.0, 0.0),
        builders.SPARE: (10.0, 80.0),
    }


def test_a_shortfall_says_what_the_pool_has_now() -> None:
    found = _summary(_volume(1, size=60), _volume(2, size=50))

    (blocker,) = found.blockers
    assert blocker.example.detail == (
        "c2@gold#two has 30 GiB left after the moves planned before it (90 "
        "now), the volume is 50 GiB"
    )


def test_where_cinder_chooses_the_pool_none_is_shown() -> None:
    found = _summary(_volume(1), to=planner.Destination(volume_type="silver"))

    assert found.pools == ()
    assert found.routes[0].destination == "type silver"


def test_a_limit_counts_moves_that_are_ready() -> None:
    cloud = planned.Cloud(*(_volume(number, size=1) for number in range(5)))
    cloud.owned = [("v0", builders.SNAPSHOT)]

    found = planner.outlook(
        cloud.core, Selection(source_nodes=("c1@gold",), limit=2), _SPARE
    )

    assert [
        (one.volume.id, one.readiness.value) for one in found.assessments
    ] == [("v0", "blocked"), ("v1", "ready"), ("v2", "ready")]


def test_a_backend_stands_for_its_pools() -> None:
    found = _summary(
        _volume(1, size=60),
        _volume(2, size=50),
        to=planner.Destination(("c2@gold",)),
        pools=[
            builders.pool(name)
            for name in (builders.POOL, "c2@gold#a", "c2@gold#b")
        ],
    )

    assert {route.destination for route in found.routes} == {
        "c2@gold#a",
        "c2@gold#b",
    }
    assert found.of(Readiness.READY) == Count(2, 110)


@pytest.mark.parametrize(
    ("capabilities", "fill"),
    [
        ({}, (10.0, 100.0)),
        # Its files are larger than what Cinder knows to be on it.
        ({"free_capacity_gb": 40.0}, (60.0, 100.0)),
        (
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": 2.0,
                "provisioned_capacity_gb": 150.0,
            },
            (150.0, 200.0),
        ),
        ({"free_capacity_gb": "infinite"}, None),
        ({"total_capacity_gb": "unknown"}, None),
    ],
)
def test_how_full_a_pool_is(
    capabilities: dict[str, Any], fill: tuple[float, float] | None
) -> None:
    found = scheduler.fill(builders.pool(**capabilities))

    if fill is None:
        assert found is None
    else:
        assert found is not None
        assert math.isclose(found.used, fill[0])
        assert math.isclose(found.capacity, fill[1])
