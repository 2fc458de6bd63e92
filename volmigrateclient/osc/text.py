# SPDX-License-Identifier: Apache-2.0

"""What came from the cloud, as it may reach a terminal or a line.

Names are tenants' text. For people they are escaped; JSON and YAML have
escapes of their own, and CSV and ``-f shell`` hold them as they are unless
they go to a terminal.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TextIO

from cliff import columns

from volmigrateclient.core.model import wording

#: Formats for people.
_SHOWN = ("table", "value")
#: Formats for programs that have no escapes for control characters.
_RAW = ("csv", "shell")


@contextlib.contextmanager
def encodable(stream: TextIO) -> Iterator[None]:
    """Have a stream escape what it cannot encode, instead of failing.

    What was moved is moved, whatever characters its name has.
    """
    if not isinstance(stream, io.TextIOWrapper):
        yield  # not a file
        return
    before = stream.errors
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def row(
    cells: Iterable[Any],
    names: Sequence[str],
    style: str,
    terminal: bool,
    prose: Collection[str] = (),
) -> tuple[Any, ...]:
    """A row as it is to be given to one of cliff's formatters.

    :param names: of the columns
    :param style: the formatter's name
    :param terminal: whether it goes to one
    :param prose: columns of our own sentences, which may have several lines
    """
    if style not in _SHOWN and style not in _RAW:
        return tuple(cells)
    return tuple(
        _cell(cell, style, terminal, name in prose)
        for cell, name in zip(cells, names, strict=True)
    )


def _cell(cell: Any, style: str, terminal: bool, prose: bool) -> Any:
    if isinstance(cell, columns.FormattableColumn):
        cell = (
            cell.human_readable()
            if style == "table"
            else cell.machine_readable()
        )
        cell = cell if isinstance(cell, int | float) else str(cell)
    if not isinstance(cell, str):
        return cell
    if style == "table" and prose:
        return wording.escaped_lines(cell)
    if style in _SHOWN:
        return wording.escaped(cell.replace("\n", "; ") if prose else cell)
    if style == "shell":
        # cliff leaves these to whoever evaluates it.
        for special in "\\$`":
            cell = cell.replace(special, f"\\{special}")
    return wording.escaped(cell) if terminal else cell
