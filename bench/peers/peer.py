# SPDX-License-Identifier: Apache-2.0
"""What the bench wants of a peer."""

from __future__ import annotations

import abc
import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Mapping
from importlib import metadata

from bench import moves, process

#: What a peer says of a volume that it claims to have moved.
DONE = "done"
#: Nothing, because it was ended.
WAITING = "still waiting"


@dataclasses.dataclass(frozen=True)
class Told:
    """What a peer said.

    :ivar said: of each volume of the task: DONE, WAITING, or why not
    :ivar began: if the peer is one that runs all the time, when it turned
        to the task; like `ended`, of time.time()
    :ivar processor_seconds: of the task alone, where `began` is given
    """

    said: tuple[str, ...]
    began: float | None = None
    ended: float | None = None
    processor_seconds: float | None = None


class Peer(abc.ABC):
    """Someone who moves volumes.

    :cvar name: for tables
    :cvar kinds: the moves that it knows
    :cvar only_from_home: the moves for which it has to find the volumes
        where they were made
    """

    name: str
    kinds: frozenset[moves.Kind] = frozenset(
        set(moves.Kind) - {moves.Kind.FIVE_STEPS}
    )
    only_from_home: frozenset[moves.Kind] = frozenset()

    @abc.abstractmethod
    def version(self) -> str:
        """What was measured, for the results."""

    @abc.abstractmethod
    def call(
        self,
        task: moves.Task,
        credentials: Mapping[str, str],
        scratch: pathlib.Path,
    ) -> process.Call:
        """The command line that carries out a task.

        :param credentials: an admin's ``OS_`` variables
        :param scratch: an empty folder for files
        """

    @abc.abstractmethod
    def told(self, task: moves.Task, finished: process.Finished) -> Told:
        """What the call said about each volume."""


def environment(credentials: Mapping[str, str]) -> dict[str, str]:
    """A shell's environment with our interpreter's commands, and an admin.

    Nothing else of whoever runs the bench has an effect.
    """
    commands = str(pathlib.Path(sys.executable).parent)
    return {
        "PATH": os.pathsep.join(
            (commands, os.environ.get("PATH", os.defpath))
        ),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml",
        **credentials,
    }


def told_by_driver(task: moves.Task, finished: process.Finished) -> Told:
    """What a program of the bench printed that calls a peer's code."""
    if not finished.stdout:
        said = WAITING
        if finished.exit_code is not None:
            said = f"broke: {last_line(finished.stderr, 'without a word')}"
        return Told((said,) * len(task.volume_ids))
    answer = json.loads(finished.stdout)
    return Told(
        tuple(answer["said"]),
        answer["began"],
        answer["ended"],
        answer["processor_seconds"],
    )


def version_of(package: str) -> str:
    """A package and its version, as this environment has it."""
    return f"{package} {metadata.version(package)}"


def last_line(text: str, otherwise: str) -> str:
    """Where commands say what went wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else otherwise
