# SPDX-License-Identifier: Apache-2.0

"""What is said on stderr while moves are under way."""

from __future__ import annotations

import argparse
import datetime
import io
import re
from typing import Any

import pytest
from rich import console

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.osc import progress

_ID = builders.VOLUME_ID
_NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)


def _lines(stream: io.StringIO) -> list[str]:
    """What was said, without the time of day in front of each line."""
    said = stream.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in said), said
    return [line[9:] for line in said]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _app(stream: io.StringIO, verbose_level: int = 1) -> Any:
    return argparse.Namespace(
        stderr=stream, options=argparse.Namespace(verbose_level=verbose_level)
    )


def _move(**seen: Any) -> paths.Move:
    move = paths.Move(
        scripted_cloud.ScriptedCloud().core,
        builders.request(builders.migrate()),
    )
    move.survey = builders.survey(volume=builders.volume(**seen))
    return move


@pytest.mark.parametrize(
    ("phases", "lines"),
    [
        pytest.param(
            [("scheduling", 0.4), ("copying", 1.6)],
            [
                f"'data' ({_ID}): scheduling (0 s)",
                f"'data' ({_ID}): copying (2 s)",
            ],
            id="a line for each change",
        ),
        pytest.param(
            [("copying", second) for second in range(200)],
            [
                f"'data' ({_ID}): copying ({s})"
                for s in ("0 s", "1 min", "2 min", "3 min")
            ],
            id="and one a minute",
        ),
        pytest.param(
            [("copying", 10), ("completing", 65), ("completing", 124)],
            [
                f"'data' ({_ID}): copying (10 s)",
                f"'data' ({_ID}): completing (1 min)",
            ],
            id="a minute after the last one",
        ),
    ],
)
def test_lines_without_a_terminal(
    phases: list[tuple[str, float]], lines: list[str]
) -> None:
    stream = io.StringIO()

    with progress.reporter(_app(stream), progress.Output(stream)) as reporter:
        for phase, elapsed in phases:
            reporter.phase(_move(), phase, elapsed)

    assert _lines(stream) == lines


def test_each_volume_has_its_own_minute() -> None:
    stream = io.StringIO()
    reporter = progress.LineReporter(stream)

    for second in range(10):
        reporter.phase(_move(id="one"), "copying", second)
        reporter.phase(_move(id="two"), "copying", second)

    assert _lines(stream) == [
        "'data' (one): copying (0 s)",
        "'data' (two): copying (0 s)",
    ]


def test_nothing_is_said_of_a_volume_that_is_not_known_yet() -> None:
    stream = io.StringIO()
    move = _move()
    move.survey = None

    progress.LineReporter(stream).phase(move, "checking", 0)

    assert stream.getvalue() == ""


def test_warnings_and_trouble_have_a_line() -> None:
    stream = io.StringIO()
    reporter = progress.LineReporter(stream, lambda: _NOON)

    reporter.warning(_move(name=""), "mind")
    reporter.retrying("503; asking again")

    assert stream.getvalue() == (
        f"12:00:00 volume {_ID}: warning: mind\n12:00:00 503; asking again\n"
    )


def test_quiet_is_quiet() -> None:
    stream = io.StringIO()
    app = _app(stream, verbose_level=0)

    with progress.reporter(app, progress.Output(stream)) as reporter:
        reporter.phase(_move(), "copying", 0)
        reporter.warning(_move(), "mind")
    progress.note(app, "already there")

    assert type(reporter) is Reporter
    assert stream.getvalue() == ""


def test_a_note_is_for_people() -> None:
    stream = io.StringIO()

    progress.note(_app(stream), "already there")

    assert stream.getvalue() == "already there\n"


@pytest.fixture
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize("term", ["dumb", "unknown", "", None])
def test_a_terminal_without_a_cursor_gets_plain_lines(
    monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    if term is not None:
        monkeypatch.setenv("TERM", term)
    stream = _Terminal()

    with progress.reporter(_app(stream), progress.Output(stream)) as reporter:
        reporter.phase(_move(), "copying", 0)
    with progress.counting(_app(stream), "assessing") as tell:
        tell(1, 2)

    assert _lines(stream) == [f"'data' ({_ID}): copying (0 s)"]


@pytest.mark.usefixtures("xterm")
def test_how_far_it_got_is_shown_on_a_terminal_alone() -> None:
    for stream in (_Terminal(), io.StringIO()):
        with progress.counting(_app(stream), "assessing") as tell:
            tell(0, 3033)
            tell(1200, 3033)
        if stream.isatty():
            assert "assessing: 1,200 of 3,033 volumes" in stream.getvalue()
        else:
            assert stream.getvalue() == ""


@pytest.mark.usefixtures("xterm")
def test_on_a_terminal_warnings_stay() -> None:
    stream = _Terminal()

    with progress.reporter(_app(stream), progress.Output(stream)) as reporter:
        reporter.warning(_move(), "mind [this]")
        reporter.retrying("503; [asking] again")

    assert "warning: mind [this]" in stream.getvalue()
    assert "503; [asking] again" in stream.getvalue()


@pytest.mark.parametrize(
    ("move", "shown"),
    [
        pytest.param(_move(), "'data': copying, 7 s", id="its name"),
        pytest.param(_move(name=""), f"{_ID}: copying, 7 s", id="or its ID"),
    ],
)
def test_on_a_terminal_a_line_is_written_over(
    move: paths.Move, shown: str
) -> None:
    recorded = console.Console(file=io.StringIO(), width=200)
    live = recorded.status("checking")

    progress.LiveReporter(live).phase(move, "copying", 7)
    recorded.print(live.renderable)

    assert isinstance(recorded.file, io.StringIO)
    assert shown in recorded.file.getvalue()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[bold]x", "[bold]x"),
        ("[/]", "[/]"),
        ("x[/red]", "x[/red]"),
        ("\x1b[31mx", "\\x1b[31mx"),
        ("x\ndone", "x\\ndone"),
    ],
)
def test_on_a_terminal_a_name_is_text(name: str, shown: str) -> None:
    recorded = console.Console(file=io.StringIO(), width=200)
    live = recorded.status("checking")

    progress.LiveReporter(live).phase(_move(name=name), "copying", 7)
    recorded.print(live.renderable)

    assert isinstance(recorded.file, io.StringIO)
    assert f"'{shown}': copying" in recorded.file.getvalue()


class _Left(io.StringIO):
    """A stream whose reader leaves after so many lines."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._lines = lines

    def write(self, text: str) -> int:
        if self.getvalue().count("\n") >= self._lines:
            raise BrokenPipeError
        return super().write(text)


def test_a_reader_who_has_left_is_told_once_and_then_no_more() -> None:
    stream, told = _Left(1), []
    output = progress.Output(stream)
    output.when_closed(lambda: told.append("left"))
    reporter = progress.LineReporter(output)

    reporter.retrying("first")
    assert told == []
    reporter.retrying("second")
    reporter.warning(_move(), "third")
    reporter.phase(_move(), "copying", 1)

    assert told == ["left"]
    assert _lines(stream) == ["first"]
