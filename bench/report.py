# SPDX-License-Identifier: Apache-2.0
"""Writes the results down, as reStructuredText."""

from __future__ import annotations

import os
import pathlib
import platform
import re
from collections.abc import Iterator, Sequence

from bench import compare, injections, measure, moves, picture
from bench.peers import peer as peer_

_SERVICES = ("identity", "volume", "compute")
_HEADER = (
    "",
    "seconds",
    "least",
    "most",
    "/ ours",
    "/ floor",
    "before",
    "after",
    "identity",
    "volume",
    "compute",
    "CPU s",
    "MiB",
    "moved",
    "told truly",
)
_CONSTRAINTS = pathlib.Path(__file__).parents[1] / "tests" / "cloud"
_LONGEST = 160

_INTRODUCTION = """\
Written by ``tox -e bench``: a Keystone, a Cinder and a Nova from PyPI on one
machine (``tests/cloud``), and the same volumes moved by everybody in turn.
Volumes have 1 GiB, mostly holes: what is compared is what clients add.

seconds, least, most
  From the start of the command to its end: the median of the runs, the
  shortest and the longest of them. Of Watcher only the action's own
  time, because an applier runs already when it is given one; to set beside
  it, our library in a process that runs already.
/ ours, / floor
  The seconds as multiples of ours, and of the services' own time from the
  first request to their last write, by their records, with nobody polling.
before, after
  Seconds until something was first asked of the services (start, login,
  checks), and seconds from their last write to the peer's end (the peer
  notices, verifies and leaves).
identity, volume, compute
  Requests.
CPU s, MiB
  Processor time, and the peak memory of the largest process. Of Watcher
  and of our library the processor time of the actions alone.
moved, told truly
  How many volumes were at their destination with their content and their
  server at the end, and of how many the peer said what was the case. In a
  live move Cinder itself may lose the attachment, whoever asks for it (see
  :ref:`lost-attachment`); such a volume was not moved.

For everybody {parallel} volumes at once, for Watcher too, whose planner
allows 2. The loops around ``openstack`` and ``cinder`` look every 2 s.
Medians; in brackets the number of runs. *Reckoned* is what a peer needed for
one volume, times the rounds for all; it was not run, to save time.
"""


def write(results: compare.Results, path: pathlib.Path) -> None:
    """Write all that was found out so far, and beside it the picture."""
    title = results.options.title
    lines = [title, "=" * len(title), ""]
    lines += [_INTRODUCTION.format(parallel=results.options.parallel)]
    lines += _versions(results)
    lines += _aims(results)
    for kind in moves.Kind:
        found = [c for c in results.comparisons if c.kind is kind]
        if found:
            lines += _title(kind.value.capitalize())
        for comparison in found:
            lines += _comparison(results, comparison)
    lines += _starts(results)
    lines += _injections(results)
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(lines).rstrip() + "\n")
    fresh.replace(path)
    picture.write(results, path.with_suffix(".svg"))


