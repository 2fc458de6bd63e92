# SPDX-License-Identifier: Apache-2.0
"""The real ``openstack`` command on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import time

from tests.functional import shell


def on_a_terminal(
    openstack: shell.Openstack, *words: str
) -> tuple[int, bytes]:
    """Run a command with all its output on a terminal.

    :returns: its exit code, and every byte that the terminal got
    """
    ours, its = pty.openpty()
    process = openstack.start(*words, stdout=its, stderr=its)
    os.close(its)
    got = b""
    end = time.monotonic() + 180
    try:
        # The other side is closed when nobody has it open any more.
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                if select.select([ours], [], [], 1)[0]:
                    got += os.read(ours, 65536)
        return process.wait(30), got
    finally:
        os.close(ours)
        process.kill()  # of no effect once it has ended
