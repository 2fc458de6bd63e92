# SPDX-License-Identifier: Apache-2.0
"""The loop that an admin writes around commands that do not wait.

A good one: it waits with an eye on the failures that the services show, and
looks at the end where the volume is. As many volumes at once as everybody
else moves, with ``xargs -P``.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from bench import moves, process
from bench.peers import peer

_EACH = 'printf "%s\\n" "$@" | xargs -P "$PARALLEL" -n 1 sh -u "$SCRIPT"'


class Loop(peer.Peer):
    """A shell script for one volume, and the loop around it.

    The script gets the volume as its only argument, and KIND, DESTINATION
    and PAUSE; its last line is "ID done" or "ID failed: ...".

    :cvar script: a file next to this one
    """

    script: str
    #: Seconds between two looks at a volume.
    pause = 2

    def call(
        self,
        task: moves.Task,
        credentials: Mapping[str, str],
        scratch: pathlib.Path,
    ) -> process.Call:
        return process.Call(
            ("sh", "-u", "-c", _EACH, "loop", *task.volume_ids),
            {
                **peer.environment(credentials),
                "SCRIPT": str(pathlib.Path(__file__).with_name(self.script)),
                "KIND": "migrate" if task.kind.to_pool else "retype",
                "DESTINATION": task.destination,
                "PARALLEL": str(task.parallel),
                "PAUSE": str(self.pause),
            },
        )

    def told(self, task: moves.Task, finished: process.Finished) -> peer.Told:
        otherwise = peer.WAITING
        if finished.exit_code is not None:
            otherwise = peer.last_line(finished.stderr, "failed")
        said = dict(
            line.split(" ", 1)
            for line in finished.stdout.splitlines()
            if " " in line
        )
        return peer.Told(
            tuple(said.get(one, otherwise) for one in task.volume_ids)
        )
