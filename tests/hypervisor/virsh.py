# SPDX-License-Identifier: Apache-2.0
"""libvirt's shell: single commands, and a session for many."""

from __future__ import annotations

import os
import re
import select
import subprocess
import threading
import time

from tests.hypervisor import host

_PROMPT = "virsh # "
_TIMEOUT = 60.0


class VirshError(Exception):
    """A command failed; the message is virsh's own."""


class Virsh:
    """Runs commands one at a time.

    :param uri: the libvirt they are for
    """

    def __init__(self, uri: str) -> None:
        self._command = (host.command("virsh"), "-q", "-c", uri)

    def __call__(self, *words: str) -> str:
        """Run a command; return what it prints.

        :raises VirshError: it failed
        """
        done = subprocess.run(
            (*self._command, *words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        if done.returncode:
            raise VirshError(done.stderr.strip())
        return done.stdout

    def session(self) -> Session:
        """Return a process that runs commands within milliseconds."""
        return Session(self._command)


class Session:
    """virsh, reading commands; for one thread at a time."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._number = 0

    def ask(self, command: str) -> str:
        """Run a command; return what it prints.

        :raises VirshError: it failed, or virsh is gone
        """
        with self._lock:
            self._number += 1
            # virsh repeats what it reads after its prompt, and ends what
            # "echo" prints without a newline.
            mark = f"echo end-of-{self._number}"
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(f"{command}\n{mark}\n".encode())
                self._process.stdin.flush()
            except OSError as error:
                raise VirshError("virsh has ended") from error
            said = self._read_until(f"{mark}\n{mark[5:]}")
        lines = [
            line
            for line in said.splitlines()
            if line.strip() and _PROMPT not in line
        ]
        # What is said of a failure may stand right behind the prompt.
        failed = re.search(rf"(?:^|{_PROMPT})(error: .*)", said, re.MULTILINE)
        if failed:
            raise VirshError(failed.group(1))
        return "\n".join(lines)

    def _read_until(self, mark: str) -> str:
        assert self._process.stdout is not None
        said = b""
        end = time.monotonic() + _TIMEOUT
        while mark.encode() not in said:
            if not select.select(
                [self._process.stdout], [], [], end - time.monotonic()
            )[0]:
                raise VirshError(f"no answer in {_TIMEOUT:.0f} s")
            more = os.read(self._process.stdout.fileno(), 65536)
            if not more:
                raise VirshError("virsh has ended")
            said += more
        return said.decode(errors="replace").partition(mark)[0]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
