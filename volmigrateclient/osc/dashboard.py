# SPDX-License-Identifier: Apache-2.0

"""What is going on with a plan, on stderr: one live view, or plain lines."""

from __future__ import annotations

import contextlib
import time
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from volmigrateclient.core import paths
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import wording
from volmigrateclient.core.planning.plan import Plan
from volmigrateclient.osc import progress

if typing.TYPE_CHECKING:
    from rich import console

#: Moves that the live view names; the others are counted.
_SHOWN = 12


@contextlib.contextmanager
def reporter(
    app: Any,
    output: progress.Output,
    plan: Plan,
    durations: Durations,
    report: Reporter,
) -> Iterator[Reporter]:
    """A reporter that suits where stderr goes, and passes on to a report."""
    sizes = {
        step.action.resource_id: (step.planned.size or 0)
        if step.planned
        else 0
        for step in plan.steps
    }
    if app.options.verbose_level == 0:
        yield Many(report)
    elif output.isatty():
        # Slow to import, and not a requirement of osc_lib: only here.
        from rich import console, live

        out = console.Console(
            file=typing.cast("TextIO", output), highlight=False
        )
        view = View(out, sizes, durations)
        # Drawn as often as people can read, not at each event.
        with live.Live(
            console=out, refresh_per_second=4, get_renderable=view.drawn
        ):
            yield Many(report, view)
    else:
        yield Many(report, Lines(output, len(sizes)))


class Many(Reporter):
    """Tells several reporters of every event."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def started(self, move: paths.Move) -> None:
        for one in self._reporters:
            one.started(move)

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        for one in self._reporters:
            one.phase(move, phase, elapsed)

    def waiting(self, caps: Mapping[str, int]) -> None:
        for one in self._reporters:
            one.waiting(caps)

    def warning(self, move: paths.Move, text: str) -> None:
        for one in self._reporters:
            one.warning(move, text)

    def retrying(self, text: str) -> None:
        for one in self._reporters:
            one.retrying(text)

    def ended(self, result: paths.MoveResult) -> None:
        for one in self._reporters:
            one.ended(result)


class Lines(progress.LineReporter):
    """Plain lines, and one more as each action ends."""

    def __init__(self, stream: TextIO | progress.Output, total: int) -> None:
        super().__init__(stream)
        self._total = total
        self._ended = 0

    def ended(self, result: paths.MoveResult) -> None:
        self._ended += 1
        reason = f": {result.reason}" if result.reason else ""
        self._say(
            f"volume {result.volume_id}: {result.outcome.value} "
            f"({self._ended} of {self._total}, {result.elapsed:.0f} s)"
            f"{reason}"
        )


class View(Reporter):
    """Counts, what is moving now, what waits and for which cap."""

    def __init__(
        self,
        out: console.Console,
        sizes: Mapping[str, int],
        durations: Durations,
    ) -> None:
        self._out = out
        self._sizes = sizes
        self._durations = durations
        self._began = time.monotonic()
        self._moving: dict[str, tuple[str, str, float]] = {}
        self._waiting: Mapping[str, int] = {}
        self._outcomes: dict[paths.Outcome, int] = {}
        self._moved = 0
        self._left = sum(sizes.values())

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        name = wording.quoted(volume.name) if volume and volume.name else ""
        self._moving[move.action.resource_id] = name, phase, elapsed

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._waiting = dict(caps)

    def warning(self, move: paths.Move, text: str) -> None:
        self._say(f"{move.action.resource_id}: warning: {text}")

    def retrying(self, text: str) -> None:
        self._say(text)

    def ended(self, result: paths.MoveResult) -> None:
        volume_id = result.action.resource_id
        self._moving.pop(volume_id, None)
        outcomes = self._outcomes
        outcomes[result.outcome] = outcomes.get(result.outcome, 0) + 1
        self._left -= self._sizes.get(volume_id, 0)
        if result.outcome is paths.Outcome.DONE:
            self._moved += result.size
        elif not result.outcome.success:
            self._say(f"{volume_id}: {result.outcome.value}: {result.reason}")

    def _say(self, words: str) -> None:
        self._out.print(progress.plain(words))

    def drawn(self) -> console.RenderableType:
        """What there is to see now; called by another thread."""
        moving, held = list(self._moving.items()), self._waiting
        lines = [self._counts(), self._estimate()]
        if held:
            caps = (f"{cap} ({held[cap]})" for cap in sorted(held))
            lines.append(f"waiting for: {', '.join(caps)}")
        for volume_id, (name, phase, age) in moving[:_SHOWN]:
            lines.append(f"  {volume_id} {name}: {phase}, {age:.0f} s")
        more = len(moving) - _SHOWN
        if more > 0:
            lines.append(f"  and {more} more")
        # Names are no markup.
        return progress.plain("\n".join(lines))

    def _counts(self) -> str:
        ended = sum(list(self._outcomes.values()))
        waiting = len(self._sizes) - ended - len(self._moving)
        told = [
            f"{number} {outcome.value}"
            for outcome, number in list(self._outcomes.items())
        ]
        return ", ".join(
            [*told, f"{len(self._moving)} running", f"{waiting} waiting"]
        )

    def _estimate(self) -> str:
        elapsed = time.monotonic() - self._began
        text = f"{self._moved} GiB moved, {self._left} GiB left"
        if not self._moved:
            return text
        rate = self._moved / elapsed
        return (
            f"{text}, {rate * 60:.1f} GiB/min, about "
            f"{self._left / rate / 60:.0f} min to go (an estimate from "
            f"{self._durations.basis})"
        )
