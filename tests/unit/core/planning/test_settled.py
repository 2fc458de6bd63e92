# SPDX-License-Identifier: Apache-2.0

"""Going on with a plan of which most is done."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.planning import planned
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine import Engine, Job
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.servers import BusyServers
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning.apply import apply_plan
from volmigrateclient.core.planning.plan import Plan, PlannedAction
from volmigrateclient.core.planning.settled import settled


def _volumes(count: int, **more: Any) -> list[model.Volume]:
    return [builders.volume(id=f"v{n:04}", **more) for n in range(count)]


def _plan(volumes: list[model.Volume]) -> Plan:
    return Plan(
        auth_url="https://keystone",
        region_name=None,
        created_at="",
        steps=tuple(
            PlannedAction(
                builders.migrate(resource_id=volume.id),
                model.PlannedVolume.of(volume),
            )
            for volume in volumes
        ),
    )


def _engine(cloud: planned.Cloud) -> Engine:
    return Engine(
        cloud.core,
        clock=scripted_cloud.ScriptedClock(),
        admission=Admission(Limits(4), servers=BusyServers()),
        workers=1,
    )


def _moved(volume: model.Volume) -> model.Volume:
    return dataclasses.replace(
        volume, host=builders.SPARE, migration_status="success"
    )


def test_what_is_done_costs_a_share_of_a_list() -> None:
    volumes = _volumes(1000)
    cloud = planned.Cloud(
        *map(_moved, volumes[:990]),
        *volumes[990:],
    )
    for volume in volumes[990:]:
        cloud.moves[volume.id] = [_moved(volume)]

    results = apply_plan(_engine(cloud), _plan(volumes))

    assert [r.outcome for r in results] == (
        [paths.Outcome.ALREADY_THERE] * 990 + [paths.Outcome.DONE] * 10
    )
    assert results[0].reason == f"the volume is on {builders.SPARE} already"
    assert results[0].volume_id == "v0000"
    # Both pools were listed; what was not moved is never read by its ID.
    assert [f for f in cloud.filters if "host" in f] == [
        {"host": builders.POOL},
        {"host": builders.SPARE},
    ]
    read = {volume_id for poll in cloud.polls for volume_id in poll}
    assert read == {volume.id for volume in volumes[990:]}


def test_a_pool_with_others_volumes_is_not_read_to_its_end() -> None:
    volumes = _volumes(600)
    others = [builders.volume(id=f"a{n}") for n in range(900)]
    cloud = planned.Cloud(*others, *map(_moved, volumes))

    found = _engine(cloud).read(
        [volume.id for volume in volumes], [builders.POOL, builders.SPARE]
    )

    assert found.keys() == {volume.id for volume in volumes}
    assert cloud.paged == [100, 600]
    assert cloud.polls == []


def test_where_lists_fail_ids_are_asked_for() -> None:
    volumes = _volumes(600)
    cloud = planned.Cloud(*volumes)
    cloud.fails["list_volumes"] = [errors.UnansweredError("503")]

    found = _engine(cloud).read([v.id for v in volumes], [builders.POOL])

    assert len(found) == 600
    assert [len(poll) for poll in cloud.polls] == [50] * 12


_JOB = Job(builders.request(builders.migrate(), unattended=True))


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        (
            _moved(builders.volume()),
            f"the volume is on {builders.SPARE} already",
        ),
        (builders.volume(), None),
        (None, None),
        # What moves is waited for, wherever it seems to be.
        (
            builders.volume(host=builders.SPARE, migration_status="migrating"),
            None,
        ),
    ],
)
def test_what_is_settled(
    volume: model.Volume | None, reason: str | None
) -> None:
    job = dataclasses.replace(_JOB, volume=volume)

    (found,) = settled(planned.Cloud().core, [job])

    assert (found.ending and found.ending.reason) == reason
    assert dataclasses.replace(found, ending=None) == job


def test_an_action_that_is_refused_is_not_settled() -> None:
    volume = _moved(builders.volume())
    action = model.Action(volume.id, migration_type=model.SWAP)
    job = Job(builders.request(action), volume=volume)

    assert settled(planned.Cloud().core, [job]) == [job]


def test_what_cannot_be_told_is_left_to_the_survey() -> None:
    cloud = planned.Cloud()
    cloud.fails["list_types"] = [errors.UnansweredError("503")]
    job = dataclasses.replace(_JOB, volume=_moved(builders.volume()))

    assert settled(cloud.core, [job]) == [job]


def test_a_canary_is_one_that_moves() -> None:
    volumes = _volumes(3)
    cloud = planned.Cloud(_moved(volumes[0]), *volumes[1:])
    cloud.moves["v0001"] = [
        dataclasses.replace(volumes[1], migration_status="error")
    ]

    results = apply_plan(_engine(cloud), _plan(volumes), canaries=1)

    # What is there already proves nothing for the others.
    assert [r.outcome.value for r in results] == [
        "already there",
        "failed",
        "not started",
    ]
