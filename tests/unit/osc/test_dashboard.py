# SPDX-License-Identifier: Apache-2.0

"""What is shown of a plan while it is applied."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
from rich import console

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.core.paths import Outcome
from volmigrateclient.core.planning.plan import PlannedAction
from volmigrateclient.osc import dashboard, tally

_NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)


def _move(number: int, name: str = "data") -> paths.Move:
    cloud: Any = None
    return paths.Move(
        cloud,
        builders.request(builders.migrate(resource_id=f"v{number}")),
        volume=builders.volume(id=f"v{number}", name=name),
    )


def _result(
    number: int, outcome: Outcome, reason: str = ""
) -> paths.MoveResult:
    return paths.MoveResult(
        builders.migrate(resource_id=f"v{number}"),
        model.Path.MIGRATE,
        outcome,
        reason=reason,
        volume_id=f"v{number}",
        volume_name="data",
        size=10,
        elapsed=5,
    )


def _tally(
    volumes: int = 20, told_blocked: tuple[str, ...] = (), **limits: Any
) -> tally.Tally:
    """A plan of volumes of 10 GiB; the last was blocked when planned."""
    return tally.Tally(
        [
            PlannedAction(
                builders.migrate(resource_id=f"v{number}"),
                model.PlannedVolume(size=10),
                ("Snapshots",) if number == volumes - 1 else (),
            )
            for number in range(volumes)
        ],
        Admission(Limits(**{"parallel": 4, **limits})),
        told_blocked,
    )


@pytest.mark.parametrize(
    ("number", "says"),
    [(1, "blocked: a snapshot"), (2, None), (19, None)],
)
def test_what_blocks_a_volume_is_said_once(
    number: int, says: str | None
) -> None:
    counted = _tally(told_blocked=("v2",))

    assert counted.end(_result(number, Outcome.BLOCKED, "a snapshot")) == says
    assert counted.counts() == "1 blocked"


class Shown:
    """A live view of 20 volumes, and what is on its screen."""

    def __init__(self, width: int = 120, height: int = 40) -> None:
        self.stream = io.StringIO()
        self.out = console.Console(
            file=self.stream, width=width, height=height
        )
        self.durations = Durations()
        self.view = dashboard.View(self.out, _tally(), self.durations)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in str(self.view.drawn()).splitlines()]

    @property
    def said(self) -> list[str]:
        return [line.rstrip() for line in self.stream.getvalue().splitlines()]


def test_counts_and_what_moves() -> None:
    shown = Shown()
    shown.view.stage("canaries")
    shown.view.phase(_move(0, "[bold]x"), "copying", 127.4)
    shown.view.waiting({"total": 19})

    assert shown.lines == [
        "volumes [............................] 0 of 20",
        "GiB     [............................] 0 of 200 GiB",
        "canaries, 1 moving, 19 queued (limit: --max-parallel 4)",
        "  [bold]x  10 GiB  c1@gold#one -> c2@gold#two  copying  2 min",
    ]


@pytest.mark.parametrize("width", [120, 100])
def test_an_estimate_is_called_one(width: int) -> None:
    shown = Shown(width=width)
    shown.durations.note(10, 5.0)
    shown.view._began -= 60
    shown.view.phase(_move(0), "copying", 1.0)
    shown.view.ended(_result(0, Outcome.DONE))

    assert shown.lines[0] == (
        "volumes [#...........................] 1 of 20: 1 done"
    )
    assert shown.lines[1] == (
        "GiB     [#...........................] 10 of 200 GiB, 10.0 GiB/min, "
        "about 19 min to go (estimate"
        + (": 1 move so far)" if width >= 120 else ")")
    )


def test_a_narrow_terminal_shows_the_time_before_the_speed() -> None:
    shown = Shown(width=80)
    shown.view._began -= 60
    shown.view.ended(_result(0, Outcome.DONE))

    assert shown.lines[1] == (
        "GiB     [#.............] 10 of 200 GiB, about 19 min to go (estimate)"
    )


def test_what_fails_stays_on_the_screen() -> None:
    shown = Shown()
    shown.view.ended(_result(0, Outcome.FAILED, "why"))
    shown.view.ended(_result(1, Outcome.BLOCKED, "a snapshot"))
    shown.view.ended(_result(2, Outcome.DONE))
    shown.view.retrying("Cinder answered 503; asking again")

    assert shown.said == [
        "'data' (v0): failed: why",
        "'data' (v1): blocked: a snapshot",
        "Cinder answered 503; asking again",
    ]


def test_a_blocker_of_the_plan_is_only_counted() -> None:
    shown = Shown()
    shown.view.ended(_result(19, Outcome.BLOCKED, "the volume has ..."))

    assert shown.said == []
    assert shown.lines[0].endswith("1 of 20: 1 blocked")


def test_an_interruption_is_one_line_with_true_counts() -> None:
    shown = Shown()
    shown.view.ended(_result(0, Outcome.DONE))
    for number in (1, 2):
        shown.view.phase(_move(number), "copying", 3.0)
    shown.view.stopping("interrupted", 2)
    for number in range(3, 20):
        shown.view.ended(_result(number, Outcome.NOT_STARTED, "interrupted"))

    assert shown.said == [
        (
            "interrupted: 17 not started; waiting for 2 moves; Ctrl-C again "
            "leaves them to the cloud"
        )
    ]
    assert shown.lines[0].endswith("1 of 20: 1 done, 17 not started")
    # What is not started is not left to do, and does not count as done.
    assert "] 10 of 30 GiB" in shown.lines[1]
    assert shown.lines[0].startswith("volumes [#....")


def test_a_rule_that_stops_many_is_told_once() -> None:
    shown = Shown()
    for number in range(10):
        shown.view.ended(
            _result(number, Outcome.NOT_STARTED, "3 moves failed")
        )

    assert shown.said == ["no longer started: 3 moves failed"]


@pytest.mark.parametrize(
    ("height", "named", "more"), [(40, 20, []), (12, 6, ["  and 14 more"])]
)
def test_the_moves_use_the_height_that_there_is(
    height: int, named: int, more: list[str]
) -> None:
    shown = Shown(height=height)
    for number in range(20):
        shown.view.phase(_move(number), "copying", float(number))

    assert len(shown.lines) == 3 + named + len(more)
    # The oldest first: that is the one to worry about.
    assert shown.lines[3].endswith("19 s")
    assert shown.lines[3 + named :] == more


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_is_never_wider_than_the_terminal(width: int) -> None:
    shown = Shown(width=width)
    shown.durations.note(10, 5.0)
    shown.view.ended(_result(0, Outcome.DONE))
    shown.view.phase(_move(1, "a-volume-with-a-long-name" * 4), "copying", 1.0)
    shown.view.waiting({"total": 18})

    assert max(map(len, shown.lines)) <= width


@pytest.mark.parametrize(
    ("caps", "text"),
    [
        ({"total": 20}, "20 queued (limit: --max-parallel 4)"),
        (
            {"source c1@a#p": 12, "destination c2@a#p": 8},
            (
                "20 queued (12 --max-per-source of c1@a#p, 8 "
                "--max-per-destination of c2@a#p)"
            ),
        ),
        (
            {"server a": 1, "server b": 3},
            "20 queued (their servers' other moves)",
        ),
        ({"old copies": 20}, "20 queued (old copies are still being deleted)"),
        ({}, "20 queued"),
    ],
)
def test_what_is_queued_waits_for_a_limit(
    caps: dict[str, int], text: str
) -> None:
    assert _tally().waiting(caps) == text


def test_without_a_terminal_a_line_for_each_event() -> None:
    stream = io.StringIO()
    lines = dashboard.Lines(stream, _tally(3), now=lambda: _NOON)

    lines.stage("canaries")
    lines.phase(_move(0), "copying", 1.0)
    lines.phase(_move(0), "copying", 2.0)
    lines.ended(_result(0, Outcome.DONE))
    lines.stage("")
    lines.ended(_result(1, Outcome.FAILED, "why"))
    lines.ended(_result(2, Outcome.BLOCKED, "known from the plan"))

    assert stream.getvalue().splitlines() == [
        "12:00:00 canaries",
        "12:00:00 'data' (v0): copying (1 s)",
        "12:00:00 'data' (v0): done (1 of 3, 5 s)",
        "12:00:00 the canaries are verified; now the rest",
        "12:00:00 'data' (v1): failed: why (2 of 3, 5 s)",
    ]


def test_without_a_terminal_an_interruption_is_one_line() -> None:
    stream = io.StringIO()
    lines = dashboard.Lines(stream, _tally(3012), now=lambda: _NOON)

    lines.stopping("interrupted", 0)
    for number in range(3012):
        lines.ended(_result(number, Outcome.NOT_STARTED, "interrupted"))

    assert stream.getvalue() == "12:00:00 interrupted: 3,012 not started\n"
