# SPDX-License-Identifier: Apache-2.0
"""Our library, in a process that runs already: what Watcher's action is."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Mapping

from bench import moves, process
from bench.peers import ours, peer

_DRIVER = pathlib.Path(__file__).parents[1] / "library_action.py"


class Library(ours.Ours):
    """``volmigrateclient.api.migrate``."""

    name = "ours, as a library"

    def call(
        self,
        task: moves.Task,
        credentials: Mapping[str, str],
        scratch: pathlib.Path,
    ) -> process.Call:
        actions = scratch / "actions.json"
        actions.write_text(json.dumps(ours.actions(task)))
        via = "nova" if task.kind is moves.Kind.FIVE_STEPS else "cinder"
        return process.Call(
            (
                sys.executable,
                str(_DRIVER),
                str(actions),
                str(task.parallel),
                via,
            ),
            {**peer.environment(credentials), **self._own},
        )

    def told(self, task: moves.Task, finished: process.Finished) -> peer.Told:
        return peer.told_by_driver(task, finished)
