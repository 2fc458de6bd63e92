# SPDX-License-Identifier: Apache-2.0

"""What is going on, on stderr: live on a terminal, else a line a change."""

from __future__ import annotations

import contextlib
import datetime
import logging
import typing
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from volmigrateclient.core import paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import wording
from volmigrateclient.osc import layout, terminal

if typing.TYPE_CHECKING:
    from rich import status, text

LOG = logging.getLogger(__name__)

#: Without a terminal: seconds between lines on one volume that say the same.
_AGAIN_AFTER = 60.0


def note(app: Any, text: str) -> None:
    """Say something that is no error, whatever the level of logging."""
    if app.options.verbose_level > 0:
        app.stderr.write(f"{wording.escaped_lines(text)}\n")


class Output:
    """stderr, and what to do once nobody reads it any more.

    Everything else of the stream is passed through.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._closed = False
        self._when_closed: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def when_closed(self, act: Callable[[], None]) -> None:
        """Have something done when the reader is gone, the same as a signal.

        Who runs ``run 2>&1 | head`` has left as surely as with Ctrl-C.
        """
        self._when_closed = act

    def write(self, text: str) -> int:
        """Write, unless nobody reads."""
        if not self._closed:
            try:
                return self._stream.write(text)
            except BrokenPipeError:
                self._close()
        return len(text)

    def flush(self) -> None:
        """Flush, unless nobody reads."""
        if not self._closed:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self._close()

    def _close(self) -> None:
        LOG.debug("the reader of the progress is gone")
        self._closed = True
        self._when_closed()


@contextlib.contextmanager
def reporter(app: Any, output: Output) -> Iterator[Reporter]:
    """A reporter that suits where stderr goes; none with --quiet."""
    if app.options.verbose_level == 0:
        yield Reporter()
    elif terminal.is_live(output):
        # Not a requirement of osc_lib, and slow to import: only here.
        from rich import console

        out = console.Console(
            file=typing.cast("TextIO", output), highlight=False
        )
        with out.status("checking") as live:
            yield LiveReporter(live)
    else:
        yield LineReporter(output)


@contextlib.contextmanager
def counting(app: Any, doing: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something got while it is at it, on a live terminal.

    Gives what is to be told of how many of how many volumes.
    """
    if app.options.verbose_level == 0 or not terminal.is_live(app.stderr):
        yield lambda done, total: None
        return
    from rich import console

    out = console.Console(file=app.stderr, highlight=False)
    with out.status(plain(f"{doing}: reading the cloud")) as live:
        yield lambda done, total: live.update(
            plain(f"{doing}: {done:,} of {layout.counted(total, 'volume')}")
        )


def _now() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


class LineReporter(Reporter):
    """A plain line for each change, and one a minute otherwise."""

    def __init__(
        self,
        output: TextIO | Output,
        now: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self._output = output
        self._now = now
        self._last: dict[str, tuple[str, float]] = {}

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        if volume is None:
            return
        last_phase, last_time = self._last.get(volume.id, ("", 0.0))
        if phase != last_phase or elapsed - last_time >= _AGAIN_AFTER:
            self._last[volume.id] = (phase, elapsed)
            self._say(
                f"{label(volume.name, volume.id)}: {phase} "
                f"({layout.duration(elapsed)})"
            )

    def warning(self, move: paths.Move, text: str) -> None:
        volume = move.before.volume if move.survey else move.volume
        name = volume.name if volume else ""
        volume_id = volume.id if volume else move.action.resource_id
        self._say(f"{label(name, volume_id)}: warning: {text}")

    def retrying(self, text: str) -> None:
        self._say(text)

    def note(self, text: str) -> None:
        self._say(text)

    def _say(self, text: str) -> None:
        self._output.write(
            f"{self._now():%H:%M:%S} {wording.escaped_lines(text)}\n"
        )
        self._output.flush()


class LiveReporter(Reporter):
    """One line that is written over, and what has to stay above it."""

    def __init__(self, live: status.Status) -> None:
        self._live = live

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        label = volume.id if volume else move.action.resource_id
        if volume is not None and volume.name:
            label = wording.quoted(volume.name)
        self._live.update(plain(f"{label}: {phase}, {elapsed:.0f} s"))

    def warning(self, move: paths.Move, text: str) -> None:
        self._live.console.print(plain(f"warning: {text}"))

    def retrying(self, text: str) -> None:
        self._live.console.print(plain(text))


def label(name: str, volume_id: str) -> str:
    """A volume, as a line names it."""
    if not name:
        return f"volume {volume_id}"
    return f"{wording.quoted(name)} ({volume_id})"


def plain(words: str) -> text.Text:
    """Words as they are: a tenant's volume may be named like markup."""
    from rich import text

    return text.Text(wording.escaped_lines(words))
