# SPDX-License-Identifier: Apache-2.0

"""What became of a plan, on a terminal: what needs attention, totals last."""

from __future__ import annotations

import collections
from collections.abc import Sequence

from volmigrateclient.core.model import wording
from volmigrateclient.core.paths import MoveResult, Outcome
from volmigrateclient.core.planning import summary
from volmigrateclient.i18n import _
from volmigrateclient.osc import layout, plan_view, terminal

#: Reasons why volumes were not started that are shown.
_REASONS = 5
#: Moves that are shown at least, if so many need attention.
_LEAST_MOVES = 4

#: What nobody has to look after, or what is told by the reason, not one by
#: one.
_COUNTED = (Outcome.BLOCKED, Outcome.NOT_STARTED)


def screen(results: Sequence[MoveResult], size: terminal.Size) -> list[str]:
    """All that fits on a screen, without the totals."""
    parts = [_blocked(results, size.width), _not_started(results, size.width)]
    used = sum(len(part) + 1 for part in parts if part) + 3
    attention = [
        one
        for one in results
        if not (one.outcome.success or one.outcome in _COUNTED)
        or (one.warnings and one.outcome.success)
    ]
    # What failed is what they look for: next to the totals.
    parts.append(_moves(attention, size.width, size.height - used))
    return ["", *(line for part in parts if part for line in (*part, ""))]


def every_move(results: Sequence[MoveResult], width: int) -> list[str]:
    """All moves, some lines for each: ``--long``."""
    return [line for one in results for line in _move(one, width)]


def _blocked(results: Sequence[MoveResult], width: int) -> list[str]:
    found = summary.group_blockers(
        summary.Blocked(one.size, one.project_id, one.blockers)
        for one in results
        if one.outcome is Outcome.BLOCKED
    )
    return plan_view.blockers(found, width)


def _not_started(results: Sequence[MoveResult], width: int) -> list[str]:
    reasons = collections.Counter(
        one.detail for one in results if one.outcome is Outcome.NOT_STARTED
    )
    if not reasons:
        return []
    lines = [_("Not started")]
    for reason, number in reasons.most_common(_REASONS):
        lines += layout.wrapped(
            f"{layout.counted(number, 'volume')}: {reason}", width, 2
        )
    return lines


def _moves(results: Sequence[MoveResult], width: int, room: int) -> list[str]:
    lines: list[str] = []
    for number, one in enumerate(results):
        shown = _move(one, width)
        if number >= _LEAST_MOVES and len(lines) + len(shown) + 2 > room:
            lines.append(
                f"and {layout.counted(len(results) - number, 'more move')}: "
                f"{_('--long, --report, or -f json shows all')}"
            )
            break
        lines += shown
    return lines


def _move(one: MoveResult, width: int) -> list[str]:
    source, destination = _route(one)
    head = (
        f"{wording.escaped(one.volume_name) or one.volume_id}  "
        f"{layout.size(one.size)}  "
        f"{source} -> {destination}  {one.outcome.value}"
    )
    if one.elapsed:
        head += f"  {layout.duration(one.elapsed)}"
    lines = layout.wrapped(head, width)
    if one.volume_name:
        lines += layout.wrapped(one.volume_id, width, 4)
    for text in (one.detail, *one.warnings):
        lines += layout.wrapped(text, width, 4)
    return lines


def _route(one: MoveResult) -> tuple[str, str]:
    action = one.action
    source = one.source_node if action.destination_node else one.source_type
    return str(source), summary.destination_of(action)


def total(results: Sequence[MoveResult]) -> str:
    """How many ended how, in one sentence."""
    counts = collections.Counter(one.outcome for one in results)
    done = counts.pop(Outcome.DONE, 0)
    told = [f"{done:,} of {len(results):,} done"]
    told += [f"{number:,} {one.value}" for one, number in counts.items()]
    return ", ".join(told)
