# SPDX-License-Identifier: Apache-2.0

"""Watcher's TaskFlow engine with our action in the place of Watcher's own.

Chosen by one line of configuration, it runs stored action plans and those of
Watcher's own strategies, which all say ``volume_migrate``.
"""

from __future__ import annotations

from typing import Any

from watcher import objects

# Watcher's engine needs its objects when it is imported.
objects.register_all()

from watcher.applier.actions import factory  # noqa: E402
from watcher.applier.workflow_engine import default  # noqa: E402

from volmigrateclient.watcher.action import (  # noqa: E402
    VolumeMigrateVerified,
)

_OURS = "volume_migrate_verified"
_REPLACED = ("volume_migrate", _OURS)


class _ActionFactory(factory.ActionFactory):
    """Makes our action for Watcher's, and tells it of its plan."""

    def __init__(self, context: Any) -> None:
        super().__init__()
        self._context = context
        self._made: dict[str, VolumeMigrateVerified] = {}

    def make_action(self, object_action: Any, osc: Any = None) -> Any:
        if object_action.action_type not in _REPLACED:
            return super().make_action(object_action, osc=osc)
        action = self.action_loader.load(name=_OURS, osc=osc)
        action.input_parameters = object_action.input_parameters
        action.cancelled = lambda: self.is_cancelled(object_action)
        self._made[object_action.uuid] = action
        action.validate_parameters()
        return action

    def not_started(self, object_action: Any) -> bool:
        """Whether an action of ours gave up before it began."""
        made = self._made.get(object_action.uuid)
        return made is not None and made.not_started

    def is_cancelled(self, object_action: Any) -> bool:
        """Whether an action's plan was cancelled."""
        plan = objects.ActionPlan.get_by_id(
            self._context, object_action.action_plan_id
        )
        states = objects.action_plan.State
        return plan.state in (states.CANCELLING, states.CANCELLED)


class VerifiedTaskFlow(default.DefaultWorkFlowEngine):
    """Runs action plans; all but ``volume_migrate`` as Watcher's own does."""

    def __init__(
        self, config: Any, context: Any = None, applier_manager: Any = None
    ) -> None:
        super().__init__(config, context, applier_manager)
        self._action_factory = _ActionFactory(context)

    def notify(self, action: Any, state: str, *args: Any, **more: Any) -> Any:
        """Write an action's state.

        One that was waiting for another move of its server when its plan
        was cancelled has not failed: it was never started.
        """
        if (
            state == objects.action.State.FAILED
            and self._action_factory.not_started(action)
            and self._action_factory.is_cancelled(action)
        ):
            state = objects.action.State.CANCELLED
        return super().notify(action, state, *args, **more)
