# SPDX-License-Identifier: Apache-2.0

"""Timelines of what Cinder shows of a move, and what each reading means.

They are those of Cinder's code: which values a volume goes through from the
202 to the end, for each way in which it can be moved and can fail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.paths import verdict

_Seen = tuple[float, dict[str, Any]]
_Judge = Callable[[model.Volume, model.Volume, float], verdict.Verdict]

R, D, F, U = (
    verdict.State.RUNNING,
    verdict.State.DONE,
    verdict.State.FAILED,
    verdict.State.UNDECIDED,
)
#: On the pool that was asked for; that of silver; of silver, elsewhere.
_THERE = {"host": builders.SPARE}
_SILVER = {"type_id": "silver-id", "type_name": "silver"}
_ELSEWHERE = {**_SILVER, "host": builders.OTHER}


def _states(
    judge: _Judge, before: model.Volume, timeline: Sequence[_Seen]
) -> list[verdict.State]:
    """The verdict on each reading: (second, what is other than before)."""
    last, since, states = None, 0.0, []
    for at, changes in timeline:
        now = dataclasses.replace(before, **changes)
        if now != last:
            last, since = now, at
        states.append(judge(before, now, at - since).state)
    return states


def _of_migration(
    before: model.Volume, now: model.Volume, unchanged: float
) -> verdict.Verdict:
    return verdict.of_migration(before, now, builders.SPARE_PLACE, unchanged)


def _of_retype(
    before: model.Volume, now: model.Volume, unchanged: float
) -> verdict.Verdict:
    return verdict.of_retype(before, now, "silver-id", unchanged)


def _mig(mig: str | None, **changes: Any) -> dict[str, Any]:
    return {"migration_status": mig, "updated_at": "later", **changes}


_BEFORE = {
    "detached": builders.volume(updated_at="once"),
    "in use": builders.attached(updated_at="once"),
    "detached, migrated before": builders.volume(
        migration_status="success", updated_at="once"
    ),
    "detached, failed before": builders.volume(
        migration_status="error", updated_at="once"
    ),
}


@pytest.mark.parametrize(
    ("before", "timeline", "states"),
    [
        pytest.param(
            "detached",
            [
                (0, _mig("starting", status="maintenance")),
                (1, _mig("migrating", status="maintenance")),
                (2, _mig("success", **_THERE)),
            ],
            [R, R, D],
            id="the driver moves it, in one save",
        ),
        pytest.param(
            "detached",
            [
                (0, _mig("starting", status="maintenance")),
                (1, _mig("migrating", status="maintenance")),
                (2, _mig("completing", status="maintenance")),
                (3, _mig(None, **_THERE)),
                (4, _mig("success", **_THERE)),
            ],
            [R, R, R, R, D],
            id="a copy passes through null on its way to success",
        ),
        pytest.param(
            "in use",
            [
                (0, _mig("starting")),
                (1, _mig("migrating", attachments=())),
                (2, _mig("completing", attachments=())),
                (3, _mig(None, **_THERE)),
                (4, _mig("success", attachments=(), **_THERE)),
            ],
            [R, R, R, R, D],
            id="in use, and without an attachment for a moment",
        ),
        pytest.param(
            "detached",
            [
                (0, _mig("success", status="maintenance", **_THERE)),
                (2, _mig("success", status="maintenance", **_THERE)),
                (3, _mig("success", **_THERE)),
            ],
            [R, R, D],
            id="the status is put back a moment after success",
        ),
        pytest.param(
            "detached",
            [
                (0, _mig("success", status="maintenance", **_THERE)),
                (31, _mig("success", status="maintenance", **_THERE)),
            ],
            [R, D],
            id="or is not, which is no matter of the data",
        ),
        pytest.param(
            "detached",
            [(0, _mig("starting")), (1, _mig("error"))],
            [R, F],
            id="no pool can take it",
        ),
        pytest.param(
            "in use",
            [
                (0, _mig("starting")),
                (9, _mig("migrating")),
                (10, _mig("error")),
            ],
            [R, R, F],
            id="Nova refuses to swap",
        ),
        pytest.param(
            "detached",
            [(0, _mig("migrating")), (9, _mig("success", host="c9@x#y"))],
            [R, F],
            id="Cinder chose another pool",
        ),
        pytest.param(
            "detached",
            [
                (0, _mig("migrating")),
                (10, _mig(None)),
                (39, _mig(None)),
                (41, _mig(None)),
            ],
            [R, R, R, U],
            id="somebody reset it where it was",
        ),
        pytest.param(
            "detached",
            [(0, _mig(None, **_THERE)), (30, _mig(None, **_THERE))],
            [R, U],
            id="null is no success, also on the right pool",
        ),
        pytest.param(
            "detached, failed before",
            [(0, {}), (1, _mig("starting")), (9, _mig("success", **_THERE))],
            [R, R, D],
            id="a stale error from before the request",
        ),
        pytest.param(
            "detached, migrated before",
            [(0, {}), (1, _mig("starting")), (9, _mig("error"))],
            [R, R, F],
            id="a stale success from before the request",
        ),
        pytest.param(
            "detached, failed before",
            [(0, _mig("error"))],
            [F],
            id="an error again, faster than we looked",
        ),
        pytest.param(
            "detached",
            [(0, {}), (29, {}), (30, {})],
            [R, R, U],
            id="nothing ever happens",
        ),
    ],
)
def test_migration(
    before: str, timeline: list[_Seen], states: list[verdict.State]
) -> None:
    assert _states(_of_migration, _BEFORE[before], timeline) == states


def _retyping(mig: str | None, **changes: Any) -> dict[str, Any]:
    return _mig(mig, **{"status": "retyping", **changes})


@pytest.mark.parametrize(
    ("before", "timeline", "states"),
    [
        pytest.param(
            "detached",
            [
                (0, _retyping(None)),
                (1, _mig(None, **_SILVER)),
                (2, _mig(None, **_SILVER)),
            ],
            [R, R, D],
            id="in place: read once more, as it could be a flash",
        ),
        pytest.param(
            "detached",
            [
                (0, _retyping(None)),
                (1, _mig(None, host="c1@gold#two", **_SILVER)),
                (2, _mig(None, host="c1@gold#two", **_SILVER)),
            ],
            [R, R, D],
            id="in place, in another pool of the backend",
        ),
        pytest.param(
            "detached, migrated before",
            [(0, _retyping("success")), (1, _mig("success", **_SILVER))],
            [R, D],
            id="in place, with the success of an earlier move",
        ),
        pytest.param(
            "detached, failed before",
            [
                (0, _retyping("error")),
                (1, _mig("error", **_SILVER)),
                (2, _mig("error", **_SILVER)),
            ],
            [R, R, D],
            id="in place, with the error of an earlier move",
        ),
        pytest.param(
            "detached",
            [
                (0, _retyping(None)),
                (1, _retyping("starting")),
                (2, _retyping("migrating")),
                (3, _retyping("completing")),
                (4, _mig(None, **_ELSEWHERE)),
                (5, _mig("success", **_ELSEWHERE)),
            ],
            [R, R, R, R, R, D],
            id="a copy passes through null on its way to success",
        ),
        pytest.param(
            "in use",
            [
                (0, _retyping(None)),
                (1, _retyping("migrating")),
                (2, _retyping("migrating", attachments=())),
                (3, _retyping("completing", attachments=())),
                (4, _mig("success", **_ELSEWHERE)),
            ],
            [R, R, R, R, D],
            id="in use, retyping throughout",
        ),
        pytest.param(
            "detached",
            [(0, _retyping(None)), (1, _mig(None))],
            [R, F],
            id="the scheduler refuses without a word",
        ),
        pytest.param(
            "detached, migrated before",
            [(0, _retyping("success")), (1, _mig("success"))],
            [R, F],
            id="or with the success of an earlier move",
        ),
        pytest.param(
            "detached",
            [(0, _retyping("migrating")), (1, _mig("error"))],
            [R, F],
            id="the copy fails",
        ),
        pytest.param(
            "in use",
            [(0, _retyping("migrating")), (1, _mig("error"))],
            [R, F],
            id="Nova refuses to swap",
        ),
        pytest.param(
            "detached",
            [(0, _retyping("migrating")), (1, _mig("success", type_id="x"))],
            [R, F],
            id="somebody else's retype, to a third type",
        ),
        pytest.param(
            "detached",
            [
                (0, _retyping(None)),
                (1, _mig(None, **_ELSEWHERE)),
                (30, _mig(None, **_ELSEWHERE)),
                (31, _mig(None, **_ELSEWHERE)),
            ],
            [R, R, R, U],
            id="the row moved, the data did not",
        ),
        pytest.param(
            "detached, failed before",
            [
                (0, _retyping("error")),
                (1, _mig("error", **_ELSEWHERE)),
                (31, _mig("error", **_ELSEWHERE)),
            ],
            [R, R, U],
            id="the row moved, the data did not, after an earlier error",
        ),
        pytest.param(
            "detached",
            [(0, {}), (1, _retyping(None)), (29, {}), (59, {})],
            [R, R, R, F],
            id="a read replica that is behind, until it is no longer",
        ),
        pytest.param(
            "detached",
            [
                (0, _mig("success", status="error", **_SILVER)),
                (29, _mig("success", status="error", **_SILVER)),
                (30, _mig("success", status="error", **_SILVER)),
            ],
            [R, R, U],
            id="a status that is neither busy nor idle",
        ),
    ],
)
def test_retype(
    before: str, timeline: list[_Seen], states: list[verdict.State]
) -> None:
    assert _states(_of_retype, _BEFORE[before], timeline) == states
