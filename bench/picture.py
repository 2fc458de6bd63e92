# SPDX-License-Identifier: Apache-2.0
"""One picture of all tables: seconds over the services' own time."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

import matplotlib as mpl
from matplotlib import axes, figure, lines

from bench import compare, moves

#: A hollow mark is for what was reckoned, not run.
_MARKS = ("o", "s", "D")
#: Those between them would run into each other.
_TICKS = (0.8, 1, 1.5, 2, 3, 5, 10, 20, 50)
_COLOURS = ("#1f5fa8", "#c2571a", "#3a7d44")


@dataclasses.dataclass(frozen=True)
class _Point:
    """What a peer took, over the services' own median."""

    least: float
    median: float
    most: float
    reckoned: bool


def write(results: compare.Results, path: pathlib.Path) -> None:
    """Draw all that was found out so far; moves of half a minute are not."""
    found = [c for c in results.comparisons if c.floors and not c.slower]
    kinds = [kind for kind in moves.Kind if any(c.kind is kind for c in found)]
    if not kinds:
        return
    names = [peer.name for peer in results.peers]
    sizes = sorted({comparison.size for comparison in found})
    # Text stays text; and no random IDs, so that what has not changed is the
    # same file.
    with mpl.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9}
    ):
        drawing = figure.Figure(
            figsize=(8, 0.6 + len(kinds) * (0.7 + 0.24 * len(names))),
            layout="constrained",
        )
        panels = drawing.subplots(len(kinds), sharex=True, squeeze=False)
        for kind, panel in zip(kinds, panels[:, 0], strict=True):
            _draw(panel, [c for c in found if c.kind is kind], names, sizes)
            panel.set_title(kind.value, loc="left")
        panels[-1, 0].set_xlabel(
            "seconds / the services' own time: least, median, most "
            "(hollow: reckoned)"
        )
        drawing.legend(
            handles=[_key(nth, size) for nth, size in enumerate(sizes)],
            loc="outside upper right",
            ncols=len(sizes),
            frameon=False,
        )
        fresh = path.with_suffix(".new")
        drawing.savefig(fresh, format="svg", metadata={"Date": None})
    fresh.replace(path)


def _draw(
    panel: axes.Axes,
    comparisons: Sequence[compare.Comparison],
    names: Sequence[str],
    sizes: Sequence[int],
) -> None:
    for comparison in comparisons:
        nth = sizes.index(comparison.size)
        for name, point in _points(comparison, names):
            # The sizes of a peer one below the other.
            height = names.index(name) + (nth - (len(sizes) - 1) / 2) * 0.25
            panel.errorbar(
                [point.median],
                [height],
                xerr=[
                    [point.median - point.least],
                    [point.most - point.median],
                ],
                fmt=_MARKS[nth % len(_MARKS)],
                markersize=4,
                color=_COLOURS[nth % len(_COLOURS)],
                markerfacecolor="none" if point.reckoned else None,
            )
    panel.set_xscale("log")
    panel.set_xticks(_TICKS, [f"{one:g}" for one in _TICKS])
    panel.xaxis.set_minor_formatter("")
    panel.axvline(1.0, color="grey", linewidth=0.8)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.grid(visible=True, which="both", axis="x", linewidth=0.3)
    panel.spines[["top", "right"]].set_visible(b=False)


def _points(
    comparison: compare.Comparison, names: Sequence[str]
) -> Iterator[tuple[str, _Point]]:
    for name in names:
        spread = comparison.spread(name)
        if spread is not None:
            least, median, most = (one / comparison.floor for one in spread)
            yield name, _Point(least, median, most, reckoned=False)
        elif name in comparison.reckoned:
            over = comparison.reckoned[name] / comparison.floor
            yield name, _Point(over, over, over, reckoned=True)


def _key(nth: int, size: int) -> lines.Line2D:
    return lines.Line2D(
        [],
        [],
        linestyle="none",
        marker=_MARKS[nth % len(_MARKS)],
        markersize=4,
        color=_COLOURS[nth % len(_COLOURS)],
        label=f"{size} volume{'s' * (size > 1)}",
    )
