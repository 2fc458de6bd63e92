# SPDX-License-Identifier: Apache-2.0
"""One service of the cloud, as a process that tests may kill."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from tests.cloud import environments, errors

_POLL_SECONDS = 0.1
_STOP_SECONDS = 5.0


class Service:
    """A process, its log, and how to tell that it is ready.

    :param arguments: for ``python -m testcloud.<name>``
    :param ready: tells whether the service does its work by now; may raise
        OSError for as long as nobody listens
    """

    def __init__(
        self,
        name: str,
        environment: environments.Environment,
        directory: pathlib.Path,
        arguments: tuple[str, ...],
        ready: Callable[[], bool],
    ) -> None:
        self.name = name
        self.log = directory / "logs" / f"{name}.log"
        self._environment = environment
        self._directory = directory
        self._arguments = arguments
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the process; wait_until_ready() waits for the service."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self.log.open("ab") as log:
            if self.running:
                return
            self._process = subprocess.Popen(
                (
                    self._environment.python,
                    "-m",
                    f"testcloud.{self.name}",
                    *self._arguments,
                ),
                cwd=self._directory,
                env=self._environment.variables(),
                # Never written to. Its end of file, which the kernel sends
                # however this process ends, is what ends the service.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # A Ctrl-C is for the owner, who stops the services in turn.
                start_new_session=True,
            )

    def wait_until_ready(self, timeout: float = 180.0) -> None:
        """
        :raises errors.ServiceError: it ended, or is not ready in time
        """
        deadline = time.monotonic() + timeout
        while not self._answers():
            if not self.running:
                raise errors.ServiceError(self.name, "ended", self.log)
            if time.monotonic() > deadline:
                raise errors.ServiceError(
                    self.name, f"not ready in {timeout:.0f} s", self.log
                )
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            return self._ready()
        except OSError:
            return False

    def start(self) -> None:
        """Start, and return when the service does its work."""
        self.spawn()
        self.wait_until_ready()

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        with self._lock:
            process = self._process
            if process is None:
                return
            process.send_signal(how)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
            self._process = None
