# SPDX-License-Identifier: Apache-2.0

"""An action to carry out, before it is at work."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from volmigrateclient.core import action as action_
from volmigrateclient.core import model, paths
from volmigrateclient.core import move as move_
from volmigrateclient.core.planning import plan

#: From where to where: the pool that is left, and the pool or type after it.
Lane = tuple[str | None, str]


@dataclasses.dataclass(frozen=True)
class Job:
    """One of the engine's jobs.

    :param volume: where it was read already
    :param seen: what a plan saw; if it changed since, nothing is done
    :param steps: what to do, if not what the action's path says
    """

    action: action_.Action
    options: action_.Options = dataclasses.field(
        default_factory=action_.Options
    )
    volume: model.Volume | None = None
    seen: plan.Seen | None = None
    steps: Callable[[move_.Move], move_.Steps] = paths.steps

    @property
    def under_way(self) -> bool:
        """Whether Cinder was moving the volume when it was read."""
        return self.volume is not None and self.volume.moving

    @functools.cached_property
    def _known(self) -> plan.Seen:
        if self.volume is not None:
            return plan.Seen.of(self.volume)
        return self.seen or plan.Seen()

    @functools.cached_property
    def lane(self) -> Lane:
        """The pool that the volume leaves, and the one that it goes to.

        Where Cinder chooses the pool, the type that it gets.
        """
        action = self.action
        return (
            self._known.host,
            action.destination_node or f"type {action.destination_type}",
        )

    @property
    def server_ids(self) -> tuple[str, ...]:
        """The servers that the volume is attached to."""
        return self._known.server_ids or ()

    @property
    def size(self) -> int:
        """GiB, or 0 where it is not known yet."""
        return self._known.size or 0
