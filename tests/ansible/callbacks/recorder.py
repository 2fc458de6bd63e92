# SPDX-License-Identifier: Apache-2.0
"""An Ansible callback: every task's result, as lines of JSON in a file.

What a playbook prints is for people; this is what the tests look at.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Record results as JSON lines
description:
  - Adds a line for each result to the file that RECORDER_FILE names.
"""


class CallbackModule(CallbackBase):
    """Writes a line for each result, and one for the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task has ended well."""
        self._record("ok", result)

    def v2_runner_on_failed(
        self, result: Any, ignore_errors: bool = False
    ) -> None:
        """A task has failed."""
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host could not be reached."""
        self._record("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The recap."""
        for host in stats.processed:
            self._write({"recap": stats.summarize(host)})

    def _record(self, status: str, result: Any) -> None:
        self._write(
            {
                "task": result._task.get_name(),
                "status": status,
                "result": result._result,
            }
        )

    def _write(self, row: dict[str, Any]) -> None:
        with pathlib.Path(os.environ["RECORDER_FILE"]).open("a") as stream:
            stream.write(json.dumps(row, default=str) + "\n")
