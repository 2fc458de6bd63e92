# SPDX-License-Identifier: Apache-2.0

"""What is going on, on stderr: live on a terminal, else a line a change."""

from __future__ import annotations

import contextlib
import sys
import typing
from collections.abc import Iterator
from typing import Any, TextIO

from volmigrateclient.core import move as move_
from volmigrateclient.core import reporter as reporter_

if typing.TYPE_CHECKING:
    from rich import status, text

#: Without a terminal: seconds between lines on one volume that say the same.
_AGAIN_AFTER = 60.0


def note(app: Any, text: str) -> None:
    """Say something that is no error, whatever the level of logging."""
    if app.options.verbose_level > 0:
        app.stderr.write(f"{text}\n")


@contextlib.contextmanager
def reporter(app: Any) -> Iterator[reporter_.Reporter]:
    """A reporter that suits where stderr goes; none with --quiet."""
    stream = app.stderr
    if app.options.verbose_level == 0:
        yield reporter_.Reporter()
    elif stream.isatty():
        # Not a requirement of osc_lib, and slow to import: only here.
        from rich import console

        with console.Console(file=stream, highlight=False).status(
            "checking"
        ) as live:
            yield LiveReporter(live)
    else:
        yield LineReporter(stream)


class LineReporter(reporter_.Reporter):
    """A plain line for each change, and one a minute otherwise."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last: dict[str, tuple[str, float]] = {}

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        if volume is None:
            return
        last_phase, last_time = self._last.get(volume.id, ("", 0.0))
        if phase != last_phase or elapsed - last_time >= _AGAIN_AFTER:
            self._last[volume.id] = (phase, elapsed)
            self._say(f"volume {volume.id}: {phase} ({elapsed:.0f} s)")

    def warning(self, move: move_.Move, text: str) -> None:
        self._say(f"warning: {text}")

    def trouble(self, text: str) -> None:
        self._say(text)

    def _say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class LiveReporter(reporter_.Reporter):
    """One line that is written over, and what has to stay above it."""

    def __init__(self, live: status.Status) -> None:
        self._live = live

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        label = volume.name or volume.id if volume else move.action.resource_id
        self._live.update(plain(f"{label}: {phase}, {elapsed:.0f} s"))

    def warning(self, move: move_.Move, text: str) -> None:
        self._live.console.print(plain(f"warning: {text}"))

    def trouble(self, text: str) -> None:
        self._live.console.print(plain(text))


def plain(words: str) -> text.Text:
    """Words as they are: a tenant's volume may be named like markup."""
    from rich import text

    return text.Text(words)
