# SPDX-License-Identifier: Apache-2.0

"""What a terminal can do, and how large it is."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

#: What a terminal calls itself that has no cursor to move. Without any name
#: nobody knows what it makes of a code.
_WITHOUT_CURSOR = ("", "dumb", "unknown")


@dataclasses.dataclass(frozen=True)
class Size:
    """Columns and lines."""

    width: int = 80
    height: int = 24


def is_live(stream: Any) -> bool:
    """Whether lines of a stream can be written over."""
    return bool(stream.isatty()) and (
        os.environ.get("TERM", "").lower() not in _WITHOUT_CURSOR
    )


def size_of(stream: Any) -> Size:
    """How large a stream's terminal is; 80 by 24 where that is not known."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return Size()
    # A terminal that nobody has set the size of says 0.
    return Size(found.columns or Size.width, found.lines or Size.height)
