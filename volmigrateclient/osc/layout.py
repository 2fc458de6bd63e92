# SPDX-License-Identifier: Apache-2.0

"""Text that fits: columns, bars, wrapped words, and numbers for people.

Pure functions; every line that they give is at most as wide as is asked
for, unless a single word is wider.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from volmigrateclient.core.model import wording

#: Between two columns.
_GAP = "  "
#: At the end of what is cut.
_CUT = ".."
#: A column is not cut below this.
_LEAST = 8


def table(
    rows: Sequence[Sequence[str]],
    width: int,
    right: Iterable[int] = (),
    shrink: Iterable[int] = (),
    indent: int = 0,
) -> list[str]:
    """Rows as lines, without a frame.

    :param right: the columns that are aligned to the right
    :param shrink: those that may be cut, the first one first, to fit
    """
    if not rows:
        return []
    # What a tenant wrote is on one line, whatever there is in it.
    rows = [[wording.escaped(cell) for cell in row] for row in rows]
    right = frozenset(right)
    widths = [max(map(columns_of, cells)) for cells in zip(*rows, strict=True)]
    over = indent + sum(widths) + len(_GAP) * (len(widths) - 1) - width
    for column in shrink:
        if over > 0:
            cut = min(over, max(widths[column] - _LEAST, 0))
            widths[column] -= cut
            over -= cut
    return [
        (
            " " * indent
            + _GAP.join(
                _aligned(cell, widths[column], column in right)
                for column, cell in enumerate(row)
            )
        ).rstrip()
        for row in rows
    ]


def _aligned(text: str, width: int, right: bool) -> str:
    text = shortened(text, width)
    padding = " " * (width - columns_of(text))
    return padding + text if right else text + padding


def shortened(text: str, width: int) -> str:
    """A text that is cut at its end if it is too wide."""
    if columns_of(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += columns_of(character)
        if used > width - len(_CUT):
            break
        kept.append(character)
    return "".join(kept).rstrip() + _CUT


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """A text in lines; no word of it, such as an ID, is ever broken."""
    return [
        line
        for paragraph in wording.escaped_lines(text).split("\n")
        for line in textwrap.wrap(
            paragraph,
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


#: What a remedy begins with that is to be copied into a shell.
_COMMANDS = ("openstack ", "cinder ", "nova ")
#: A word of a command: what is quoted is not to be broken, spaces or not.
_WORD = re.compile(r"(?:\$'(?:\\.|[^'\\])*'|'[^']*'|\"[^\"]*\"|[^\s'\"])+")


def remedy(text: str, width: int, indent: int = 0) -> list[str]:
    """What clears a blocker; a command goes on in the next line by ``\\``."""
    if not text:
        return []
    if not text.startswith(_COMMANDS):
        return wrapped(f"remedy: {text}", width, indent)
    margin = " " * indent
    lines = [f"{margin}remedy:"]
    for word in _WORD.findall(wording.escaped(text)):
        if columns_of(f"{lines[-1]} {word}") > width - 2 and lines[-1].strip():
            lines.append(margin + word)
        else:
            lines[-1] += f" {word}"
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def bar(before: float, after: float, capacity: float, width: int) -> str:
    """How full something is and will be: kept #, added +, taken -."""
    whole = width - 2
    if capacity <= 0:
        return f"[{'.' * whole}]"
    now, then = (
        min(whole, max(0, round(whole * part / capacity)))
        for part in (before, after)
    )
    kept, change = min(now, then), abs(then - now)
    mark = "+" if then > now else "-"
    return f"[{'#' * kept}{mark * change}{'.' * (whole - kept - change)}]"


def size(gib: float) -> str:
    """GiB for people: 120 GiB, 14.2 TiB."""
    if gib < 10000:
        return f"{gib:,.0f} GiB"
    return f"{gib / 1024:,.1f} TiB"


def counted(number: int, noun: str) -> str:
    """A number of things: 1 volume, 3,012 volumes."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Time for people: 8 s, 12 min, 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
