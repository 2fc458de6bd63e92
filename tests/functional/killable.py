# SPDX-License-Identifier: Apache-2.0
"""The real ``openstack`` command in processes that tests may kill.

A process of its own costs seconds of imports; these are forked from one
that has done them, and cost a tenth of that.
"""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import tempfile
import typing
from collections.abc import Mapping

from openstackclient import shell as osc_shell

from tests.functional import shell

_PRELOADED = (
    "openstackclient.shell",
    "openstackclient.volume.client",
    "tests.functional.killable",
    "volmigrateclient.gateway",
    "volmigrateclient.osc.recover",
    "volmigrateclient.osc.run",
)

_forkserver = multiprocessing.get_context("forkserver")
_forkserver.set_forkserver_preload(list(_PRELOADED))


def _main(
    words: tuple[str, ...], environment: Mapping[str, str], folder: str
) -> typing.NoReturn:
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = os.open(
            pathlib.Path(folder, name), os.O_WRONLY | os.O_CREAT, 0o600
        )
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(environment)
    os._exit(_flushed(osc_shell.main(list(words))))


def _flushed(exit_code: int | None) -> int:
    import sys

    sys.stdout.flush()
    sys.stderr.flush()
    return exit_code or 0


class Command:
    """A command at work; ``pid`` is where to send signals."""

    def __init__(
        self, openstack: shell.Openstack, *words: str, **more: str
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="killable")
        self._process = _forkserver.Process(
            target=_main,
            args=(words, openstack._own(more), self._folder.name),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's ID."""
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        said = pathlib.Path(self._folder.name, "stderr")
        return said.read_text() if said.exists() else ""

    def end(self, seconds: float = 180.0) -> shell.Completed:
        """Wait for the end; the exit code of a killed one is negative."""
        self._process.join(seconds)
        exit_code = self._process.exitcode
        if exit_code is None:
            self._process.kill()
            self._process.join()
        folder = pathlib.Path(self._folder.name)
        completed = shell.Completed(
            -999 if exit_code is None else exit_code,
            *(
                (folder / name).read_text() if (folder / name).exists() else ""
                for name in ("stdout", "stderr")
            ),
        )
        self._folder.cleanup()
        assert exit_code is not None, f"did not end: {completed}"
        return completed
