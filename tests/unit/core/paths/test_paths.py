# SPDX-License-Identifier: Apache-2.0

"""What every path begins with, and how one ends that was left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors


def _move(
    cloud: scripted_cloud.ScriptedCloud, action: Any, **options: Any
) -> Any:
    return paths.Move(cloud.core, builders.request(action, **options))


def test_what_does_not_fit_is_refused_before_the_cloud_is_asked() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    move = _move(cloud, builders.action(destination_type=None))

    with pytest.raises(errors.RefusedError, match=r"^destination type is re"):
        driving.drive(paths.steps(move))

    assert not cloud.asked


def test_a_volume_that_is_there_needs_nothing() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    move = _move(cloud, builders.migrate(destination_node=builders.POOL))

    ending, _ = driving.drive(paths.steps(move))

    assert ending == paths.Ending(
        paths.Outcome.ALREADY_THERE,
        f"the volume is on {builders.POOL} already",
        builders.volume(),
    )
    assert cloud.writes == []


@pytest.mark.parametrize(("unattended", "told"), [(False, 1), (True, 0)])
def test_who_watches_is_told_what_the_cloud_does_not_tell(
    unattended: bool, told: int
) -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    cloud.fails["list_volume_services"] = [errors.ForbiddenError("no", 403)]
    move = _move(cloud, builders.migrate(), wait=False, unattended=unattended)

    driving.drive(paths.steps(move))

    assert len(move.warnings) == told, move.warnings
    assert all("does not show its services" in w for w in move.warnings)


def test_a_volume_that_nobody_knows() -> None:
    with pytest.raises(errors.LookupFailedError):
        driving.drive(
            paths.steps(
                _move(scripted_cloud.ScriptedCloud(), builders.migrate())
            )
        )


@pytest.mark.parametrize(("unattended", "waits"), [(False, 3), (True, 36)])
def test_a_look_without_an_answer_is_repeated(
    unattended: bool, waits: int
) -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    failures = 8 if unattended else 2
    cloud.fails["list_types"] = [errors.UnansweredError("503")] * failures
    move = _move(
        cloud,
        builders.migrate(destination_node=builders.POOL),
        unattended=unattended,
    )

    ending, phases = driving.drive(paths.steps(move), *[(0.0, ())] * waits)

    assert ending.outcome is paths.Outcome.ALREADY_THERE
    assert phases == ["checking"] * waits


def test_what_the_checks_warn_of_is_kept() -> None:
    cloud = scripted_cloud.ScriptedCloud(
        builders.volume(availability_zone="az2")
    )
    move = _move(cloud, builders.migrate(), wait=False)

    driving.drive(paths.steps(move))

    assert move.warnings == [
        (
            "the volume would go from az2 to nova; servers elsewhere may not "
            "be able to attach it"
        )
    ]


def test_a_volume_that_is_as_planned_is_moved() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    move = _move(cloud, builders.migrate(), wait=False)
    move.planned = model.PlannedVolume.of(builders.volume())

    ending, _ = driving.drive(paths.steps(move))

    assert ending.outcome is paths.Outcome.ACCEPTED
    assert len(cloud.writes) == 1


def test_a_volume_that_is_not_as_planned_is_left_alone() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    move = _move(cloud, builders.migrate())
    move.planned = model.PlannedVolume.of(
        builders.volume(host="c9@x#y", size=5)
    )

    with pytest.raises(errors.ChangedError) as refusal:
        driving.drive(paths.steps(move))

    assert str(refusal.value) == (
        "the volume changed since it was planned: its pool was c9@x#y, is "
        f"{builders.POOL}; its size was 5, is 10"
    )
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("signal", "under_way", "outcome", "says"),
    [
        pytest.param(
            errors.TimedOut("timed out"),
            False,
            "failed",
            "timed out before anything was changed",
            id="no time, nothing done",
        ),
        pytest.param(
            errors.Interrupted("interrupted"),
            False,
            "interrupted",
            "interrupted before anything was changed",
            id="Ctrl-C, nothing done",
        ),
        pytest.param(
            errors.TimedOut("timed out"),
            True,
            "still running",
            "timed out; the move of volume",
            id="no time, Cinder goes on",
        ),
        pytest.param(
            errors.CredentialsExpired("401"),
            True,
            "still running",
            "401; the move of volume",
            id="no credentials, Cinder goes on",
        ),
        pytest.param(
            errors.Interrupted("interrupted"),
            True,
            "interrupted",
            "interrupted; the move of volume",
            id="Ctrl-C, Cinder goes on",
        ),
    ],
)
def test_a_move_that_was_left(
    signal: errors.StopWaiting,
    under_way: bool,
    outcome: str,
    says: str,
) -> None:
    move = driving.move(scripted_cloud.ScriptedCloud(), builders.migrate())
    move.under_way = under_way

    ending = paths.stopped_waiting(move, signal)

    assert ending.outcome.value == outcome
    assert ending.reason.startswith(says)
    assert ("openstack volume show" in ending.reason) is under_way
