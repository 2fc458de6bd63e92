# SPDX-License-Identifier: Apache-2.0

"""What ``apply`` is about to do: what moves, the caps, the window."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Iterable, Sequence

from volmigrateclient.core.engine.admission import Limits
from volmigrateclient.core.model.action import SWAP, Action
from volmigrateclient.core.planning import summary
from volmigrateclient.core.planning.plan import Plan
from volmigrateclient.core.planning.planner import Readiness
from volmigrateclient.i18n import _
from volmigrateclient.osc import layout


def planned(plan: Plan) -> str:
    """How much a plan holds, and what was blocked when it was made."""
    size = sum((step.planned.size or 0) for step in plan.steps if step.planned)
    told = f"{layout.counted(len(plan.steps), 'volume')}, {layout.size(size)}"
    blocked = [step for step in plan.steps if step.blocked_by]
    if not blocked:
        return told
    reasons = collections.Counter(
        name for step in blocked for name in step.blocked_by
    )
    named = ", ".join(f"{name} {n:,}" for name, n in reasons.most_common())
    return _("%(told)s; blocked when planned: %(number)s (%(named)s)") % {
        "told": told,
        "number": f"{len(blocked):,}",
        "named": named,
    }


def rules(
    limits: Limits,
    canaries: int,
    end: datetime.datetime | None,
    now: datetime.datetime,
    windows: Sequence[str] = (),
) -> list[str]:
    """The rules by which it goes, a sentence each.

    :param end: when all has to be over
    :param windows: as they were given
    """
    told = [_caps(limits)]
    if canaries:
        told.append(
            _("canary: %s first, and the rest only if all are verified")
            % layout.counted(canaries, "move")
        )
    if limits.failures:
        told.append(
            _("nothing more is started after %s")
            % layout.counted(limits.failures, "failed move")
        )
    if limits.failures_per_route:
        told.append(
            _("a route from pool to pool is stopped after %s there")
            % layout.counted(limits.failures_per_route, "failed move")
        )
    if windows:
        told.append(
            _("moves are under way only within %s") % ", ".join(windows)
        )
    if end is not None:
        told.append(
            _("nothing is started that is not expected to end by %s")
            % when(end, now)
        )
    return told


def live_moves(actions: Iterable[Action]) -> list[str]:
    """What to know of those of a plan's moves that are live, if any are.

    (services.rst, services-lost-attachment)

    :param actions: those that may be started
    """
    number = sum(action.migration_type == SWAP for action in actions)
    if not number:
        return []
    return [
        _(
            "live moves: %s; at the end of one Cinder may lose the "
            "attachment, less often with fewer at once (--max-parallel) and "
            "while cinder-volume has little else to do"
        )
        % f"{number:,}"
    ]


def _caps(limits: Limits) -> str:
    told = [_("%d in all") % limits.parallel]
    if limits.per_source:
        told.append(_("%d from one pool") % limits.per_source)
    if limits.per_destination:
        told.append(_("%d to one pool or type") % limits.per_destination)
    told.append(_("1 of a server"))
    return _("moves at once: %s") % ", ".join(told)


def when(end: datetime.datetime, now: datetime.datetime) -> str:
    """A time of this day or the next: 06:00 tomorrow (Thursday)."""
    day = _("today") if end.date() == now.date() else _("tomorrow")
    return f"{end:%H:%M} {day} ({end:%A})"


def question(numbers: summary.Summary) -> str:
    """The question before anything is started."""
    ready = numbers.of(Readiness.READY)
    moving = numbers.of(Readiness.MOVING)
    what = _("Move %(volumes)s (%(size)s)") % {
        "volumes": layout.counted(ready.volumes, "volume"),
        "size": layout.size(ready.gib),
    }
    if moving.volumes:
        what += _(", and wait for %d that Cinder moves") % (moving.volumes)
    return f"{what}?"
