# SPDX-License-Identifier: Apache-2.0

"""What is going on with a plan, on stderr: one live view, or plain lines."""

from __future__ import annotations

import contextlib
import time
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TextIO

from volmigrateclient.core import paths
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.planning.plan import PlannedAction
from volmigrateclient.i18n import _
from volmigrateclient.osc import layout, progress, terminal
from volmigrateclient.osc.tally import Tally

if typing.TYPE_CHECKING:
    from rich import console, text

#: Columns of the two bars, also where there are few, and of their labels.
_BAR, _SHORT_BAR, _LABEL = 30, 16, 8
#: Columns of a terminal that is wide.
_WIDE = 100


@contextlib.contextmanager
def reporter(
    app: Any,
    output: progress.Output,
    steps: Sequence[PlannedAction],
    admission: Admission,
    report: Reporter,
    told_blocked: Collection[str] = (),
) -> Iterator[Reporter]:
    """A reporter that suits where stderr goes, and passes on to a report.

    :param told_blocked: volumes of which that was said already
    """
    tally = Tally(steps, admission, told_blocked)
    if app.options.verbose_level == 0:
        yield Many(report)
    elif terminal.is_live(output):
        # Slow to import, and not a requirement of osc_lib: only here.
        from rich import console, live

        out = console.Console(
            file=typing.cast("TextIO", output), highlight=False
        )
        view = View(out, tally, admission.durations)
        # Drawn as often as people can read, not at each event.
        with live.Live(
            console=out,
            refresh_per_second=4,
            get_renderable=view.drawn,
            transient=True,
        ):
            yield Many(report, view)
    else:
        yield Many(report, Lines(output, tally))


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

    def stage(self, name: str) -> None:
        for one in self._reporters:
            one.stage(name)

    def stopping(self, reason: str, running: int) -> None:
        for one in self._reporters:
            one.stopping(reason, running)

    def waiting(self, caps: Mapping[str, int]) -> None:
        for one in self._reporters:
            one.waiting(caps)

    def warning(self, move: paths.Move, text: str) -> None:
        for one in self._reporters:
            one.warning(move, text)

    def retrying(self, text: str) -> None:
        for one in self._reporters:
            one.retrying(text)

    def note(self, text: str) -> None:
        for one in self._reporters:
            one.note(text)

    def ended(self, result: paths.MoveResult) -> None:
        for one in self._reporters:
            one.ended(result)


class Lines(progress.LineReporter):
    """Plain lines, and one more as each action ends."""

    def __init__(
        self,
        stream: TextIO | progress.Output,
        tally: Tally,
        **clock: Any,
    ) -> None:
        super().__init__(stream, **clock)
        self._tally = tally

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._tally.phase(move, phase, elapsed)
        super().phase(move, phase, elapsed)

    def stage(self, name: str) -> None:
        self._say(name or _("the canaries are verified; now the rest"))

    def stopping(self, reason: str, running: int) -> None:
        self._say(self._tally.stop(reason, running))

    def ended(self, result: paths.MoveResult) -> None:
        said = self._tally.end(result)
        if said is None:
            return
        if result.outcome is paths.Outcome.NOT_STARTED:
            self._say(said)
            return
        place = f"{self._tally.ended:,} of {self._tally.volumes:,}"
        took = f", {layout.duration(result.elapsed)}" if result.elapsed else ""
        self._say(
            f"{progress.label(result.volume_name, result.volume_id)}: {said} "
            f"({place}{took})"
        )


