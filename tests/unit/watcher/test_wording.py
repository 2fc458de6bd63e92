# SPDX-License-Identifier: Apache-2.0

"""What Watcher's users read of an action."""

from __future__ import annotations

import pytest

from tests.unit import builders
from volmigrateclient import api
from volmigrateclient.watcher import wording

#: The longest of Watcher's own words before ours, and its column.
_BEFORE, _COLUMN = "Action was skipped automatically: ", 255


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("on a@b#c already", "on a@b#c already"),
        ("first line\nsecond line", "first line second line"),
        ("a name \x1b[31mwith anything", "a name \\x1b[31mwith anything"),
        ("x" * 215, "x" * 215),
        ("x" * 216, "x" * 209 + " [...]"),
        ("y " * 200, "y " * 104 + "y [...]"),
    ],
)
def test_what_there_is_room_for(text: str, told: str) -> None:
    assert wording.shortened(text) == told
    assert len(_BEFORE + told) <= _COLUMN


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (api.Outcome.BLOCKED, "why"),
        (api.Outcome.FAILED, "why"),
        (api.Outcome.NOT_STARTED, "not started: why"),
        (api.Outcome.STILL_RUNNING, "still running: why"),
        (api.Outcome.UNDECIDED, "undecided: why"),
        (api.Outcome.INTERRUPTED, "interrupted: why"),
    ],
)
def test_the_reason_of_a_result(outcome: api.Outcome, told: str) -> None:
    result = api.MoveResult(
        builders.action(), api.Path.MIGRATE, outcome, "why"
    )

    assert wording.reason(result) == told
