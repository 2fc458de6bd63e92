# SPDX-License-Identifier: Apache-2.0

"""What is shown of a plan while it is applied."""

from __future__ import annotations

import io
from typing import Any

from rich import console

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.osc import dashboard


def _move(number: int, name: str = "data") -> paths.Move:
    cloud: Any = None
    return paths.Move(
        cloud,
        builders.request(builders.migrate(resource_id=f"v{number}")),
        volume=builders.volume(id=f"v{number}", name=name),
    )


def _result(number: int, outcome: paths.Outcome) -> paths.MoveResult:
    return paths.MoveResult(
        builders.migrate(resource_id=f"v{number}"),
        model.Path.MIGRATE,
        outcome,
        reason="why" if outcome is paths.Outcome.FAILED else "",
        volume_id=f"v{number}",
        size=10,
        elapsed=5,
    )


class Shown:
    """A live view of 20 volumes of 10 GiB, and what is on its screen."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.out = console.Console(file=self.stream, width=100)
        self.pace = Durations()
        self.view = dashboard.View(
            self.out, {f"v{n}": 10 for n in range(20)}, self.pace
        )

    @property
    def lines(self) -> list[str]:
        return str(self.view.drawn()).splitlines()


def test_counts_and_what_moves() -> None:
    shown = Shown()
    shown.view.phase(_move(0, "[bold]x"), "copying", 7.4)
    shown.view.waiting({"total": 19})

    assert shown.lines == [
        "1 running, 19 waiting",
        "0 GiB moved, 200 GiB left",
        "waiting for: total (19)",
        "  v0 '[bold]x': copying, 7 s",
    ]


def test_an_estimate_is_called_one() -> None:
    shown = Shown()
    shown.pace.note(10, 5.0)
    shown.view.phase(_move(0), "copying", 1.0)
    shown.view.ended(_result(0, paths.Outcome.DONE))

    assert shown.lines[0] == "1 done, 0 running, 19 waiting"
    assert shown.lines[1].startswith("10 GiB moved, 190 GiB left, ")
    assert shown.lines[1].endswith("(an estimate from 1 move so far)")


def test_what_fails_stays_on_the_screen() -> None:
    shown = Shown()
    shown.view.ended(_result(0, paths.Outcome.FAILED))
    shown.view.retrying("Cinder answered 503; asking again")

    assert shown.stream.getvalue().splitlines() == [
        "v0: failed: why",
        "Cinder answered 503; asking again",
    ]


def test_hundreds_in_flight_are_counted() -> None:
    shown = Shown()
    for number in range(20):
        shown.view.phase(_move(number), "copying", 1.0)

    assert len(shown.lines) == 2 + 12 + 1
    assert shown.lines[-1] == "  and 8 more"


def test_without_a_terminal_a_line_for_each_end() -> None:
    stream = io.StringIO()
    lines = dashboard.Lines(stream, 2)

    lines.phase(_move(0), "copying", 1.0)
    lines.phase(_move(0), "copying", 2.0)
    lines.ended(_result(0, paths.Outcome.DONE))
    lines.ended(_result(1, paths.Outcome.FAILED))

    assert stream.getvalue().splitlines() == [
        "volume v0: copying (1 s)",
        "volume v0: done (1 of 2, 5 s)",
        "volume v1: failed (2 of 2, 5 s): why",
    ]
