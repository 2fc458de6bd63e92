# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
