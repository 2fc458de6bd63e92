# SPDX-License-Identifier: Apache-2.0

"""When moves may start, judged by how long they are expected to take."""

from __future__ import annotations

import datetime
from collections.abc import Callable

#: Seconds that a move is expected to take -> why it may not start, or None.
Window = Callable[[float], str | None]


def _now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


def until(
    end: datetime.datetime, now: Callable[[], datetime.datetime] = _now
) -> Window:
    """Nothing starts that is not expected to end by then.

    :param end: with a time zone
    :param now: gives the time, with a time zone
    """

    def refusal(seconds: float) -> str | None:
        if now() + datetime.timedelta(seconds=seconds) <= end:
            return None
        return f"not expected to end by {end:%H:%M}"

    return refusal
