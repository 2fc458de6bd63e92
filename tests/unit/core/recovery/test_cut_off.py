# SPDX-License-Identifier: Apache-2.0

"""Attached volumes that Cinder may be moving for ever."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.core.recovery import cut_off
from volmigrateclient.core.recovery.cut_off import Guest
from volmigrateclient.core.recovery.under_way import UnderWay

_ID, _SERVER_ID = builders.VOLUME_ID, builders.SERVER_ID
#: Cinder's last change of its row is the move's start.
_MOVING = builders.attached(
    status="retyping",
    migration_status="migrating",
    created_at="2026-11-25T07:00:00.600000",
    updated_at="2026-11-25T10:00:00.100000",
)
_TARGET = builders.volume(
    id="target",
    status="attaching",
    migration_status=f"target:{_ID}",
    created_at="2026-11-25T07:00:00.000000",  # the volume's, as Cinder does
)
#: Fails where Nova connects the new volume: before the switch.
_BEFORE = (
    '  File "nova/compute/manager.py", line 1, in _swap_volume\n'
    "    self._connect_volume(context, new_connection_info)\n"
)
#: Fails where Nova tells Cinder: after it.
_AFTER = (
    '  File "nova/compute/manager.py", line 1, in _swap_volume\n'
    "    self.volume_api.migrate_volume_completion(context, a, b, error)\n"
)


def _swap(**seen: Any) -> model.SwapAction:
    return model.SwapAction(
        **{
            "request_id": "req-1",
            "started_at": "2026-11-25T10:00:05.000000",
            "events": True,
            **seen,
        }
    )


_COPYING = _swap()


@pytest.mark.parametrize(
    ("swap", "guest"),
    [
        (None, Guest.NOT_BEGUN),
        (_swap(events=False), Guest.NOT_BEGUN),
        (_COPYING, Guest.COPYING),
        (_swap(result="Error", traceback=_BEFORE), Guest.ON_SOURCE),
        (_swap(result="Error", traceback=_AFTER), Guest.MAY_BE_ON_TARGET),
        (_swap(result="Error", traceback=""), Guest.MAY_BE_ON_TARGET),
        (_swap(result="Success"), Guest.ON_TARGET),
    ],
)
def test_where_the_guest_is(
    swap: model.SwapAction | None, guest: Guest
) -> None:
    seen = cut_off.CutOff(_MOVING, _TARGET, _SERVER_ID, swap, True)

    assert seen.guest is guest
    # What an operator says counts only where the records do not speak
    # against it.
    assert seen.safe is (guest in (Guest.COPYING, Guest.ON_SOURCE))
    if guest in (Guest.MAY_BE_ON_TARGET, Guest.ON_TARGET):
        assert "never end the move with an error" in seen.to_do


@pytest.mark.parametrize(
    ("volume", "target", "said"),
    [
        pytest.param(_MOVING, _TARGET, False, id="nobody has looked"),
        pytest.param(_MOVING, None, True, id="Cinder has no copy"),
        pytest.param(
            builders.attached(migration_status="completing"),
            _TARGET,
            True,
            id="Cinder is completing it",
        ),
    ],
)
def test_what_is_left_alone(
    volume: model.Volume, target: model.Volume | None, said: bool
) -> None:
    seen = cut_off.CutOff(volume, target, _SERVER_ID, _COPYING, said)

    assert not seen.safe


class _Cloud(scripted_cloud.ScriptedCloud):
    """A cloud with one move that was cut off."""

    def __init__(self, *swaps: model.SwapAction) -> None:
        super().__init__(_MOVING, _TARGET)
        self.swaps = list(swaps)  # the newest first, as Nova does

    def fail_migration(self, volume_id: str, target_id: str) -> None:
        self.writes.append(("fail", volume_id, target_id))
        del self.volumes[target_id]
        self.volumes[volume_id] = builders.attached(migration_status="error")


def _found(cloud: _Cloud, *said: str) -> cut_off.CutOff:
    (found,) = cut_off.cut_off_moves(cloud.core, [UnderWay(_MOVING)], said)
    return found


_FAILED_AFTER = _swap(result="Error", traceback=_AFTER)
_FAILED_BEFORE = _swap(result="Error", traceback=_BEFORE)


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(_swap(), id="cut off, and never given a result"),
        pytest.param(_swap(result="Success"), id="succeeded"),
        pytest.param(_FAILED_AFTER, id="failed after the switch"),
    ],
)
@pytest.mark.parametrize(
    "now",
    [
        pytest.param(_COPYING, id="now copying"),
        pytest.param(_FAILED_AFTER, id="now failed after the switch"),
        pytest.param(_FAILED_BEFORE, id="now failed before it"),
    ],
)
def test_swaps_of_earlier_moves_do_not_count(
    earlier: model.SwapAction, now: model.SwapAction
) -> None:
    # Of the same volume, after it was created.
    earlier = dataclasses.replace(
        earlier, request_id="req-0", started_at="2026-11-25T09:59:59.000000"
    )

    assert _found(_Cloud(now, earlier)).swap == now


@pytest.mark.parametrize(
    ("swaps", "guest"),
    [
        ([_FAILED_AFTER, _COPYING], Guest.MAY_BE_ON_TARGET),
        ([_COPYING, _FAILED_AFTER], Guest.MAY_BE_ON_TARGET),
        ([_FAILED_BEFORE, _COPYING], Guest.COPYING),
        ([_swap(result="Success"), _FAILED_BEFORE], Guest.ON_SOURCE),
        ([_swap(events=False), _FAILED_BEFORE], Guest.NOT_BEGUN),
        ([_swap(result="Success")], Guest.ON_TARGET),
    ],
)
def test_of_several_that_may_be_meant_the_gravest_counts(
    swaps: list[model.SwapAction], guest: Guest
) -> None:
    cloud = _Cloud(
        *(
            dataclasses.replace(swap, request_id=f"req-{number}")
            for number, swap in enumerate(swaps)
        )
    )

    assert _found(cloud, _ID).guest is guest


def test_a_volume_that_was_renamed_meanwhile() -> None:
    renamed = dataclasses.replace(
        _MOVING, name="other", updated_at="2026-11-25T10:00:09.000000"
    )
    cloud = _Cloud(_FAILED_AFTER)

    (found,) = cut_off.cut_off_moves(cloud.core, [UnderWay(renamed)], [_ID])

    assert found.guest is Guest.MAY_BE_ON_TARGET
    assert not found.safe


def test_nova_gave_the_volume_up_and_the_copy_is_attached_alone() -> None:
    """The server runs on the copy: whoever calls the move dead deletes it."""
    given_up = builders.volume(
        status="retyping",
        migration_status="migrating",
        updated_at=_MOVING.updated_at,
    )
    copy = dataclasses.replace(
        _TARGET, status="in-use", attachments=_MOVING.attachments
    )
    cloud = _Cloud(_FAILED_AFTER)

    (found,) = cut_off.cut_off_moves(
        cloud.core, [UnderWay(given_up, copy)], [_ID]
    )

    assert found.guest is Guest.MAY_BE_ON_TARGET
    assert not found.safe
    assert "never end the move with an error" in found.to_do
    # Nor while Nova's record says less.
    copying = dataclasses.replace(found, swap=_COPYING)
    assert not copying.safe


def test_a_detached_volume_is_not_nova_s() -> None:
    moving = builders.volume(migration_status="migrating")

    assert not list(cut_off.cut_off_moves(_Cloud().core, [UnderWay(moving)]))


def test_it_is_ended_with_an_error() -> None:
    cloud = _Cloud(_COPYING)
    job = cut_off.job(_found(cloud, _ID))
    move = paths.Move(cloud.core, job.request)

    ending, _ = driving.drive(
        job.steps(move),
        (0.0, [_MOVING, _TARGET]),
        (1.0, [builders.attached(migration_status="error")]),
    )

    assert cloud.writes == [("fail", _ID, "target")]
    assert ending.outcome is paths.Outcome.DONE


def test_nothing_is_ended_that_changed_meanwhile() -> None:
    cloud = _Cloud(_COPYING)
    job = cut_off.job(_found(cloud, _ID))
    cloud.swaps = [_swap(result="Error", traceback=_AFTER)]

    with pytest.raises(errors.FailedError, match="it changed meanwhile"):
        next(job.steps(paths.Move(cloud.core, job.request)))

    assert cloud.writes == []
