# SPDX-License-Identifier: Apache-2.0
"""Watcher's applier in one process, without its message bus.

Runs in an environment that has Watcher and ours::

    python applier.py watcher.conf

Starts as ``watcher-applier`` does, then carries out the action plans that it
reads, one JSON document a line: a list of actions, each with its ``type``,
``parameters``, and as ``parents`` the numbers of those that go before it.
Says with one line of JSON each that it is ready, the ``uuid`` of a plan that
it begins, and what became of it. Watcher's log is where its configuration
says.
"""

import contextlib
import importlib

# Watcher picks its concurrency with these imports, before any other. The
# second is of 15.0.0 and later.
importlib.import_module("watcher.cmd")
with contextlib.suppress(ImportError):
    importlib.import_module("watcher.cmd.eventlet")

# ruff: isort: split
# Its workers write at the same time, for which SQLite needs preparing; before
# the engine is made.
from testcloud import sqlite

sqlite.prepare_engines()

# ruff: isort: split
import json
import os
import pathlib
import sys
import uuid
from collections.abc import Callable
from typing import Any

from watcher import conf, objects
from watcher.applier import sync
from watcher.applier.action_plan import default
from watcher.common import context, service
from watcher.db.sqlalchemy import migration


class Applier:
    """What the command ``watcher-applier`` sets up, and plans for it."""

    def __init__(self, database: pathlib.Path) -> None:
        service.prepare_service(sys.argv, conf.CONF)
        if not database.exists():
            _in_a_child(migration.create_schema)
        sync.Syncer().sync()
        self._context = context.make_context(is_admin=True)

    def known_actions(self) -> list[str]:
        """What the Syncer has written into Watcher's database."""
        return sorted(
            found.action_type
            for found in objects.ActionDescription.list(self._context)
        )

    def _new(self, kind: Any, **fields: Any) -> Any:
        made = kind(self._context, uuid=str(uuid.uuid4()), **fields)
        made.create()
        return made

    def plan(self, wanted: list[dict[str, Any]]) -> str:
        """Store a plan as a strategy's planner does; gives its UUID."""
        name = uuid.uuid4().hex
        goal = self._new(
            objects.Goal,
            name=name,
            display_name=name,
            efficacy_specification=[],
        )
        strategy = self._new(
            objects.Strategy,
            name=name,
            display_name=name,
            goal_id=goal.id,
            parameters_spec={},
        )
        audit = self._new(
            objects.Audit,
            name=name,
            audit_type="ONESHOT",
            state="SUCCEEDED",
            goal_id=goal.id,
            strategy_id=strategy.id,
            parameters={},
            scope=[],
            auto_trigger=False,
        )
        plan = self._new(
            objects.ActionPlan,
            audit_id=audit.id,
            strategy_id=strategy.id,
            state="PENDING",
            global_efficacy=[],
        )
        stored: list[Any] = []
        for one in wanted:
            stored.append(
                self._new(
                    objects.Action,
                    action_plan_id=plan.id,
                    action_type=one["type"],
                    input_parameters=one["parameters"],
                    state="PENDING",
                    parents=[stored[n].uuid for n in one.get("parents", ())],
                )
            )
        return str(plan.uuid)

    def carry_out(self, plan_uuid: str) -> dict[str, Any]:
        """Run a stored plan to its end, as the applier does when told to."""
        default.DefaultActionPlanHandler(
            self._context, None, plan_uuid
        ).execute()
        plan = objects.ActionPlan.get_by_uuid(self._context, plan_uuid)
        actions = objects.Action.list(
            self._context, filters={"action_plan_uuid": plan_uuid}
        )
        return {
            "state": plan.state,
            "actions": [
                {
                    "state": action.state,
                    # 14.0.0 has no such column.
                    "message": getattr(action, "status_message", None),
                }
                for action in sorted(actions, key=lambda one: one.id)
            ],
        }


def _in_a_child(make: Callable[[], None]) -> None:
    """Do what Watcher's own command does: it takes over the logging."""
    child = os.fork()
    if child == 0:
        make()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"{make.__name__} ended with {status}")


def say(document: Any) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main(configuration: str) -> None:
    sys.argv = ["watcher-applier", "--config-file", configuration]
    applier = Applier(pathlib.Path(configuration).with_name("watcher.sqlite"))
    say({"known_actions": applier.known_actions()})
    for line in sys.stdin:
        plan_uuid = applier.plan(json.loads(line))
        say({"uuid": plan_uuid})
        say(applier.carry_out(plan_uuid))


if __name__ == "__main__":
    main(*sys.argv[1:])
