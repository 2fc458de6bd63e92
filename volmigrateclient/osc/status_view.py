# SPDX-License-Identifier: Apache-2.0

"""Moves that are under way, as they are shown."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from volmigrateclient.core.recovery import UnderWay
from volmigrateclient.i18n import _
from volmigrateclient.osc import layout, names

#: How many are shown one by one on a terminal.
_LEAST = 5


def lines(
    found: Sequence[UnderWay],
    now: datetime.datetime,
    width: int,
    height: int,
) -> list[str]:
    """A line for each, as many as fit; none where nothing moves."""
    if not found:
        return []
    shown = found[: max(height - 5, _LEAST)]
    head = (
        _("Name"),
        _("Size"),
        _("From"),
        _("To"),
        _("State"),
        _("For"),
    )
    rows = [
        (
            one.volume.name or one.volume.id,
            layout.size(one.volume.size),
            one.volume.host or "",
            destination(one),
            one.state,
            _for(one, now),
        )
        for one in shown
    ]
    told = layout.table(
        [head, *rows], width, right=(1, 5), shrink=(0, 4, 2, 3)
    )
    more = len(found) - len(shown)
    if more:
        told.append(f"and {layout.counted(more, 'more move')}: -f json")
    return told


def total(found: Sequence[UnderWay]) -> str:
    """How many, in one sentence."""
    if not found:
        return _("no volume is moving")
    size = layout.size(sum(one.volume.size for one in found))
    return _("%(moves)s under way, %(size)s") % {
        "moves": layout.counted(len(found), "move"),
        "size": size,
    }


def hint(leftovers: int) -> str:
    """What is left of earlier moves, or nothing."""
    if not leftovers:
        return ""
    return _(
        "%s of earlier moves: see 'openstack volume watcher-migrate recover'"
    ) % layout.counted(leftovers, "leftover")


def perhaps_running(swaps: int) -> str:
    """What to look at of swaps whose run may be at work, or nothing."""
    if not swaps:
        return ""
    return (
        _(
            "swaps via Nova that are running or were interrupted: %d; see "
            "'openstack volume watcher-migrate recover'"
        )
        % swaps
    )


def destination(one: UnderWay) -> str:
    """Where it goes, as far as that is known yet."""
    told = [one.destination or _("(not known yet)")]
    if one.destination_type:
        told.append(_("type %s") % one.destination_type)
    return ", ".join(told)


def _for(one: UnderWay, now: datetime.datetime) -> str:
    age = one.age(now)
    return "" if age is None else layout.duration(age)


def row(
    one: UnderWay, known: names.Names, now: datetime.datetime
) -> tuple[Any, ...]:
    """All of it, for scripts."""
    volume, age = one.volume, one.age(now)
    server_ids = [a.server_id for a in volume.attachments if a.server_id]
    return (
        volume.name,
        volume.id,
        names.NamedColumn(volume.project_id, known.project(volume.project_id)),
        names.NamedListColumn(server_ids, [*map(known.server, server_ids)]),
        volume.size,
        volume.host,
        one.destination,
        one.destination_type,
        one.state,
        one.since,
        None if age is None else round(age),
    )
