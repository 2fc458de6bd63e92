# SPDX-License-Identifier: Apache-2.0
"""The real ``openstack`` command, in this process or in one of its own.

In this process a call costs some 100 ms instead of seconds. A process of
its own is for what needs one: signals, terminals, killing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from unittest import mock

from openstackclient import shell
from openstackclient.common import clientmanager
from osc_lib import clientmanager as osc_clientmanager

#: The command of the environment that the tests run in.
OPENSTACK = str(pathlib.Path(sys.executable).with_name("openstack"))
#: The other command that remedies need, where OSC has none for it.
_CINDER = str(pathlib.Path(sys.executable).with_name("cinder"))

#: How the names of variables begin that would have an effect on what a
#: command does or prints. A developer's shell, tox and a CI each set others.
_OF_WHO_RUNS_THE_TESTS = (
    *("OS_", "LANG", "LC_", "LINES"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERM"),
    *("PYTHONIOENCODING", "PYTHONUTF8", "PYTHONCOERCECLOCALE"),
)


@dataclasses.dataclass(frozen=True)
class Completed:
    """What became of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What ``-f json`` printed."""
        return json.loads(self.stdout)

    @property
    def last_line(self) -> str:
        """The last line on stderr, where an error stands."""
        lines = self.stderr.strip().splitlines()
        return lines[-1] if lines else ""


class Openstack:
    """``openstack`` with a user's credentials in its environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)

    def __call__(self, *words: str, **environment: str) -> Completed:
        """Run a command in this process, to its end."""
        stdout, stderr = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        _forget_clients()
        with (
            mock.patch.dict(os.environ, self._own(environment), clear=True),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            try:
                # stderr and stdout are looked up when the shell is made.
                exit_code = shell.OpenStackShell().run(list(words))
            except SystemExit as leaving:
                exit_code = int(leaving.code or 0)
            finally:
                root.handlers[:] = handlers
                root.setLevel(level)
        return Completed(exit_code, stdout.getvalue(), stderr.getvalue())

    def migrate(self, *words: str, **environment: str) -> Completed:
        """Run a command of the plugin."""
        return self("volume", "watcher-migrate", *words, **environment)

    def cinder(self, *words: str, **environment: str) -> Completed:
        """Run a command of python-cinderclient's, to its end."""
        done = subprocess.run(
            [_CINDER, *words],
            env=self._own(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def start(
        self,
        *words: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start a command in a process of its own.

        :param stdin: where it reads, such as a terminal
        :param stdout: where it goes, such as a terminal; so stderr
        """
        return subprocess.Popen(
            [OPENSTACK, *words],
            env=self._own(environment),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            # Signals are for the command alone, not for the tests.
            start_new_session=True,
        )

    def _own(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(_OF_WHO_RUNS_THE_TESTS)
        }
        return {
            **kept,
            "OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml",
            "COLUMNS": "200",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            **self._environment,
            **more,
        }


def _forget_clients() -> None:
    """Forget the clients that OSC keeps for the life of a process."""
    for cache in (
        *vars(clientmanager.ClientManager).values(),
        *vars(osc_clientmanager.ClientManager).values(),
    ):
        if isinstance(cache, osc_clientmanager.ClientCache):
            cache._handle = None
