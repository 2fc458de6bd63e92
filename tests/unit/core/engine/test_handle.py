# SPDX-License-Identifier: Apache-2.0

"""Stopping from outside, gently or at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core.engine import Handle

_NOT_STARTED = ("not started", "the time is over")


def _run(
    tell: Callable[[Handle], None], at: float | None
) -> list[tuple[str, str]]:
    """Two jobs, one after another; told at some second, or beforehand."""
    volumes = [builders.volume(id=f"v{n}") for n in range(2)]
    field = running.Bench(*volumes)
    handle = Handle()
    if at is None:
        tell(handle)
    else:
        field.clock.at(at, lambda: tell(handle))
    handle.attach(field.engine)
    found = field.run(
        *(running.job(running.waits(9), volume) for volume in volumes)
    )
    handle.detach(field.engine)
    return found


def _stop(handle: Handle) -> None:
    handle.stop("the time is over")


def _twice(handle: Handle) -> None:
    handle.stop("the time is over")
    handle.stop("something else")


def _first_gently(handle: Handle) -> None:
    handle.stop("the time is over")
    handle.interrupt()


@pytest.mark.parametrize(
    ("tell", "at", "ends"),
    [
        pytest.param(_stop, 1.0, [("done", ""), _NOT_STARTED], id="gently"),
        pytest.param(
            _stop, None, [_NOT_STARTED, _NOT_STARTED], id="before it began"
        ),
        pytest.param(
            _twice,
            1.0,
            [("done", ""), _NOT_STARTED],
            id="the first reason stays",
        ),
        pytest.param(
            Handle.interrupt,
            1.0,
            [
                ("interrupted", "interrupted before anything was changed"),
                ("not started", "interrupted"),
            ],
            id="at once",
        ),
        pytest.param(
            _first_gently,
            1.0,
            [
                ("interrupted", "interrupted before anything was changed"),
                _NOT_STARTED,
            ],
            id="gently, then at once",
        ),
        pytest.param(lambda handle: None, 1.0, [("done", "")] * 2, id="not"),
    ],
)
def test_what_becomes_of_what_runs_and_of_what_waits(
    tell: Callable[[Handle], None],
    at: float | None,
    ends: list[tuple[str, str]],
) -> None:
    assert _run(tell, at) == ends


def test_what_ended_is_no_longer_told() -> None:
    field = running.Bench()
    handle = Handle()
    handle.attach(field.engine)
    handle.detach(field.engine)

    handle.interrupt()

    assert field.run(running.job(running.waits(1))) == [("done", "")]
