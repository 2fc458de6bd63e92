# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What is going on with a plan, on stderr: one live view, or plain lines."""

from __future__ import annotations

import contextlib
import time
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from volmigrateclient.core import move as move_
from volmigrateclient.core import pace as pace_
from volmigrateclient.core import reporter as reporter_
from volmigrateclient.core.planning import plan as plan_
from volmigrateclient.osc import progress

if typing.TYPE_CHECKING:
    from rich import console, live

#: Moves that the live view names; the others are counted.
_SHOWN = 12


@contextlib.contextmanager
def reporter(
    app: Any,
    plan: plan_.Plan,
    pace: pace_.Pace,
    report: reporter_.Reporter,
) -> Iterator[reporter_.Reporter]:
    """A reporter that suits where stderr goes, and passes on to a report."""
    stream = app.stderr
    sizes = {
        step.action.resource_id: (step.seen.size or 0) if step.seen else 0
        for step in plan.steps
    }
    if app.options.verbose_level == 0:
        yield Many(report)
    elif stream.isatty():
        # Slow to import, and not a requirement of osc_lib: only here.
        from rich import console, live

        with live.Live(
            console=console.Console(file=stream, highlight=False),
            refresh_per_second=4,
        ) as display:
            yield Many(report, View(display, sizes, pace))
    else:
        yield Many(report, Lines(stream, len(sizes)))


class Many(reporter_.Reporter):
    """Tells several reporters of every event."""

    def __init__(self, *reporters: reporter_.Reporter) -> None:
        self._reporters = reporters

    def started(self, move: move_.Move) -> None:
        for one in self._reporters:
            one.started(move)

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        for one in self._reporters:
            one.phase(move, phase, elapsed)

    def waiting(self, caps: Mapping[str, int]) -> None:
        for one in self._reporters:
            one.waiting(caps)

    def warning(self, move: move_.Move, text: str) -> None:
        for one in self._reporters:
            one.warning(move, text)

    def trouble(self, text: str) -> None:
        for one in self._reporters:
            one.trouble(text)

    def ended(self, result: move_.MoveResult) -> None:
        for one in self._reporters:
            one.ended(result)


class Lines(progress.LineReporter):
    """Plain lines, and one more as each action ends."""

    def __init__(self, stream: TextIO, total: int) -> None:
        super().__init__(stream)
        self._total = total
        self._ended = 0

    def ended(self, result: move_.MoveResult) -> None:
        self._ended += 1
        reason = f": {result.reason}" if result.reason else ""
        self._say(
            f"volume {result.volume_id}: {result.outcome.value} "
            f"({self._ended} of {self._total}, {result.elapsed:.0f} s)"
            f"{reason}"
        )


class View(reporter_.Reporter):
    """Counts, what is moving now, what waits and for which cap."""

    def __init__(
        self, display: live.Live, sizes: Mapping[str, int], pace: pace_.Pace
    ) -> None:
        self._display = display
        self._sizes = sizes
        self._pace = pace
        self._began = time.monotonic()
        self._moving: dict[str, tuple[str, str, float]] = {}
        self._waiting: Mapping[str, int] = {}
        self._outcomes: dict[move_.Outcome, int] = {}
        self._moved = 0
        self._left = sum(sizes.values())

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        volume = move.before.volume if move.survey else move.volume
        name = volume.name if volume and volume.name else ""
        self._moving[move.action.resource_id] = name, phase, elapsed
        self._draw()

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._waiting = dict(caps)
        self._draw()

    def warning(self, move: move_.Move, text: str) -> None:
        self._display.console.print(
            f"{move.action.resource_id}: warning: {text}", markup=False
        )

    def trouble(self, text: str) -> None:
        self._display.console.print(text, markup=False)

    def ended(self, result: move_.MoveResult) -> None:
        volume_id = result.action.resource_id
        self._moving.pop(volume_id, None)
        outcomes = self._outcomes
        outcomes[result.outcome] = outcomes.get(result.outcome, 0) + 1
        self._left -= self._sizes.get(volume_id, 0)
        if result.outcome is move_.Outcome.DONE:
            self._moved += result.size
        elif not result.outcome.success:
            self._display.console.print(
                f"{volume_id}: {result.outcome.value}: {result.reason}",
                markup=False,
            )
        self._draw()

    def _draw(self) -> None:
        from rich import console, text

        lines = [self._counts(), self._estimate()]
        if self._waiting:
            lines.append(
                "waiting for: "
                + ", ".join(
                    f"{cap} ({number})"
                    for cap, number in sorted(self._waiting.items())
                )
            )
        for volume_id, (name, phase, age) in list(self._moving.items())[
            :_SHOWN
        ]:
            lines.append(f"  {volume_id} {name}: {phase}, {age:.0f} s")
        more = len(self._moving) - _SHOWN
        if more > 0:
            lines.append(f"  and {more} more")
        rows: list[console.RenderableType] = [text.Text(s) for s in lines]
        self._display.update(console.Group(*rows))

    def _counts(self) -> str:
        ended = sum(self._outcomes.values())
        waiting = len(self._sizes) - ended - len(self._moving)
        told = [
            f"{number} {outcome.value}"
            for outcome, number in self._outcomes.items()
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
            f"{self._pace.basis})"
        )
