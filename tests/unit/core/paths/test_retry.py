# SPDX-License-Identifier: Apache-2.0

"""Requests without an answer: what is asked again, and what never."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.paths import driving
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import retry

_BEFORE = builders.volume()
_STARTED = builders.volume(migration_status="starting")
_DOWN = errors.UnansweredError("504", 504, "req-lost")
_TAKEN = errors.BadRequestError("not in a state to migrate", 400)


def _answers(planned: list[Exception | str]) -> Callable[[], str]:
    """A request that is answered so; what is left was not sent."""

    def request() -> str:
        answer = planned.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return request


def _nothing(times: int) -> list[driving.Seen]:
    return [(0.0, ())] * times


@pytest.mark.parametrize(
    ("failures", "pauses"),
    [(0, 0), (1, 1), (2, 3), (3, 6), (8, 36), (9, 44)],
)
def test_a_read_is_repeated_ever_more_rarely(
    failures: int, pauses: int
) -> None:
    steps = retry.read(_answers([*[_DOWN] * failures, "answer"]), "looking")

    answer, phases = driving.drive(steps, *_nothing(pauses))

    assert answer == "answer"
    assert set(phases) <= {"looking"}


def test_a_read_is_given_up_after_so_many_attempts() -> None:
    steps = retry.read(_answers([_DOWN] * 3), "looking", attempts=3)

    with pytest.raises(errors.UnansweredError, match="504"):
        driving.drive(steps, *_nothing(3))


def test_an_answer_that_is_no_is_no() -> None:
    refusal = errors.ForbiddenError("policy", 403)

    with pytest.raises(errors.ForbiddenError):
        driving.drive(retry.read(_answers([refusal]), "looking"))


def _ask(planned: list[Exception | str]) -> tuple[Any, Any]:
    move = driving.move(scripted_cloud.ScriptedCloud(), builders.migrate())
    return move, retry.ask_cinder(move, _answers(planned), _BEFORE)


@pytest.mark.parametrize(
    ("answers", "looks", "request_id"),
    [
        pytest.param(["req"], [], "req", id="answered"),
        pytest.param(
            [_DOWN], [_STARTED], "req-lost", id="lost, and it took effect"
        ),
        pytest.param(
            [_DOWN],
            [_BEFORE, _BEFORE, _STARTED],
            "req-lost",
            id="lost, and it took effect late",
        ),
        pytest.param(
            [_DOWN],
            [builders.volume(status="retyping")],
            "req-lost",
            id="lost, and the volume is retyping",
        ),
        pytest.param(
            [_DOWN],
            [builders.volume(migration_status="error")],
            "req-lost",
            id="lost, and the move has failed already",
        ),
        pytest.param(
            [_DOWN],
            [builders.volume(type_id="silver-id")],
            "req-lost",
            id="lost, and the move has ended already",
        ),
        pytest.param(
            [_DOWN, "req"], [_BEFORE] * 4, "req", id="lost, and sent again"
        ),
        pytest.param(
            [_DOWN, _DOWN],
            [_BEFORE] * 5 + [_STARTED],
            "req-lost",
            id="lost twice, and it took effect",
        ),
        pytest.param(
            [_DOWN, _TAKEN],
            [_BEFORE] * 4 + [_STARTED],
            None,
            id="the second is refused because the first took effect",
        ),
    ],
)
def test_a_request_acts_once(
    answers: list[Exception | str], looks: list[Any], request_id: str | None
) -> None:
    move, steps = _ask(answers)

    driving.drive(steps, *driving.timeline(*looks))

    assert answers == []
    # What the services' logs are found by.
    assert request_id in (None, *move.request_ids[-1:])
    assert move.under_way


@pytest.mark.parametrize(
    ("answers", "looks", "error"),
    [
        pytest.param([_TAKEN], 0, _TAKEN, id="refused at once"),
        pytest.param([_DOWN, _DOWN], 8, _DOWN, id="never answered"),
        pytest.param([_DOWN, _TAKEN], 8, _TAKEN, id="refused the second time"),
    ],
)
def test_a_request_that_failed_is_sent_twice_at_most(
    answers: list[Exception | str], looks: int, error: errors.CloudError
) -> None:
    _, steps = _ask(answers)

    with pytest.raises(type(error), match=str(error)):
        driving.drive(steps, *driving.timeline(*[_BEFORE] * looks))

    assert answers == []


def test_a_lost_request_is_told() -> None:
    move, steps = _ask([_DOWN])

    driving.drive(steps, *driving.timeline(_STARTED))

    assert move.warnings == ["504; checking whether Cinder took the request"]


def test_one_of_many_is_sent_ever_later() -> None:
    move = driving.move(
        scripted_cloud.ScriptedCloud(), builders.migrate(), unattended=True
    )
    busy = errors.UnansweredError("429", 429, "")
    answers: list[Exception | str] = [*[busy] * 3, "req"]

    driving.drive(
        retry.ask_cinder(move, _answers(answers), _BEFORE),
        *driving.timeline(*[_BEFORE] * (4 + 8 + 12)),
    )

    assert answers == []
    assert move.request_ids[-1] == "req"