class View(Reporter):
    """Counts, bars, what is moving now, what waits and for which limit."""

    def __init__(
        self,
        out: console.Console,
        tally: Tally,
        durations: Durations,
    ) -> None:
        self._out = out
        self._tally = tally
        self._durations = durations
        self._began = time.monotonic()
        self._waiting: Mapping[str, int] = {}
        self._stop = ""

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._tally.phase(move, phase, elapsed)

    def stage(self, name: str) -> None:
        self._tally.stage = name

    def stopping(self, reason: str, running: int) -> None:
        self._stop = self._tally.stop(reason, running)
        self._print(self._stop, "yellow")

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._waiting = dict(caps)

    def warning(self, move: paths.Move, text: str) -> None:
        volume = move.before.volume if move.survey else move.volume
        name = volume.name if volume else ""
        label = progress.label(name, move.action.resource_id)
        self._print(f"{label}: warning: {text}", "yellow")

    def retrying(self, text: str) -> None:
        self._print(text, "yellow")

    def note(self, text: str) -> None:
        self._print(text, "")

    def ended(self, result: paths.MoveResult) -> None:
        said = self._tally.end(result)
        if said is None or result.outcome.success:
            return
        if result.outcome is not paths.Outcome.NOT_STARTED:
            label = progress.label(result.volume_name, result.volume_id)
            said = f"{label}: {said}"
        self._print(said, "red" if _bad(result.outcome) else "yellow")

    def _print(self, words: str, style: str) -> None:
        # Names are no markup.
        self._out.print(progress.plain(words), style=style)

    def drawn(self) -> console.RenderableType:
        """What there is to see now; called by another thread."""
        from rich import text

        size = self._out.size
        head = self._head(size.width)
        room = max(size.height - len(head) - 2, 1)
        lines = [*head, *self._moves(size.width, room)]
        return text.Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _head(self, width: int) -> list[text.Text]:
        tally = self._tally
        gib = tally.moved_gib + tally.left_gib
        bar = _BAR if width >= _WIDE else _SHORT_BAR
        room = width - _LABEL - bar - 1
        counted = f"{tally.settled:,} of {tally.volumes:,}"
        if tally.ended:
            counted += f": {tally.counts()}"
        lines = [
            _barred(_("volumes"), tally.settled, tally.volumes, bar, counted),
            _barred("GiB", tally.moved_gib, gib, bar, self._gib(room)),
        ]
        told = [_("%s moving") % f"{len(tally.moving):,}"]
        told += filter(None, [tally.waiting(self._waiting)])
        if tally.stage:
            told.insert(0, tally.stage)
        lines.append(progress.plain(", ".join(told)))
        return [_fitted(line, width) for line in lines]

    def _gib(self, room: int) -> str:
        tally = self._tally
        moved, left = tally.moved_gib, max(tally.left_gib, 0)
        told = f"{moved:,} of {moved + left:,} GiB"
        if not moved:
            return told
        rate = moved / max(time.monotonic() - self._began, 1e-3)
        speed = f", {rate * 60:,.1f} GiB/min"
        if not left or self._stop:
            return told + speed
        time_left = _(", about %s to go") % layout.duration(left / rate)
        basis = _(" (estimate: %s)") % self._durations.basis
        texts = (
            told + speed + time_left + basis,
            told + speed + time_left + _(" (estimate)"),
            told + time_left + _(" (estimate)"),
        )
        return next((one for one in texts if len(one) <= room), texts[-1])

    def _moves(self, width: int, room: int) -> list[text.Text]:
        moving = list(self._tally.moving.values())
        moving.sort(key=lambda one: -one.age)
        shown = moving if len(moving) <= room else moving[: room - 1]
        rows = [
            (
                one.name,
                layout.size(one.size),
                one.route,
                one.phase,
                layout.duration(one.age),
            )
            for one in shown
        ]
        lines = layout.table(
            rows, width, right=(1, 4), shrink=(0, 2, 3), indent=2
        )
        found = [_fitted(progress.plain(line), width) for line in lines]
        if len(moving) > len(shown):
            more = len(moving) - len(shown)
            found.append(progress.plain(_("  and %d more") % more))
        return found


def _bad(outcome: paths.Outcome) -> bool:
    return outcome in (paths.Outcome.FAILED, paths.Outcome.UNDECIDED)


def _barred(
    label: str, part: float, whole: float, width: int, told: str
) -> text.Text:
    """A label, how much of it is done as a bar, and the same in words."""
    from rich import text

    drawn = layout.bar(part, part, whole, width)
    filled = drawn.count("#")
    return text.Text.assemble(
        f"{label:<{_LABEL}}",
        drawn[:1],
        (drawn[1 : filled + 1], "green"),
        drawn[filled + 1 :],
        f" {told}",
    )


def _fitted(line: text.Text, width: int) -> text.Text:
    line.truncate(width, overflow="crop")
    return line
