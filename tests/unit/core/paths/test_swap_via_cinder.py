# SPDX-License-Identifier: Apache-2.0

"""The live path that Cinder leads, step by step."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import swap_via_cinder

_ID = builders.VOLUME_ID
_TWO = "c3@silver#two"
_NEW = model.Attachment("new-id", _ID, builders.SERVER_ID)
_SILVER = {"type_id": "silver-id", "type_name": "silver"}
_RETYPED = builders.attached(
    host=builders.OTHER,
    migration_status="success",
    attachments=(_NEW,),
    **_SILVER,
)
_RETYPING = builders.attached(status="retyping", migration_status="migrating")
_FAILED = builders.attached(migration_status="error")
_COPYING = builders.attached(
    host=builders.OTHER, migration_status="migrating", **_SILVER
)
_MOVED = builders.attached(
    host=_TWO, migration_status="success", attachments=(_NEW,), **_SILVER
)


def _cloud(*swaps: model.SwapAction) -> scripted_cloud.ScriptedCloud:
    cloud = scripted_cloud.ScriptedCloud()
    cloud.server_volumes = (
        model.ServerVolume(_ID, "new-id", "/dev/vdb", False),
    )
    cloud.swaps = list(swaps)
    return cloud


def _move(
    cloud: scripted_cloud.ScriptedCloud,
    volume: model.Volume | None = None,
    wait: bool = True,
    **asked: Any,
) -> paths.Move:
    return driving.move(
        cloud,
        builders.action(**asked),
        survey=builders.live_survey(volume=volume or builders.attached()),
        wait=wait,
    )


@pytest.mark.parametrize(
    ("asked", "before", "readings", "writes"),
    [
        pytest.param(
            {},
            builders.attached(),
            [_RETYPING, _RETYPED],
            [("retype", _ID, "silver-id", "on-demand")],
            id="another type: a retype",
        ),
        pytest.param(
            {"destination_node": builders.OTHER},
            builders.attached(),
            [_RETYPING, _RETYPED],
            [("retype", _ID, "silver-id", "on-demand")],
            id="another type, whose pool Cinder chose well",
        ),
        pytest.param(
            {"destination_node": _TWO},
            builders.attached(),
            [_RETYPING, _RETYPED, _COPYING, _MOVED],
            [
                ("retype", _ID, "silver-id", "on-demand"),
                ("migrate", _ID, _TWO, "False"),
            ],
            id="another type, then another pool",
        ),
        pytest.param(
            {"destination_node": _TWO},
            builders.attached(host=builders.OTHER, **_SILVER),
            [_COPYING, _MOVED],
            [("migrate", _ID, _TWO, "False")],
            id="the same type: only another pool",
        ),
        pytest.param(
            {"destination_node": _TWO},
            _COPYING,
            [_COPYING, _MOVED],
            [],
            id="a migration that is running",
        ),
        pytest.param(
            {}, _RETYPING, [_RETYPING, _RETYPED], [], id="a running retype"
        ),
    ],
)
def test_what_cinder_is_asked(
    asked: dict[str, Any],
    before: model.Volume,
    readings: list[model.Volume],
    writes: list[tuple[str, ...]],
) -> None:
    cloud = _cloud()

    ending, _ = driving.drive(
        swap_via_cinder.steps(_move(cloud, before, **asked)),
        *driving.timeline(*readings),
    )

    assert ending == paths.Ending(paths.Outcome.DONE, volume=readings[-1])
    assert cloud.writes == writes


@pytest.mark.parametrize(
    "before", [builders.attached(), builders.attached(**_SILVER)]
)
def test_without_waiting_the_answer_is_the_end(before: model.Volume) -> None:
    cloud = _cloud()
    node = None if before.type_id == "gold-id" else _TWO
    move = _move(cloud, before, wait=False, destination_node=node)

    ending, _ = driving.drive(swap_via_cinder.steps(move))

    assert ending.outcome is paths.Outcome.ACCEPTED
    assert len(cloud.writes) == 1


def _swap(result: str | None, traceback: str = "") -> model.SwapAction:
    return model.SwapAction("req-swap", "now", True, result, traceback)


_BEFORE_PIVOT = (
    '  File "driver.py", line 1, in _swap_volume\n'
    "    raise exception.VolumeRebaseFailed(reason=str(exc))\n"
)
_AFTER_PIVOT = (
    '  File "manager.py", line 1, in _swap_volume\n'
    "    self.volume_api.attachment_complete(context, new_attachment_id)\n"
)


@pytest.mark.parametrize(
    ("swaps", "error"),
    [
        pytest.param([], errors.FailedError, id="Nova was not asked"),
        pytest.param(
            [_swap("Error", _BEFORE_PIVOT)],
            errors.FailedError,
            id="the copy failed: the guest is where it was",
        ),
        pytest.param(
            [_swap("Error", _AFTER_PIVOT)],
            errors.UndecidedError,
            id="after the pivot: the guest is on what Cinder deletes",
        ),
        pytest.param(
            [_swap(None)], errors.UndecidedError, id="nova-compute died"
        ),
        pytest.param(
            [_swap("Success")],
            errors.UndecidedError,
            id="Nova succeeded and Cinder did not",
        ),
    ],
)
def test_a_failure_is_judged_by_what_nova_did(
    swaps: list[model.SwapAction], error: type[errors.MigrateError]
) -> None:
    cloud = _cloud()
    steps = swap_via_cinder.steps(_move(cloud))
    next(steps)
    cloud.swaps = swaps

    with pytest.raises(error, match="Cinder ended the retype with an error"):
        steps.send(paths.Reading({_ID: _FAILED}, 1.0))


def test_a_failed_copy_leads_to_nova_s_log() -> None:
    cloud = _cloud()
    steps = swap_via_cinder.steps(_move(cloud))
    next(steps)
    cloud.swaps = [_swap("Error", _BEFORE_PIVOT)]

    with pytest.raises(errors.FailedError, match="nova-compute's log too"):
        steps.send(paths.Reading({_ID: _FAILED}, 1.0))


@pytest.mark.parametrize(
    ("migration", "error"),
    [
        ([], errors.FailedError),
        ([_swap("Error", _BEFORE_PIVOT)], errors.FailedError),
        ([_swap("Error", _AFTER_PIVOT)], errors.UndecidedError),
    ],
)
def test_the_retype_s_swap_does_not_speak_for_the_migration_s(
    migration: list[model.SwapAction], error: type[errors.MigrateError]
) -> None:
    cloud = _cloud()
    steps = swap_via_cinder.steps(_move(cloud, destination_node=_TWO))
    next(steps)
    retype = dataclasses.replace(_swap("Success"), request_id="req-retype")
    cloud.swaps = [retype]
    steps.send(paths.Reading({_ID: _RETYPED}, 1.0))
    cloud.swaps = [*migration, retype]
    failed = dataclasses.replace(_RETYPED, migration_status="error")

    with pytest.raises(error, match="Cinder ended the migration"):
        steps.send(paths.Reading({_ID: failed}, 2.0))


def test_an_earlier_swap_of_the_server_is_not_this_one_s_doing() -> None:
    cloud = _cloud(_swap("Error", _AFTER_PIVOT))
    steps = swap_via_cinder.steps(_move(cloud))
    next(steps)

    with pytest.raises(errors.FailedError):
        steps.send(paths.Reading({_ID: _FAILED}, 1.0))


def test_a_quarantine_says_what_not_to_do() -> None:
    cloud = _cloud()
    steps = swap_via_cinder.steps(_move(cloud))
    next(steps)
    cloud.swaps = [_swap("Error", _AFTER_PIVOT)]

    with pytest.raises(errors.UndecidedError) as failure:
        steps.send(paths.Reading({_ID: _FAILED}, 1.0))

    assert "Nova's swap req-swap failed at a point" in str(failure.value)
    assert "Do not reboot, stop or live-migrate" in str(failure.value)


def test_the_swap_of_a_move_that_was_joined_is_judged_too() -> None:
    cloud = _cloud(_swap(None))
    steps = swap_via_cinder.steps(_move(cloud, _RETYPING))
    next(steps)
    cloud.swaps = [_swap("Error", _AFTER_PIVOT)]

    with pytest.raises(errors.UndecidedError):
        steps.send(paths.Reading({_ID: _FAILED}, 1.0))
