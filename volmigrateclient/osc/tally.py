# SPDX-License-Identifier: Apache-2.0

"""How far a plan is: counts that the live view and the plain lines share."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Collection, Mapping, Sequence

from volmigrateclient.core import paths
from volmigrateclient.core.engine.admission import (
    PAUSED,
    SERVICE,
    Admission,
)
from volmigrateclient.core.planning.plan import PlannedAction
from volmigrateclient.i18n import _
from volmigrateclient.osc import interrupts, layout


@dataclasses.dataclass
class Moving:
    """A volume that is moving; ``age`` is seconds."""

    name: str
    size: int
    route: str
    phase: str
    age: float


class Tally:
    """What has become of a plan's steps so far.

    :param told_blocked: IDs of volumes of which somebody was just told what
        blocks them
    """

    def __init__(
        self,
        steps: Sequence[PlannedAction],
        admission: Admission,
        told_blocked: Collection[str] = (),
    ) -> None:
        # Its caps may change meanwhile.
        self._admission = admission
        self._sizes = {
            step.action.resource_id: (step.planned.size or 0)
            if step.planned
            else 0
            for step in steps
        }
        #: Those of which that was said before, or when they were planned.
        self._known_blocked = {
            *told_blocked,
            *(step.action.resource_id for step in steps if step.blocked_by),
        }
        self.moving: dict[str, Moving] = {}
        self.outcomes: collections.Counter[paths.Outcome] = (
            collections.Counter()
        )
        self.moved_gib = 0
        #: GiB of what may still move, or moves.
        self.left_gib = sum(self._sizes.values())
        self.stage = ""
        self._reasons: set[str] = set()

    @property
    def volumes(self) -> int:
        """All of the plan's."""
        return len(self._sizes)

    @property
    def ended(self) -> int:
        """Those that nothing more will become of."""
        return sum(self.outcomes.values())

    @property
    def settled(self) -> int:
        """Those of them that had their turn."""
        return self.ended - self.outcomes[paths.Outcome.NOT_STARTED]

    @property
    def queued(self) -> int:
        """Those whose turn has not come."""
        return max(self.volumes - self.ended - len(self.moving), 0)

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        """A move was looked at."""
        volume = move.before.volume if move.survey else move.volume
        action = move.action
        where = action.destination_node or f"type {action.destination_type}"
        self.moving[action.resource_id] = Moving(
            name=(volume.name or volume.id) if volume else action.resource_id,
            size=volume.size if volume else 0,
            route=f"{volume.host if volume else ''} -> {where}",
            phase=phase,
            age=elapsed,
        )

    def end(self, result: paths.MoveResult) -> str | None:
        """Count an end.

        :returns: what is to be said of it, or None where that is known
        """
        volume_id = result.action.resource_id
        self.moving.pop(volume_id, None)
        self.outcomes[result.outcome] += 1
        self.left_gib -= self._sizes.get(volume_id, result.size)
        if result.outcome is paths.Outcome.DONE:
            self.moved_gib += result.size
        if result.outcome is paths.Outcome.NOT_STARTED:
            return self._first(result.reason)
        if result.outcome is paths.Outcome.BLOCKED:
            return None if volume_id in self._known_blocked else _said(result)
        return _said(result)

    def _first(self, reason: str) -> str | None:
        """A reason for which many are not started, once."""
        if reason in self._reasons:
            return None
        self._reasons.add(reason)
        return _("no longer started: %s") % reason

    def stop(self, reason: str, running: int) -> str:
        """In one line, that nothing more is started."""
        self._reasons.add(reason)
        queued = max(self.volumes - self.ended - running, 0)
        told = _("%(reason)s: %(number)s not started") % {
            "reason": reason,
            "number": f"{queued:,}",
        }
        if running:
            told += _("; waiting for %s") % layout.counted(running, "move")
        if running and reason == interrupts.INTERRUPTED:
            told += _("; Ctrl-C again leaves them to the cloud")
        return told

    def counts(self) -> str:
        """How many ended how, for people."""
        return ", ".join(
            f"{number:,} {outcome.value}"
            for outcome, number in list(self.outcomes.items())
        )

    def waiting(self, caps: Mapping[str, int]) -> str:
        """How many wait for their turn, and for which limit."""
        if not self.queued:
            return ""
        told: collections.Counter[str] = collections.Counter()
        for cap, number in caps.items():
            told[self._limit(cap)] += number
        told_caps = (
            label if len(told) == 1 else f"{number:,} {label}"
            for label, number in told.most_common(3)
        )
        limits = ", ".join(told_caps)
        text = _("%s queued") % f"{self.queued:,}"
        return f"{text} ({limits})" if limits else text

    def _limit(self, cap: str) -> str:
        """The option behind a cap of the engine's."""
        kind, _space, name = cap.partition(" ")
        if cap == "total":
            most = self._admission.limits.parallel
            return _("limit: --max-parallel %d") % most
        if cap == PAUSED:
            return _("paused with 'control'")
        if cap == "old copies":
            return _("old copies are still being deleted")
        if cap == SERVICE:
            return _("for a service that is down")
        if kind == "source":
            return _("--max-per-source of %s") % name
        if kind == "destination":
            return _("--max-per-destination of %s") % name
        if kind == "window":
            return _("until %s") % cap
        return _("their servers' other moves")


def _said(result: paths.MoveResult) -> str:
    return result.sentence.replace("\n", "; ")
