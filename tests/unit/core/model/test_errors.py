# SPDX-License-Identifier: Apache-2.0

"""What a refusal says, and what a handler of errors must not catch."""

from __future__ import annotations

import pytest

from volmigrateclient.core import model
from volmigrateclient.core.model import errors


def _blocked(sentence: str, detail: str, remedy: str = "") -> model.Check:
    return model.Check("any", model.Result.BLOCKED, detail, remedy, sentence)


@pytest.mark.parametrize(
    ("blockers", "lines"),
    [
        pytest.param([], [], id="nothing blocks"),
        pytest.param(
            [_blocked("Sentence", "")],
            ["Sentence"],
            id="a sentence that needs no reason",
        ),
        pytest.param(
            [_blocked("Sentence", "why")],
            ["Sentence: why"],
            id="a sentence and its reason",
        ),
        pytest.param(
            [_blocked("Sentence", "why", "do this")],
            ["Sentence: why (remedy: do this)"],
            id="a reason and its remedy",
        ),
        pytest.param(
            [
                _blocked("First", "one"),
                _blocked("Second", "two"),
                _blocked("First", "three", "do this"),
            ],
            ["First: one; three (remedy: do this)", "Second: two"],
            id="all reasons of a sentence in its line",
        ),
    ],
)
def test_a_refusal_gives_every_reason_once(
    blockers: list[model.Check], lines: list[str]
) -> None:
    refusal = errors.RefusedError(blockers)

    assert str(refusal) == "\n".join(lines)
    assert refusal.blockers == tuple(blockers)


@pytest.mark.parametrize(
    "signal", [errors.TimedOut, errors.CredentialsExpired, errors.Interrupted]
)
def test_a_reason_to_stop_is_no_error_to_handle(
    signal: type[errors.StopWaiting],
) -> None:
    assert not issubclass(signal, Exception)
    assert issubclass(signal, errors.StopWaiting)


def test_a_cloud_s_error_keeps_what_its_logs_are_found_by() -> None:
    error = errors.ConflictError("busy", 409, "req-1")

    assert (str(error), error.status, error.request_id) == (
        "busy",
        409,
        "req-1",
    )
