# SPDX-License-Identifier: Apache-2.0

"""Carrying out a plan: where it stopped, canaries first, and what remains."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.engine import running
from tests.unit.core.planning import planned
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine import Engine
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.servers import BusyServers
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning.apply import (
    Remainder,
    apply_plan,
    remainder,
)
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.plan import Plan, PlannedAction

_FAILS = {"migration_status": "error"}
_MOVED = {"host": builders.SPARE, "migration_status": "success"}


class Field:
    """A plan for volumes of a cloud in memory, and an engine for it."""

    def __init__(
        self, *volumes: model.Volume, seen: bool = True, **limits: Any
    ) -> None:
        self.cloud = planned.Cloud(*volumes)
        self.clock = scripted_cloud.ScriptedClock()
        self.log = running.Log(self.clock)
        self.engine = Engine(
            self.cloud.core,
            self.log,
            self.clock,
            Admission(Limits(**limits), servers=BusyServers()),
            workers=1,
        )
        self.plan = Plan(
            auth_url="https://keystone",
            region_name=None,
            created_at="",
            steps=tuple(
                PlannedAction(
                    builders.migrate(resource_id=volume.id),
                    model.PlannedVolume.of(volume) if seen else None,
                )
                for volume in volumes
            ),
        )

    def moves(self, volume: model.Volume, **end: Any) -> None:
        """Have Cinder move a volume, once it is asked to."""
        running = dataclasses.replace(
            volume, migration_status="migrating", status="maintenance"
        )
        self.cloud.moves[volume.id] = [
            running,
            running,
            dataclasses.replace(volume, **(end or _MOVED)),
        ]

    def apply(self, **how: Any) -> list[tuple[str, str]]:
        return [
            (result.outcome.value, result.reason)
            for result in apply_plan(self.engine, self.plan, **how)
        ]

    @property
    def asked(self) -> list[str]:
        """The volumes that Cinder was asked to move, in that order."""
        return [write[1] for write in self.cloud.writes]


def _volumes(count: int, **seen: Any) -> list[model.Volume]:
    return [builders.volume(id=f"v{n}", **seen) for n in range(count)]


def _field(volumes: Sequence[model.Volume], **how: Any) -> Field:
    field = Field(*volumes, **how)
    for volume in volumes:
        field.moves(volume)
    return field


def test_each_step_has_a_result_in_the_plan_s_order() -> None:
    field = _field(_volumes(3))

    assert field.apply() == [("done", "")] * 3
    assert field.asked == ["v0", "v1", "v2"]


@pytest.mark.parametrize(
    ("order", "asked"),
    [
        (Order.GIVEN, ["v0", "v1", "v2"]),
        (Order.SMALLEST, ["v1", "v2", "v0"]),
        (Order.LARGEST, ["v0", "v2", "v1"]),
    ],
)
def test_order(order: Order, asked: list[str]) -> None:
    volumes = [
        builders.volume(id=f"v{n}", size=size)
        for n, size in enumerate((30, 10, 20))
    ]
    field = _field(volumes)

    field.apply(order=order)

    assert field.asked == asked


def test_what_is_there_costs_a_request_for_50() -> None:
    volumes = _volumes(120)
    field = Field(*volumes)
    field.cloud.volumes = {
        v.id: dataclasses.replace(v, host=builders.SPARE) for v in volumes
    }

    found = field.apply()

    assert {outcome for outcome, _ in found} == {"already there"}
    assert field.asked == []
    assert len(field.cloud.polls) <= 3
    assert "find_volumes" not in field.cloud.asked


def test_what_moves_already_is_waited_for_and_counts() -> None:
    still, waits = _volumes(2)
    field = _field([still, waits])
    field.cloud.script["v0"] = field.cloud.moves["v0"]
    # The one that moves comes second, and yet holds the only place.
    field.plan = dataclasses.replace(field.plan, steps=field.plan.steps[::-1])
    assert field.apply() == [("done", "")] * 2

    assert field.asked == ["v1"]
    assert field.log.of("ended") == ["v0", "v1"]


def test_what_changed_is_left_alone() -> None:
    field = _field(_volumes(1))
    field.cloud.script["v0"] = [builders.volume(id="v0", size=99)]

    ((outcome, reason),) = field.apply()

    assert outcome == "blocked"
    assert reason == (
        "the volume changed since it was planned: its size was 10, is 99"
    )
    assert field.asked == []


def test_what_was_deleted_is_no_failure() -> None:
    field = _field(_volumes(2), failures=1)
    del field.cloud.volumes["v0"]

    assert field.apply() == [
        ("gone", "the volume was deleted since it was planned"),
        ("done", ""),
    ]


def test_what_nobody_has_seen_may_be_misspelt() -> None:
    field = _field(_volumes(1), seen=False)
    del field.cloud.volumes["v0"]

    ((outcome, reason),) = field.apply()

    assert outcome == "blocked"
    assert "No volume with a name or ID of 'v0' exists" in reason


def test_a_canary_that_is_gone_tells_nothing_and_the_next_is_sent() -> None:
    field = _field(_volumes(3), parallel=3)
    del field.cloud.volumes["v0"]
    field.moves(builders.volume(id="v1"), **_FAILS)

    found = field.apply(canaries=1)

    assert [outcome for outcome, _ in found] == [
        "gone",
        "failed",
        "not started",
    ]


def test_servers_are_known_of_plans_that_name_none() -> None:
    volumes = _volumes(2, attachments=(builders.ATTACHMENT,), status="in-use")
    field = Field(*volumes, seen=False, parallel=2)

    apply_plan(field.engine, field.plan)

    assert {f"server {builders.SERVER_ID}": 1} in field.log.of("waiting") or (
        field.asked == []
    )


def test_canaries_that_fail_stop_it_all() -> None:
    volumes = _volumes(3)
    field = _field(volumes, parallel=3)
    field.moves(volumes[0], **_FAILS)

    found = field.apply(canaries=1)

    assert [outcome for outcome, _ in found] == [
        "failed",
        "not started",
        "not started",
    ]
    assert found[1][1] == "canary 'data' (v0): failed"
    assert field.asked == ["v0"]


def test_one_canary_for_each_way_and_then_the_rest() -> None:
    here, there = _volumes(4)[:2], _volumes(4, host=builders.OTHER)[2:]
    volumes = [
        dataclasses.replace(v, type_id="gold-id") for v in (*here, *there)
    ]
    field = _field(volumes, parallel=4)

    found = field.apply(canaries=5)

    assert {outcome for outcome, _ in found} == {"done"}
    assert sorted(field.asked[:2]) == ["v0", "v2"]


def test_a_blocked_canary_tells_nothing_and_the_next_is_sent() -> None:
    volumes = _volumes(3)
    field = _field(volumes, parallel=3)
    grouped = dataclasses.replace(volumes[0], group_id="g")
    field.cloud.script["v0"] = [grouped]

    found = field.apply(canaries=1)

    assert [outcome for outcome, _ in found] == ["blocked", "done", "done"]
    # The canary flew alone.
    assert field.asked == ["v1", "v2"]
    assert field.log.of("ended") == ["v0", "v1", "v2"]


def test_an_outage_before_the_first_move_is_borne() -> None:
    field = _field(_volumes(1))
    field.cloud.fails["get_volumes"] = [errors.UnansweredError("503")] * 9

    assert field.apply() == [("done", "")]
    assert field.log.of("retrying") == ["503; asking again"] * 9


def test_but_not_for_ever() -> None:
    field = _field(_volumes(1))
    field.cloud.fails["get_volumes"] = [errors.UnansweredError("503")] * 999

    with pytest.raises(errors.UnansweredError):
        field.apply()
    assert 600 < field.clock.time < 630


def test_what_goes_on_unseen_keeps_the_others_waiting() -> None:
    volumes = _volumes(2)
    field = _field(volumes)
    del field.cloud.moves["v0"][1:]

    found = field.apply()

    assert found[0][0] == paths.Outcome.STILL_RUNNING.value
    assert found[1] == (
        "not started",
        "moves that continue in the cloud hold the caps",
    )
    assert field.asked == ["v0"]


@pytest.mark.parametrize(
    ("node", "counts", "text"),
    [
        ("h@b#p", (0, 0, 0), "pool h@b#p is empty"),
        ("h@b", (0, 0, 0), "backend h@b is empty"),
        ("h", (0, 0, 0), "host h is empty"),
        ("h@b#p", (1, 0, 0), "1 volume remains on pool h@b#p"),
        ("h@b#p", (12, 0, 0), "12 volumes remain on pool h@b#p"),
        ("h@b#p", (1, 2, 0), "1 volume, 2 snapshots remain on pool h@b#p"),
        ("h@b#p", (0, 0, 1), "1 temporary volume remains on pool h@b#p"),
        ("h@b#p", (0, 0, 2), "2 temporary volumes remain on pool h@b#p"),
    ],
)
def test_what_remains(
    node: str, counts: tuple[int, int, int], text: str
) -> None:
    assert Remainder(node, *counts).text == text


@pytest.mark.parametrize(
    ("node", "known", "text"),
    [
        (builders.POOL, False, f"pool {builders.POOL} is empty"),
        (
            "c1@gold#onne",
            False,
            (
                "Cinder knows no pool 'c1@gold#onne'; did you mean "
                "'c1@gold#one' or 'c2@gold#two'?"
            ),
        ),
        # We have just moved volumes away from there.
        ("c1@gold#onne", True, "pool c1@gold#onne is empty"),
    ],
)
def test_only_what_cinder_knows_is_empty(
    node: str, known: bool, text: str
) -> None:
    assert remainder(planned.Cloud().core, node, known).text == text


def test_what_remains_is_counted_on_that_pool_alone() -> None:
    rows = [
        builders.volume(id="mine"),
        builders.volume(id="old", migration_status="deleting"),
        builders.volume(id="next", host=f"{builders.POOL}-2"),
        builders.volume(
            id="other",
            host=f"{builders.POOL}-2",
            migration_status="target:next",
        ),
    ]
    cloud = planned.Cloud(*rows)
    cloud.owned = [("mine", builders.SNAPSHOT)]

    assert remainder(cloud.core, builders.POOL) == (
        Remainder(builders.POOL, 1, 1, 1)
    )