def _title(text: str) -> list[str]:
    return [text, "-" * len(text), ""]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """A simple table; its first row is the header, no first cell empty."""
    widths = [
        max(1, *(len(cell) for cell in column))
        for column in zip(*rows, strict=True)
    ]
    rule = "  ".join("=" * width for width in widths)
    lines = [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [rule, lines[0], rule, *lines[1:], rule, ""]


def _versions(results: compare.Results) -> list[str]:
    processor = re.search(
        r"^model name\s*:\s*(.+)$",
        pathlib.Path("/proc/cpuinfo").read_text(),
        re.MULTILINE,
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    facts = {
        **{peer.name: peer.version() for peer in results.peers},
        "services": _services("current"),
        "for the five steps": _services("swap"),
        "processor": processor[1] if processor else platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "load average at the end": f"{os.getloadavg()[0]:.1f}",
        "all this took": f"{results.seconds / 60:.0f} minutes",
    }
    return [
        *_title("What was measured, and where"),
        *(f"* {name}: {value}" for name, value in facts.items()),
        "",
    ]


def _services(name: str) -> str:
    text = (_CONSTRAINTS / f"constraints-{name}.txt").read_text()
    pinned = re.findall(r"^(keystone|cinder|nova)==(\S+)", text, re.MULTILINE)
    return ", ".join(f"{package} {version}" for package, version in pinned)


def _aims(results: compare.Results) -> list[str]:
    """What the project set itself, and whether it holds."""
    rows = [("aim", "move", "aimed at", "measured", "met")]
    rows += [row for c in results.comparisons for row in _aims_of(c)]
    if len(results.starts) > 1:
        other, ours = results.starts[:2]
        for what, ratio in (
            ("start to first request", ours.first / other.first),
            ("start to second request", ours.second / other.second),
        ):
            rows.append(
                _aim("start", f"{what} / volume show's", 1.03, ratio, False)
            )
    return [*_title("Aims"), *_table(rows)] if len(rows) > 1 else []


def _aims_of(
    comparison: compare.Comparison,
) -> Iterator[tuple[str, str, str, str, str]]:
    if comparison.size != 1:
        return
    kind = comparison.kind.value + _longer(comparison)
    # The command's start is in "ours"; it has an aim of its own.
    for name in ("ours", "ours, as a library"):
        ours = comparison.median(name, lambda sample: sample.seconds)
        if ours is None:
            continue
        ratio = ours / comparison.floor
        yield _aim(f"{name} / floor", kind, 1.1, ratio, False)
        for other in comparison.samples:
            theirs = comparison.median(other, lambda sample: sample.seconds)
            if (
                theirs is not None
                and other.startswith("Watcher")
                and not comparison.slower
            ):
                aim = f"{other} / {name}"
                yield _aim(aim, kind, 4.0, theirs / ours, True)


def _aim(
    aim: str, move: str, aimed: float, measured: float, at_least: bool
) -> tuple[str, str, str, str, str]:
    met = measured >= aimed if at_least else measured <= aimed
    return (
        aim,
        move,
        f"{'at least' if at_least else 'at most'} {aimed:g}",
        f"{measured:.2f}",
        "yes" if met else "no",
    )


def _comparison(
    results: compare.Results, comparison: compare.Comparison
) -> list[str]:
    size = comparison.size
    runs = len(comparison.floors)
    lines = [f"{size} volume{'s' * (size > 1)}{_longer(comparison)}"]
    lines += ["~" * len(lines[0]), ""]
    if comparison.unfinished:
        lines += ["The services alone did not end one of the moves.", ""]
    if not runs:
        return lines
    ours = comparison.median("ours", lambda sample: sample.seconds)
    rows: list[Sequence[str]] = [("peer", *_HEADER[1:])]
    floor = [f"the services alone ({runs})"]
    floor += _spread(
        compare.spread([one.seconds for one in comparison.floors])
    )
    floor += [_ratio(comparison.floor, ours), "1.00"]
    floor += [""] * (len(_HEADER) - len(floor) - 2)
    moved = sum(sum(one.moved) for one in comparison.floors)
    rows.append([*floor, f"{moved} of {size * runs}", ""])
    for peer in results.peers:
        if peer.name in comparison.samples:
            rows.append(_row(comparison, peer.name, ours))
        elif peer.name in comparison.reckoned:
            seconds = comparison.reckoned[peer.name]
            row = [f"{peer.name}, reckoned", f"{seconds:.0f}", "", ""]
            row += [_ratio(seconds, ours), _ratio(seconds, comparison.floor)]
            rows.append([*row, *[""] * (len(_HEADER) - len(row))])
    return [*lines, *_table(rows), *_failures(comparison)]


def _longer(comparison: compare.Comparison) -> str:
    slower = comparison.slower
    return f", backends slower by {slower:g} s" if slower else ""


def _row(
    comparison: compare.Comparison, name: str, ours: float | None
) -> list[str]:
    samples = comparison.samples[name]
    spread = compare.spread([sample.seconds for sample in samples])
    seconds = spread[1]
    total = comparison.size * len(samples)
    return [
        f"{name} ({len(samples)})",
        *_spread(spread),
        _ratio(seconds, ours),
        _ratio(seconds, comparison.floor),
        _number(comparison.median(name, lambda sample: sample.before)),
        _number(comparison.median(name, lambda sample: sample.after)),
        *(_requests(comparison, name, service) for service in _SERVICES),
        _number(
            comparison.median(name, lambda sample: sample.processor_seconds)
        ),
        _number(comparison.median(name, lambda sample: sample.peak_mib), 0),
        f"{sum(sum(sample.moved) for sample in samples)} of {total}",
        f"{sum(sample.true for sample in samples)} of {total}",
    ]


def _spread(spread: tuple[float, float, float]) -> list[str]:
    """Cells: the median first, as it is what the others refer to."""
    least, median, most = spread
    return [f"{median:.1f}", f"{least:.1f}", f"{most:.1f}"]


def _requests(comparison: compare.Comparison, name: str, service: str) -> str:
    number = comparison.median(
        name, lambda sample: sample.requests.get(service, 0)
    )
    return _number(number, 0)


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _ratio(value: float | None, to: float | None) -> str:
    return f"{value / to:.2f}" if value and to else ""


def _failures(comparison: compare.Comparison) -> list[str]:
    """What was said where a move that should have succeeded did not."""
    said = {
        f"* {name}: {_literal(words)}"
        for name, samples in comparison.samples.items()
        for sample in samples
        for words, moved in zip(sample.said, sample.moved, strict=True)
        if not moved or words != peer_.DONE
    }
    return [*sorted(said), ""] if said else []


def _literal(words: str) -> str:
    words = words.replace("`", "'")
    if len(words) > _LONGEST:
        words = words[:_LONGEST] + "…"
    return f"``{words}``"


def _starts(results: compare.Results) -> list[str]:
    if not results.starts:
        return []
    return [
        *_title("Start of a command"),
        "Seconds to the first request, and to the second, when there is a",
        "token; medians of calls in turns.",
        "",
        *_table(
            [
                ("command", "first", "second", "CPU s"),
                *(
                    (
                        one.command,
                        f"{one.first:.3f}",
                        f"{one.second:.3f}",
                        f"{one.processor_seconds:.2f}",
                    )
                    for one in results.starts
                ),
            ]
        ),
    ]


def _injections(results: compare.Results) -> list[str]:
    if not results.outcomes:
        return []
    lines = _title("Who noticed that it went wrong")
    limit = f"{results.options.limit:.0f} s"
    lines += [f"A peer that was not through after {limit} was ended.", ""]
    for injection in injections.INJECTIONS:
        rows = [
            _outcome(outcome)
            for outcome in results.outcomes
            if outcome.injection is injection
        ]
        if rows:
            lines += [injection.title, "~" * len(injection.title), ""]
            header = ("peer", "true", "exit", "seconds", "left", "said")
            lines += _table([header, *rows])
    return lines


def _outcome(outcome: injections.Outcome) -> tuple[str, ...]:
    sample = outcome.sample
    return (
        outcome.peer,
        _verdict(sample),
        "" if sample.exit_code is None else str(sample.exit_code),
        f"{sample.seconds:.1f}",
        ", ".join(outcome.left) or "nothing",
        _literal(sample.said[0]),
    )


def _verdict(sample: measure.Sample) -> str:
    if sample.exit_code is None:
        return "never ended"
    return "yes" if sample.true else "NO"
