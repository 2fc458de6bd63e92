# SPDX-License-Identifier: Apache-2.0
"""A cloud that outlives the command which starts it."""

from __future__ import annotations

import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time

from tests.cloud import cloud, errors

_ROOT = pathlib.Path(__file__).parents[2]
_READY = "ready"
_STOP_SECONDS = 15.0


class Daemon:
    """The process that owns a cloud in the background.

    It holds a lock on ``daemon.lock`` for as long as it lives, with its pid
    inside; so a pid that was left behind is never mistaken for it.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory.absolute()
        self._lock = self.directory / "daemon.lock"

    @property
    def pid(self) -> int | None:
        """The pid of the running owner; None when there is none."""
        try:
            with self._lock.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(lock.read())
        except FileNotFoundError:
            pass
        return None

    def start(self, nova: str) -> None:
        """Start a cloud in the background; return when it is ready.

        :raises errors.CloudError: one is running, or this one does not start
        """
        if self.pid is not None:
            raise errors.CloudError(f"{self.directory} is running already")
        self.directory.mkdir(parents=True, exist_ok=True)
        owner = subprocess.Popen(
            (sys.executable, "-m", __name__, str(self.directory), nova),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Must not be ours: who reads our output would wait for its end.
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert owner.stdout is not None
        said = []
        for line in owner.stdout:
            if line.strip() == _READY:
                return
            said.append(line)
        owner.wait()
        raise errors.CloudError("".join(said))

    def stop(self) -> None:
        """Stop the cloud, if it runs; its directory is kept."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise errors.CloudError(f"process {pid} does not end")
            time.sleep(0.1)


def _own(directory: pathlib.Path, nova: str) -> None:
    """Be the owner: keep a cloud until SIGTERM."""
    with (directory / "daemon.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        with cloud.Cloud(directory, nova):
            print(_READY, flush=True)
            # Nobody reads what we say from now on.
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            while True:
                signal.pause()


def main() -> None:
    # Stops the cloud wherever it is, half started included.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _own(pathlib.Path(sys.argv[1]), sys.argv[2])
    except errors.CloudError as error:
        print(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
