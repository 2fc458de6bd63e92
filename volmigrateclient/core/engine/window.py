# SPDX-License-Identifier: Apache-2.0

"""When moves may start, judged by how long they are expected to take.

Two rules, of which either may be missing: an end after which nothing more is
started (``--until``), and windows that come again (``--window``), outside of
which everything waits.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import re
from collections.abc import Callable, Sequence

from volmigrateclient.core.model import errors

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = datetime.timedelta(days=1)
#: Days that are looked ahead: a window of one weekday, and the one after it.
_AHEAD = 15

_SYNTAX = re.compile(
    r"(?:(?P<days>[a-z,-]+)\s+)?"
    r"(?P<begins>\d{1,2}:\d{2}(?::\d{2})?)-(?P<ends>\d{1,2}:\d{2}(?::\d{2})?)"
)

#: Gives the time, with a time zone.
Now = Callable[[], datetime.datetime]

#: A stretch of time in which moves may be under way.
_Span = tuple[datetime.datetime, datetime.datetime]


@dataclasses.dataclass(frozen=True)
class Period:
    """A window as it is written: some weekdays, from a time to a time.

    :param days: those on which it begins; Monday is 0
    :param begins: seconds after that day's midnight, and so is ``ends``; it
        is the next day's where it is not later than ``begins``
    """

    days: frozenset[int]
    begins: int
    ends: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """``22:00-05:00``, ``sat,sun 00:00-24:00``, ``mon-fri 22:00-05:00``.

        :raises InvalidActionError: it is none of these
        """
        found = _SYNTAX.fullmatch(text.strip().lower())
        if found is None:
            raise _invalid(text)
        begins, ends = (_seconds(found[k], text) for k in ("begins", "ends"))
        if begins == ends or begins == _DAY.total_seconds():
            raise _invalid(text)
        return cls(_days(found["days"], text), begins, ends)

    def on(self, day: datetime.date) -> _Span | None:
        """When it is open that begins on a day, or None.

        Local time, so a window is an hour shorter or longer in the night in
        which clocks are changed.
        """
        if day.weekday() not in self.days:
            return None
        last = day if self.ends > self.begins else day + _DAY
        return _local(day, self.begins), _local(last, self.ends)


def _invalid(text: str) -> errors.InvalidActionError:
    return errors.InvalidActionError(
        f"'{text}' is not a window like '22:00-05:00' or 'mon-fri 22:00-05:00'"
    )


def _seconds(text: str, whole: str) -> int:
    hours, minutes, seconds, *_ = (*map(int, text.split(":")), 0)
    number = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or number > _DAY.total_seconds():
        raise _invalid(whole)
    return number


def _days(text: str | None, whole: str) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if first not in _DAYS or last not in _DAYS:
            raise _invalid(whole)
        start, end = _DAYS.index(first), _DAYS.index(last)
        # fri-mon is a weekend and its neighbours.
        found.update(
            n % 7 for n in range(start, start + (end - start) % 7 + 1)
        )
    return frozenset(found)


def _local(day: datetime.date, seconds: int) -> datetime.datetime:
    """That many seconds after a day's midnight, as clocks show it there."""
    if seconds == _DAY.total_seconds():
        day, seconds = day + _DAY, 0
    time = datetime.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    shown = datetime.datetime.combine(day, time)
    first = shown.astimezone()
    if first.replace(tzinfo=None) == shown:
        return first
    # Clocks skip it: the moment at which they go on.
    return max(first, shown.replace(fold=1).astimezone())


def local_now() -> datetime.datetime:
    """The time, with the local time zone."""
    return datetime.datetime.now().astimezone()


class Window:
    """When moves may start.

    A move may start where it is expected to end before its window closes,
    and before the end. One that has to wait for the next window is not
    refused; one that fits into no window is.

    :param periods: the windows; without any it is open always
    :param until: after which nothing is to be under way any more; with a
        time zone
    :param now: tests and forecasts bring their own
    """

    def __init__(
        self,
        periods: Sequence[Period] = (),
        until: datetime.datetime | None = None,
        now: Now = local_now,
    ) -> None:
        self._periods = tuple(periods)
        self._until = until
        self._now = now

    def by(self, now: Now) -> Window:
        """The same, by another clock."""
        return Window(self._periods, self._until, now)

    @property
    def recurs(self) -> bool:
        """Whether it closes and opens again."""
        return bool(self._periods)

    @property
    def restricts(self) -> bool:
        """Whether anything may ever not start."""
        return self.recurs or self._until is not None

    def start(self, seconds: float) -> datetime.datetime | None:
        """When a move that takes so long may start, or None for never."""
        now = self._now()
        if not self._periods:
            return now
        took = _delta(seconds)
        for begins, ends in _spans(self._periods, _today(now)):
            earliest = max(begins, now)
            if earliest + took <= ends:
                return earliest
        return None

    def refusal(self, seconds: float) -> str | None:
        """Why a move that takes so long is not to start any more, or None."""
        start = self.start(seconds)
        if start is None:
            return (
                "not expected to end within any window: it would take about "
                f"{about(seconds)}"
            )
        if self._until is not None and self._is_late(start, seconds):
            return f"not expected to end by {self._until:%H:%M}"
        return None

    def _is_late(self, start: datetime.datetime, seconds: float) -> bool:
        return (
            self._until is not None and start + _delta(seconds) > self._until
        )

    def wait(self, seconds: float) -> str | None:
        """The window that a move of so long waits for, or None.

        None is also for those that are refused.
        """
        if not self._periods:
            return None
        start = self.start(seconds)
        if (
            start is None
            or start <= self._now()
            or self._is_late(start, seconds)
        ):
            return None
        return f"window at {start.astimezone():%a %H:%M}"

    @property
    def closed(self) -> str | None:
        """The window that everything waits for now, or None."""
        return self.wait(0.0)

    def next_opening(self) -> float | None:
        """Seconds until the next window begins, or None."""
        now = self._now()
        for begins, _ in _spans(self._periods, _today(now)):
            if begins > now:
                return (begins - now).total_seconds()
        return None


def _today(now: datetime.datetime) -> datetime.date:
    return now.astimezone().date()


def _delta(seconds: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=min(seconds, 10**9))


@functools.lru_cache(maxsize=8)
def _spans(
    periods: tuple[Period, ...], today: datetime.date
) -> tuple[_Span, ...]:
    """When it is open from yesterday on; what touches is one."""
    every = sorted(
        span
        for number in range(-1, _AHEAD)
        for period in periods
        if (span := period.on(today + number * _DAY)) is not None
        # Clocks that are put forward may leave nothing of it.
        and span[0] < span[1]
    )
    merged: list[_Span] = []
    for begins, ends in every:
        if merged and begins <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], ends)
        else:
            merged.append((begins, ends))
    return tuple(merged)


def next_time(
    time: datetime.time, now: datetime.datetime | None = None
) -> datetime.datetime:
    """The next moment at which local clocks show a time of day."""
    reference = (now or local_now()).astimezone()
    seconds = time.hour * 3600 + time.minute * 60 + time.second
    end = _local(reference.date(), seconds)
    return end if end > reference else _local(reference.date() + _DAY, seconds)


def about(seconds: float) -> str:
    """A length of time as people say it: 40 s, 12 min, 3 h 20 min, 2 d 4 h."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if round(seconds) < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours + round(minutes / 60), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
