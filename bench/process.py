# SPDX-License-Identifier: Apache-2.0
"""Runs a client, and tells what that cost."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
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


#: Seconds within which the starter below is there and waits.
_STARTED = 0.2

#: Starts a command once it reads a line, and tells what it has used. A process
#: of its own: by the kernel's count a command is at least as large as the
#: process that started it, and the benchmark itself is larger than some.
_STARTER = """
import os, signal, sys
sys.stdin.readline()
files = [
    (os.POSIX_SPAWN_OPEN, fd, name, flags, 0o600)
    for fd, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    )
]
pid = os.posix_spawnp(
    # A loop's children are ended with it.
    sys.argv[3], sys.argv[3:], os.environ, file_actions=files, setsid=True
)
signal.signal(signal.SIGTERM, lambda *_: os.killpg(pid, signal.SIGKILL))
_, status, used = os.wait4(pid, 0)
code = os.waitstatus_to_exitcode(status)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def run(call: Call, scratch: pathlib.Path, limit: float) -> Finished:
    """Run a call to its end, or end it after `limit` seconds."""
    overdue = threading.Event()
    paths = scratch / "stdout", scratch / "stderr"
    starter = subprocess.Popen(
        # Whatever the call's variables are, they are not for it.
        [sys.executable, "-I", "-S", "-c", _STARTER, *paths, *call.arguments],
        env=dict(call.environment),
        cwd=scratch,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is not for it, because its session is its own.
        start_new_session=True,
    )

    def end() -> None:
        overdue.set()
        starter.terminate()

    timer = threading.Timer(limit, end)
    time.sleep(_STARTED)
    began = time.time()
    timer.start()
    try:
        told, _ = starter.communicate("\n")
    except BaseException:
        end()
        raise
    finally:
        timer.cancel()
    ended = time.time()
    code, seconds, kib = told.split()
    return Finished(
        None if overdue.is_set() else int(code),
        paths[0].read_text(errors="replace"),
        paths[1].read_text(errors="replace"),
        began,
        ended,
        float(seconds),
        int(kib) / 1024,
    )
