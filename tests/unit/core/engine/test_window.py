# SPDX-License-Identifier: Apache-2.0

"""When moves may start: an end, and windows that come again."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator

import pytest

from volmigrateclient.core.engine import window
from volmigrateclient.core.model import errors


@pytest.fixture(autouse=True)
def central_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks go forward on 29 March 2026 at 02:00, back on 25 October."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    window._spans.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    window._spans.cache_clear()


def _at(text: str) -> datetime.datetime:
    """A moment as local clocks show it."""
    return datetime.datetime.fromisoformat(text).astimezone()


def _window(at: str, *periods: str, until: str | None = None) -> window.Window:
    return window.Window(
        [window.Period.parse(one) for one in periods],
        _at(until) if until else None,
        now=lambda: _at(at),
    )


@pytest.mark.parametrize(
    ("text", "days", "begins", "ends"),
    [
        ("22:00-05:00", "0123456", 22 * 3600, 5 * 3600),
        ("0:00-24:00", "0123456", 0, 24 * 3600),
        (" Mon-Fri 22:00-05:30 ", "01234", 22 * 3600, 5 * 3600 + 1800),
        ("sat,sun 08:00-20:00", "56", 8 * 3600, 20 * 3600),
        ("fri-mon 08:00-20:00", "0456", 8 * 3600, 20 * 3600),
        ("wed 08:00:30-08:00:40", "2", 28830, 28840),
    ],
)
def test_how_windows_are_written(
    text: str, days: str, begins: int, ends: int
) -> None:
    assert window.Period.parse(text) == window.Period(
        frozenset(map(int, days)), begins, ends
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22:00",
        "22-05",
        "22:00-22:00",
        "25:00-26:00",
        "22:60-23:00",
        "24:00-05:00",
        "funday 22:00-05:00",
        "mon- 22:00-05:00",
        "mon,,tue 22:00-05:00",
        "22:00-05:00 22:00-05:00",
    ],
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(errors.InvalidActionError, match="is not a window"):
        window.Period.parse(text)


@pytest.mark.parametrize(
    ("at", "periods", "seconds", "starts"),
    [
        # Without windows at once.
        ("2026-01-05 12:00", [], 10**6, "2026-01-05 12:00"),
        # Inside, and early enough.
        ("2026-01-05 23:00", ["22:00-05:00"], 3600, "2026-01-05 23:00"),
        # After midnight it is still yesterday's.
        ("2026-01-06 04:00", ["22:00-05:00"], 3600, "2026-01-06 04:00"),
        ("2026-01-06 04:01", ["22:00-05:00"], 3600, "2026-01-06 22:00"),
        # Outside.
        ("2026-01-05 12:00", ["22:00-05:00"], 60, "2026-01-05 22:00"),
        # Fits into none.
        ("2026-01-05 12:00", ["22:00-05:00"], 8 * 3600, None),
        # On Friday evening; 9 January 2026 is one.
        ("2026-01-10 05:00", ["fri 22:00-05:00"], 60, "2026-01-16 22:00"),
        ("2026-01-10 04:00", ["fri 22:00-05:00"], 60, "2026-01-10 04:00"),
        # Two that touch are one.
        (
            "2026-01-05 23:59",
            ["22:00-24:00", "00:00-05:00"],
            4 * 3600,
            "2026-01-05 23:59",
        ),
        ("2026-01-05 12:00", ["00:00-24:00"], 86400, "2026-01-05 12:00"),
        # The night in which an hour is missing: 22:00 to 05:00 is 6 h.
        ("2026-03-28 22:00", ["22:00-05:00"], 6.5 * 3600, "2026-03-29 22:00"),
        ("2026-03-28 22:00", ["22:00-05:00"], 6 * 3600, "2026-03-28 22:00"),
        # The night that is an hour longer: 8 h.
        ("2026-10-24 22:00", ["22:00-05:00"], 8 * 3600, "2026-10-24 22:00"),
        ("2026-10-23 22:00", ["22:00-05:00"], 8 * 3600, "2026-10-24 22:00"),
        # 02:00 to 03:00 does not exist that night.
        ("2026-03-29 00:00", ["02:00-03:00"], 60, "2026-03-30 02:00"),
    ],
)
def test_when_a_move_may_start(
    at: str, periods: list[str], seconds: float, starts: str | None
) -> None:
    expected = None if starts is None else _at(starts)

    assert _window(at, *periods).start(seconds) == expected


def test_one_that_fits_into_no_window_is_refused() -> None:
    found = _window("2026-01-05 12:00", "22:00-05:00")

    assert found.refusal(8 * 3600) == (
        "not expected to end within any window: it would take about 8 h"
    )
    assert found.wait(8 * 3600) is None


def test_one_that_fits_into_a_later_window_waits() -> None:
    found = _window("2026-01-06 04:30", "22:00-05:00")

    assert found.refusal(3600) is None
    assert found.wait(3600) == "window at Tue 22:00"
    assert found.wait(60) is None
    assert found.closed is None
    assert found.next_opening() == 17.5 * 3600


def test_an_end_before_the_next_window_refuses() -> None:
    found = _window(
        "2026-01-06 04:30", "22:00-05:00", until="2026-01-06 22:10"
    )

    assert found.refusal(1800) is None
    assert found.refusal(3600) == "not expected to end by 22:10"
    # It waits for nothing: it is over.
    assert found.wait(3600) is None


@pytest.mark.parametrize(
    ("time_", "now", "then"),
    [
        ("06:00", "2026-01-05 22:00", "2026-01-06 06:00"),
        ("23:00", "2026-01-05 22:00", "2026-01-05 23:00"),
        ("22:00", "2026-01-05 22:00", "2026-01-06 22:00"),
        # Seven hours later, not eight.
        ("06:00", "2026-03-28 22:00", "2026-03-29 06:00"),
    ],
)
def test_the_next_time_of_day(time_: str, now: str, then: str) -> None:
    asked = datetime.time.fromisoformat(time_)

    assert window.next_time(asked, _at(now)) == _at(then)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (12000, "3 h 20 min"),
        (7170, "2 h"),
        (48 * 3600, "2 d"),
        (52 * 3600, "2 d 4 h"),
        (float("inf"), "an unknown time"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert window.about(seconds) == text
