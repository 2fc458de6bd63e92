# SPDX-License-Identifier: Apache-2.0

"""What is told of a move at its end."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model, paths

_NEW = builders.attached(
    id="new", host=builders.OTHER, type_id="silver-id", type_name="silver"
)


def _move() -> paths.Move:
    return paths.Move(
        scripted_cloud.ScriptedCloud().core,
        builders.request(builders.action()),
    )


def test_only_what_the_user_asked_for_is_a_success() -> None:
    assert [o.value for o in paths.Outcome if o.success] == [
        "done",
        "already there",
        "gone",
        "accepted",
    ]


def test_a_move_that_did_not_find_its_volume() -> None:
    result = paths.MoveResult.of(
        _move(), paths.Ending(paths.Outcome.FAILED, "none"), 1.5
    )

    assert result == paths.MoveResult(
        builders.action(),
        model.Path.SWAP_VIA_CINDER,
        paths.Outcome.FAILED,
        "none",
        elapsed=1.5,
        moving=1.5,
    )


def test_a_planned_move_that_was_not_started_shows_what_was_planned() -> None:
    move = _move()
    move.planned = model.PlannedVolume.of(builders.volume())

    result = paths.MoveResult.of(
        move, paths.Ending(paths.Outcome.NOT_STARTED), 0
    )

    assert (result.volume_id, result.volume_name, result.source_node) == (
        builders.VOLUME_ID,
        "data",
        builders.POOL,
    )


def test_a_move_shows_its_volume_before_and_after() -> None:
    move = _move()
    move.survey = builders.live_survey()
    move.warn("mind")

    result = paths.MoveResult.of(
        move, paths.Ending(paths.Outcome.DONE, volume=_NEW), 2
    )

    assert result == dataclasses.replace(
        result,
        volume_id=builders.VOLUME_ID,
        new_volume_id="new",
        source_node=builders.POOL,
        destination_node=builders.OTHER,
        source_type="gold",
        destination_type="silver",
        server_id=builders.SERVER_ID,
        project_id=builders.PROJECT_ID,
        size=10,
        warnings=("mind",),
    )


def test_a_move_that_failed_shows_where_its_volume_is_all_the_same() -> None:
    move = _move()
    move.survey = builders.live_survey()
    move.latest = _NEW

    result = paths.MoveResult.of(move, paths.Ending(paths.Outcome.FAILED), 2)

    assert result.source_node == builders.POOL
    assert (result.destination_node, result.destination_type) == (
        builders.OTHER,
        "silver",
    )


def test_a_move_has_no_survey_before_its_first_look() -> None:
    with pytest.raises(RuntimeError, match="not surveyed yet"):
        _ = _move().before
