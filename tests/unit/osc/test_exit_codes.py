# SPDX-License-Identifier: Apache-2.0

"""What commands exit with."""

from __future__ import annotations

import pytest

from volmigrateclient.core.paths import Outcome
from volmigrateclient.osc import (
    apply,
    check,
    control,
    exit_codes,
    plan,
    recover,
    run,
    show,
    status,
)


@pytest.mark.parametrize(
    ("outcomes", "of_run", "of_plan"),
    [
        ([], 0, 0),
        ([Outcome.DONE, Outcome.ALREADY_THERE, Outcome.ACCEPTED], 0, 0),
        ([Outcome.DONE, Outcome.BLOCKED], 1, 3),
        ([Outcome.NOT_STARTED], 1, 3),
        ([Outcome.NOT_STARTED, Outcome.BLOCKED, Outcome.FAILED], 1, 1),
        ([Outcome.UNDECIDED], 1, 1),
        # Whether it ends well nobody knows.
        ([Outcome.DONE, Outcome.STILL_RUNNING], 1, 1),
        ([Outcome.DONE, Outcome.INTERRUPTED, Outcome.NOT_STARTED], 130, 130),
        ([Outcome.FAILED, Outcome.INTERRUPTED], 130, 130),
    ],
)
def test_the_exit_code_follows_from_the_outcomes(
    outcomes: list[Outcome], of_run: int, of_plan: int
) -> None:
    assert exit_codes.of(outcomes) == of_run
    assert exit_codes.of_plan(outcomes) == of_plan


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        (run.Run, [0, 1]),
        (check.Check, [0, 1]),
        (plan.Plan, [0, 1, 3]),
        (apply.Apply, [0, 1, 3]),
        (show.Show, [0, 1, 3]),
        (control.Control, [0, 1]),
        (status.Status, [0, 1]),
        (recover.Recover, [0, 1]),
    ],
)
def test_each_command_tells_its_own_codes(
    command: type, codes: list[int]
) -> None:
    meanings = command.exit_meanings  # type: ignore[attr-defined]
    assert sorted(meanings) == codes
    told = exit_codes.table(meanings)
    assert told.startswith(f"Exit codes: 0 {meanings[0]}; 1 ")
    assert told.endswith("; 130 interrupted.")
