# SPDX-License-Identifier: Apache-2.0

"""What a plan is like, on a terminal: numbers, and what needs attention.

Pure functions from what was assessed to lines; the same for ``plan``,
``show`` and the question of ``apply``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from volmigrateclient.core.model import wording
from volmigrateclient.core.planning import summary
from volmigrateclient.core.planning.forecast import Forecast
from volmigrateclient.core.planning.planner import (
    Assessment,
    Outlook,
    Readiness,
)
from volmigrateclient.i18n import _
from volmigrateclient.osc import command, layout, names, terminal
from volmigrateclient.osc.names import Names

#: Lines that say the same of many: how many are shown at most.
_ROUTES, _POOLS, _BLOCKERS = 6, 6, 6
#: Rows of volumes that are shown at least.
_LEAST_ROWS = 4
#: Columns of a bar, on a narrow terminal and on a wide one.
_BARS = (14, 30)

#: What somebody reads of how ready a move is.
WORDS = {
    Readiness.READY: _("ready"),
    Readiness.MOVING: _("moving"),
    Readiness.CHANGED: _("changed"),
    Readiness.BLOCKED: _("blocked"),
    Readiness.ALREADY_THERE: _("already there"),
}
#: What somebody has to do something about.
_ATTENTION = (Readiness.BLOCKED, Readiness.CHANGED)


def show(
    shown: command.Lister, found: Outlook, known: Names, long: bool
) -> None:
    """Have a command show a plan: on a terminal a screen, the totals else.

    :param long: whether every volume is wanted
    """
    numbers = summary.summarize(found)
    if not shown.on_screen:
        shown.say_last(total(numbers))
        return
    size = terminal.size_of(shown.app.stdout)
    if long:
        shown.screen = [
            *every_volume(found.assessments, known, size.width),
            *totals(numbers, size.width),
        ]
    else:
        shown.screen = screen(
            found.assessments, numbers, known, size, closing=3
        )


def row(one: Assessment, known: Names, foreseen: Forecast) -> tuple[Any, ...]:
    """A row for scripts, in the order of the columns."""
    volume, action = one.volume, one.action
    server_ids = [a.server_id for a in volume.attachments if a.server_id]
    return (
        volume.id,
        volume.name,
        names.NamedColumn(volume.project_id, known.project(volume.project_id)),
        names.NamedListColumn(server_ids, [*map(known.server, server_ids)]),
        volume.size,
        volume.host if action.destination_node else volume.type_name,
        action.destination_node or action.destination_type,
        action.migration_type,
        one.readiness.value,
        names.TextsColumn(one.reasons),
        *_expected(one, foreseen),
    )


def _expected(
    one: Assessment, foreseen: Forecast
) -> tuple[str | None, float | None]:
    """When a move is expected to start, and how many seconds it takes."""
    move = foreseen.moves.get(one.action.resource_id)
    if move is None:
        return None, None
    starts = foreseen.starts_of(one.action.resource_id)
    return (
        starts.isoformat(timespec="seconds") if starts else None,
        round(move.seconds, 1),
    )


def screen(
    found: Sequence[Assessment],
    numbers: summary.Summary,
    known: Names,
    size: terminal.Size,
    closing: int = 0,
) -> list[str]:
    """All that fits on a screen; the totals are its last line.

    :param closing: lines that come below it
    """
    parts = numbers_of(numbers, size.width)
    used = sum(len(part) + 1 for part in parts) + closing + 5
    attention = [one for one in found if one.readiness in _ATTENTION]
    if attention:
        room = max(size.height - used, _LEAST_ROWS)
        parts.append(_attention(attention, known, size.width, room))
    lines = [line for part in parts for line in (*part, "")]
    return [*lines, *totals(numbers, size.width)]


def numbers_of(numbers: summary.Summary, width: int) -> list[list[str]]:
    """Routes, pools and blockers: parts of some lines each."""
    return [
        part
        for part in (
            _routes(numbers, width),
            _pools(numbers, width),
            blockers(numbers.blockers, width),
        )
        if part
    ]


def totals(numbers: summary.Summary, width: int) -> list[str]:
    """The last line or two: how many of each, and what finds no room."""
    return layout.wrapped(total(numbers), width)


def total(numbers: summary.Summary) -> str:
    """How many volumes are ready, blocked and so on, in one sentence."""
    every = numbers.total
    told = ", ".join(
        f"{numbers.of(one).volumes:,} {word}"
        + (f" ({layout.size(numbers.of(one).gib)})" if every.volumes else "")
        for one, word in WORDS.items()
        if numbers.of(one).volumes
    )
    text = (
        f"{layout.counted(every.volumes, 'volume')}, "
        f"{layout.size(every.gib)}: {told or _('no volume matches')}"
    )
    short = numbers.shortfall
    if short.volumes:
        text += _("; %(size)s short: no room was found for %(volumes)s") % {
            "size": layout.size(short.gib),
            "volumes": layout.counted(short.volumes, "volume"),
        }
    return text


def _routes(numbers: summary.Summary, width: int) -> list[str]:
    shown = numbers.routes[:_ROUTES]
    if not shown:
        return []
    used = [one for one in WORDS if numbers.of(one).volumes]
    head = (
        _("From"),
        _("To"),
        _("Type"),
        _("Volumes"),
        _("Size"),
        *(WORDS[one].capitalize() for one in used),
    )
    rows = [
        (
            route.source or _("(no pool)"),
            route.destination,
            route.volume_type or _("(no type)"),
            f"{route.total.volumes:,}",
            layout.size(route.total.gib),
            *(
                f"{route.counts.get(one, summary.Count()).volumes:,}"
                for one in used
            ),
        )
        for route in shown
    ]
    lines = layout.table(
        [head, *rows],
        width,
        right=range(3, len(head)),
        shrink=(2, 0, 1),
    )
    return [*lines, *_more(len(numbers.routes) - len(shown), "route")]


def _pools(numbers: summary.Summary, width: int) -> list[str]:
    shown = numbers.pools[:_POOLS]
    rows = []
    for pool in shown:
        before, after = (
            f"{100 * part / pool.capacity:.0f}%" if pool.capacity else "-"
            for part in (pool.before, pool.after)
        )
        rows.append(
            (
                pool.name,
                before,
                "->",
                after,
                layout.bar(
                    pool.before,
                    pool.after,
                    pool.capacity,
                    _BARS[width >= 100],
                ),
                _("%(after)s of %(capacity)s")
                % {
                    "after": layout.size(pool.after),
                    "capacity": layout.size(pool.capacity),
                },
            )
        )
    if not rows:
        return []
    head = (_("Pool"), _("Now"), "", _("Then"), "", "")
    lines = layout.table(
        [head, *rows], width, right=(1, 3, 5), shrink=(0, 5, 4)
    )
    return [*lines, *_more(len(numbers.pools) - len(shown), "pool")]


def blockers(found: Sequence[summary.Blocker], width: int) -> list[str]:
    """What blocks, how many volumes, and what clears it: one example."""
    lines: list[str] = []
    for blocker in found[:_BLOCKERS]:
        example = blocker.example
        head = (
            f"{blocker.name}: "
            f"{layout.counted(blocker.count.volumes, 'volume')}, "
            f"{layout.size(blocker.count.gib)}"
        )
        if len(blocker.projects) > 1:
            head += f", {layout.counted(len(blocker.projects), 'project')}"
        lines.append(layout.shortened(head, width))
        lines += layout.wrapped(example.detail, width, indent=4)
        lines += layout.remedy(example.remedy, width, indent=4)
    if not lines:
        return []
    return [
        _("What blocks, with the first remedy of each"),
        *(f"  {line}" if not line.startswith(" ") else line for line in lines),
        *_more(len(found) - _BLOCKERS, "reason"),
    ]


def _attention(
    found: Sequence[Assessment], known: Names, width: int, room: int
) -> list[str]:
    shown = found[:room]
    head = (_("Volume"), _("Size"), _("Project"), _("Server"), _("Why"))
    rows = [
        (
            one.volume.name or one.volume.id,
            layout.size(one.volume.size),
            known.project(one.volume.project_id),
            ", ".join(servers(one, known)),
            why(one),
        )
        for one in shown
    ]
    lines = layout.table([head, *rows], width, right=(1,), shrink=(4, 0, 3, 2))
    return [
        *lines,
        *_more(len(found) - len(shown), "volume"),
        _("All volumes, each with its reasons: --long, or -f json"),
    ]


def why(one: Assessment) -> str:
    """What stands against a move, in a word or two."""
    named = dict.fromkeys(blocker.name for blocker in one.blockers)
    return ", ".join(named) or "; ".join(one.reasons)


def servers(one: Assessment, known: Names) -> list[str]:
    """The names of the servers that a volume is attached to."""
    return [
        known.server(attachment.server_id)
        for attachment in one.volume.attachments
        if attachment.server_id
    ]


def _more(number: int, noun: str) -> list[str]:
    if number <= 0:
        return []
    return [f"and {layout.counted(number, f'more {noun}')}"]


def every_volume(
    found: Iterable[Assessment], known: Names, width: int
) -> list[str]:
    """All volumes, some lines for each: ``--long``."""
    lines: list[str] = []
    for one in found:
        volume, action = one.volume, one.action
        source = volume.host if action.destination_node else volume.type_name
        lines += layout.wrapped(
            f"{wording.escaped(volume.name) or volume.id}  "
            f"{layout.size(volume.size)}  "
            f"{source} -> {summary.destination_of(action)}  "
            f"{action.migration_type}  {WORDS[one.readiness]}",
            width,
        )
        owner = f"{volume.id}  {known.project(volume.project_id)}"
        used = ", ".join(servers(one, known))
        lines += layout.wrapped(
            f"{owner}  {_('server')} {used}" if used else owner, width, 4
        )
        if one.blockers:
            for blocker in one.blockers:
                lines += layout.wrapped(
                    f"{blocker.name}: {blocker.detail}", width, 4
                )
                lines += layout.remedy(blocker.remedy, width, 6)
        else:
            for reason in one.reasons:
                lines += layout.wrapped(reason, width, 4)
    return lines
