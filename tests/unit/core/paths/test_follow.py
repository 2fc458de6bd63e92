# SPDX-License-Identifier: Apache-2.0

"""Following a move to its end, and what is looked at after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import follow, verdict

_THERE = builders.volume(host=builders.SPARE, migration_status="success")
_ID = builders.VOLUME_ID


def _move() -> paths.Move:
    return driving.move(scripted_cloud.ScriptedCloud(), builders.migrate())


def _judge(now: model.Volume, unchanged: float) -> verdict.Verdict:
    return verdict.of_migration(
        builders.volume(), now, builders.SPARE_PLACE, unchanged
    )


def test_the_phases_are_told_until_it_is_done() -> None:
    found, phases = driving.drive(
        follow.to_the_end(_move(), _ID, _judge),
        *driving.timeline(
            builders.volume(migration_status="starting"),
            builders.volume(migration_status="migrating"),
            _THERE,
        ),
    )

    assert found == _THERE
    assert phases == ["waiting for Cinder", "scheduling", "copying"]


@pytest.mark.parametrize(
    ("readings", "error", "says"),
    [
        pytest.param(
            [(0, [builders.volume(migration_status="error")])],
            errors.FailedError,
            "Cinder ended the migration with an error",
            id="failed",
        ),
        pytest.param(
            [(0, ())],
            errors.FailedError,
            f"volume {_ID} was deleted while it was moving",
            id="deleted",
        ),
        pytest.param(
            [(0, [builders.volume()]), (30, [builders.volume()])],
            errors.UndecidedError,
            "somebody reset it",
            id="undecided",
        ),
    ],
)
def test_an_end_that_is_none(
    readings: list[driving.Seen], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        driving.drive(follow.to_the_end(_move(), _ID, _judge), *readings)


def test_time_counts_from_the_last_change() -> None:
    flash = builders.volume(updated_at="1")
    again = builders.volume(updated_at="2")

    found, _ = driving.drive(
        follow.to_the_end(_move(), _ID, _judge),
        (0, [flash]),
        (29, [flash]),
        (31, [again]),
        (60, [again]),
        (60.5, [_THERE]),
    )

    assert found == _THERE


def _old(**seen: Any) -> model.Volume:
    return builders.volume(
        **{
            "id": "old",
            "status": "deleting",
            "migration_status": "deleting",
            "description": f"migration src for {_ID}",
            **seen,
        }
    )


@pytest.mark.parametrize(
    ("rows", "readings", "warnings"),
    [
        pytest.param([], [], [], id="there is none: the driver moved it"),
        pytest.param(
            [_old(description="migration src for another")],
            [],
            [],
            id="there is another volume's",
        ),
        pytest.param([_old()], [(0, [_old()]), (1, ())], [], id="deleted"),
        pytest.param(
            [_old()],
            [(0, [_old(status="error_deleting")])],
            [
                (
                    f"the volume moved, but its old copy old on "
                    f"{builders.POOL} could not be deleted: it is "
                    "error_deleting. See cinder-volume's log, then delete it"
                )
            ],
            id="leaked",
        ),
        pytest.param(
            [_old(), _old(id="older")],
            [
                (0, [_old(), _old(id="older")]),
                (1, [_old(id="older")]),
                (2, [_old(id="older", status="error_deleting")]),
            ],
            [
                (
                    f"the volume moved, but its old copy older on "
                    f"{builders.POOL} could not be deleted: it is "
                    "error_deleting. See cinder-volume's log, then delete it"
                )
            ],
            id="a retype's and a migration's, of which one leaked",
        ),
        pytest.param(
            [_old(status="available")],
            [],
            [
                (
                    f"the volume moved, but its old copy old on "
                    f"{builders.POOL} could not be deleted: it is available. "
                    "See cinder-volume's log, then delete it"
                )
            ],
            id="busy, and put back to be attached by anyone",
        ),
    ],
)
def test_the_old_copy(
    rows: list[model.Volume],
    readings: list[driving.Seen],
    warnings: list[str],
) -> None:
    move = driving.move(
        scripted_cloud.ScriptedCloud(*rows), builders.migrate()
    )

    driving.drive(follow._cleaned_up(move, _THERE), *readings)

    assert move.warnings == warnings


def test_the_old_copy_is_not_worth_more_waiting_than_there_is() -> None:
    move = driving.move(
        scripted_cloud.ScriptedCloud(_old()), builders.migrate()
    )
    steps = follow._cleaned_up(move, _THERE)
    next(steps)

    with pytest.raises(StopIteration):
        steps.throw(errors.TimedOut("timed out"))

    assert move.warnings == [
        "the volume moved; its old copy old is still being deleted"
    ]


_NEW = model.Attachment("new-id", _ID, builders.SERVER_ID)


def _live_move(attachment_id: str | None) -> Any:
    cloud = scripted_cloud.ScriptedCloud()
    if attachment_id:
        cloud.server_volumes = (
            model.ServerVolume("other", "x", None, False),
            model.ServerVolume(_ID, attachment_id, "/dev/vdb", False),
        )
    return driving.move(
        cloud, builders.action(), survey=builders.live_survey()
    )


def test_a_live_move_s_attachment_may_come_late() -> None:
    move = _live_move("new-id")
    late = builders.attached(attachments=())
    there = builders.attached(attachments=(_NEW,))

    found, phases = driving.drive(
        follow._verified(move, late), (0, [late]), (2, [there])
    )

    assert found == there
    assert set(phases) == {"verifying the attachment"}


@pytest.mark.parametrize(
    ("attachment_id", "after", "says"),
    [
        pytest.param(
            "new-id", (), "now to nothing", id="Cinder has none any more"
        ),
        pytest.param(
            "stale-id",
            (_NEW,),
            "Nova has attachment stale-id",
            id="they differ",
        ),
        pytest.param(
            None, (_NEW,), "Nova has attachment none", id="Nova has none"
        ),
    ],
)
def test_a_live_move_s_attachment_that_is_wrong_is_alarming(
    attachment_id: str | None, after: tuple[model.Attachment, ...], says: str
) -> None:
    move = _live_move(attachment_id)
    seen = builders.attached(attachments=after)

    with pytest.raises(errors.FailedError, match=says) as failure:
        driving.drive(
            follow._verified(move, seen),
            (0, [seen]),
            (30, [seen]),
            (31, [seen]),
        )

    assert "Do not reboot, stop or live-migrate the server" in str(
        failure.value
    )


def test_what_changed_meanwhile_is_warned_of() -> None:
    move = driving.move(scripted_cloud.ScriptedCloud(), builders.migrate())

    found, _ = driving.drive(
        follow._verified(move, builders.volume(name="other"))
    )

    assert found.name == "other"
    assert move.warnings == [
        "changed during the move: name was 'data', is 'other'"
    ]
