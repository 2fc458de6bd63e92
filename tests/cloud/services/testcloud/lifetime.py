# SPDX-License-Identifier: Apache-2.0
"""Ends this process when the process that owns the cloud ends."""

import _thread
import os


def end_with_owner() -> None:
    """Exit as soon as standard input, a pipe from the owner, is closed.

    The kernel closes the pipe however the owner ends, SIGKILL included.
    Must be called before any monkey patching: the watch has to be a real
    thread, which no busy event loop can starve.
    """
    _thread.start_new_thread(_watch, (os.read, os._exit))


def _watch(read, leave) -> None:
    while read(0, 1):
        pass
    leave(0)
