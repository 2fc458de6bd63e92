# SPDX-License-Identifier: Apache-2.0

"""A plan that is read again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.planning import plan, review, summary
from volmigrateclient.core.planning.planner import Readiness
from volmigrateclient.core.planning.summary import Count

_SNAPSHOT = (
    "Invalid state for cold migration: the volume has 1 snapshot: "
    "'before-upgrade' (available) (remedy: openstack volume snapshot delete "
    "snapshot-id)"
)


def _plan(*actions: model.Action, **recorded: Any) -> plan.Plan:
    return plan.Plan(
        "https://keystone/v3",
        None,
        "",
        tuple(
            plan.PlannedAction(
                action,
                model.PlannedVolume(
                    **{"host": builders.POOL, "size": 10, **recorded}
                ),
            )
            for action in actions
        ),
    )


@pytest.mark.parametrize(
    ("seen", "snapshots", "readiness", "reasons"),
    [
        ({}, (), Readiness.READY, ()),
        (
            {"host": builders.SPARE},
            (),
            Readiness.ALREADY_THERE,
            ("the volume is on c2@gold#two already",),
        ),
        (
            {"status": "maintenance", "migration_status": "migrating"},
            (),
            Readiness.MOVING,
            (),
        ),
        (
            {"size": 20},
            (),
            Readiness.CHANGED,
            ("its size was 10, is 20",),
        ),
        # That it changed is what counts: it has to be planned again.
        (
            {"size": 20},
            (builders.VOLUME_ID,),
            Readiness.CHANGED,
            ("its size was 10, is 20",),
        ),
        (
            {},
            (builders.VOLUME_ID,),
            Readiness.BLOCKED,
            (_SNAPSHOT,),
        ),
    ],
)
def test_each_step_is_judged_anew(
    seen: dict[str, Any],
    snapshots: tuple[str, ...],
    readiness: Readiness,
    reasons: tuple[str, ...],
) -> None:
    cloud = planned.Cloud(builders.volume(**seen))
    cloud.owned = [(one, builders.SNAPSHOT) for one in snapshots]

    (found,) = review.review(cloud.core, _plan(builders.migrate())).assessments

    assert (found.readiness, found.reasons) == (readiness, reasons)
    assert cloud.writes == []


def test_a_volume_that_is_gone_is_told_by_what_was_recorded() -> None:
    cloud = planned.Cloud()

    (found,) = review.review(
        cloud.core, _plan(builders.migrate(), name="old")
    ).assessments

    assert found.readiness is Readiness.CHANGED
    assert found.reasons == ("the volume is gone",)
    assert (found.volume.name, found.volume.size) == ("old", 10)


def test_only_what_is_ready_fills_the_pools() -> None:
    cloud = planned.Cloud(
        builders.volume(id="v1"),
        builders.volume(id="v2", size=99),
        builders.volume(id="v3", host=builders.SPARE),
    )
    told: list[tuple[int, int]] = []

    found = review.review(
        cloud.core,
        _plan(*(builders.migrate(resource_id=f"v{n}") for n in (1, 2, 3))),
        tell=lambda done, total: told.append((done, total)),
    )

    numbers = summary.summarize(found)
    assert numbers.counts == {
        Readiness.READY: Count(1, 10),
        Readiness.CHANGED: Count(1, 99),
        Readiness.ALREADY_THERE: Count(1, 10),
    }
    # What is there already came the way that was planned.
    assert [
        (route.source, route.destination, route.total.volumes)
        for route in numbers.routes
    ] == [(builders.POOL, builders.SPARE, 3)]
    assert [(p.name, p.before, p.after) for p in numbers.pools] == [
        (builders.POOL, 10.0, 0.0),
        (builders.SPARE, 10.0, 20.0),
    ]
    assert told == [(0, 3), (3, 3)]
