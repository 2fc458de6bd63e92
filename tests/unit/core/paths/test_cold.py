# SPDX-License-Identifier: Apache-2.0

"""The cold paths, step by step: what is asked of Cinder, and when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import migrate, retype

_ID = builders.VOLUME_ID
_THERE = builders.volume(host=builders.SPARE, migration_status="success")
_SILVER = builders.volume(
    type_id="silver-id",
    type_name="silver",
    host=builders.OTHER,
    migration_status="success",
)
_COPYING = builders.volume(migration_status="migrating")
_RETYPING = builders.volume(status="retyping")


def test_a_migration_is_locked_against_attaching() -> None:
    cloud = scripted_cloud.ScriptedCloud()
    move = driving.move(cloud, builders.migrate())

    ending, _ = driving.drive(
        migrate.steps(move), *driving.timeline(_COPYING, _THERE)
    )

    assert ending == paths.Ending(paths.Outcome.DONE, volume=_THERE)
    assert cloud.writes == [("migrate", _ID, builders.SPARE, "True")]


def test_a_retype_may_copy() -> None:
    cloud = scripted_cloud.ScriptedCloud()
    move = driving.move(cloud, builders.retype())

    ending, phases = driving.drive(
        retype.steps(move), *driving.timeline(_RETYPING, _SILVER)
    )

    assert ending == paths.Ending(paths.Outcome.DONE, volume=_SILVER)
    assert cloud.writes == [("retype", _ID, "silver-id", "on-demand")]
    assert phases == ["waiting for Cinder", "retyping"]


@pytest.mark.parametrize(
    ("steps", "action", "moving", "there"),
    [
        pytest.param(
            migrate.steps,
            builders.migrate(),
            _COPYING,
            _THERE,
            id="migrate",
        ),
        pytest.param(
            retype.steps,
            builders.retype(),
            _RETYPING,
            _SILVER,
            id="retype",
        ),
    ],
)
def test_a_move_that_is_running_is_waited_for_and_not_asked_for_again(
    steps: Any, action: Any, moving: model.Volume, there: model.Volume
) -> None:
    cloud = scripted_cloud.ScriptedCloud()
    move = driving.move(cloud, action, survey=builders.survey(volume=moving))

    ending, _ = driving.drive(steps(move), *driving.timeline(moving, there))

    assert ending.outcome is paths.Outcome.DONE
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("steps", "action"),
    [
        pytest.param(migrate.steps, builders.migrate(), id="migrate"),
        pytest.param(retype.steps, builders.retype(), id="retype"),
    ],
)
def test_without_waiting_the_answer_is_the_end(
    steps: Any, action: Any
) -> None:
    cloud = scripted_cloud.ScriptedCloud()
    move = driving.move(cloud, action, wait=False)

    ending, phases = driving.drive(steps(move))

    assert ending.outcome is paths.Outcome.ACCEPTED
    assert len(cloud.writes) == 1
    assert phases == []


def test_cinder_s_refusal_is_the_end() -> None:
    cloud = scripted_cloud.ScriptedCloud()
    cloud.fails["migrate_volume"] = [errors.BadRequestError("no", 400)]
    move = driving.move(cloud, builders.migrate())

    with pytest.raises(errors.BadRequestError, match="no"):
        driving.drive(migrate.steps(move))

    assert move.request_ids == []


_SAME_SPECS = builders.volume_type().extra_specs


@pytest.mark.parametrize(
    ("wanted", "seen", "policy"),
    [
        pytest.param(builders.silver(), {}, "on-demand", id="extra specs"),
        pytest.param(
            builders.silver(extra_specs=_SAME_SPECS),
            {},
            "never",
            id="nothing: or the row would move without the data",
        ),
        pytest.param(
            builders.silver(extra_specs=_SAME_SPECS, qos_specs_id="q"),
            {},
            "on-demand",
            id="QoS",
        ),
        pytest.param(
            builders.silver(extra_specs=_SAME_SPECS),
            {"destination_encryption": builders.LUKS},
            "on-demand",
            id="encryption",
        ),
        pytest.param(
            builders.silver(extra_specs={}),
            {"volume": builders.volume(type_id=None)},
            "on-demand",
            id="that there was no type",
        ),
    ],
)
def test_what_differs_decides_whether_cinder_may_copy(
    wanted: model.VolumeType, seen: dict[str, Any], policy: str
) -> None:
    survey = builders.survey(destination_type=wanted, **seen)

    assert retype.policy_for(survey, wanted) == policy


def test_a_type_that_the_checks_should_have_refused_is_a_defect() -> None:
    move = driving.move(
        scripted_cloud.ScriptedCloud(),
        builders.retype(destination_type="bronze"),
    )

    with pytest.raises(RuntimeError, match="checks let an unknown type"):
        next(retype.steps(move))
