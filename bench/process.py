# SPDX-License-Identifier: Apache-2.0
"""Runs a client, and tells what that cost."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Call:
    """A command line and its whole environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Finished:
    """What became of a call, and of all processes that it started.

    :ivar exit_code: None if it had to be ended
    :ivar began: like `ended`, of time.time()
    :ivar peak_mib: of the largest of the processes
    """

    exit_code: int | None
    stdout: str
    stderr: str
    began: float
    ended: float
    processor_seconds: float
    peak_mib: float


def run(call: Call, scratch: pathlib.Path, limit: float) -> Finished:
    """Run a call to its end, or end it after `limit` seconds."""
    overdue = threading.Event()
    paths = scratch / "stdout", scratch / "stderr"
    with paths[0].open("wb") as stdout, paths[1].open("wb") as stderr:
        began = time.time()
        process = subprocess.Popen(
            call.arguments,
            env=dict(call.environment),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            # A loop's children are ended with it.
            start_new_session=True,
        )

        def end() -> None:
            overdue.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, end)
        timer.start()
        try:
            # Unlike wait() it tells what this one child has used.
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            # Ctrl-C is not for it, because its session is its own.
            end()
            raise
        finally:
            timer.cancel()
        ended = time.time()
        process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(
        None if overdue.is_set() else process.returncode,
        paths[0].read_text(errors="replace"),
        paths[1].read_text(errors="replace"),
        began,
        ended,
        used.ru_utime + used.ru_stime,
        # KiB on Linux.
        used.ru_maxrss / 1024,
    )
