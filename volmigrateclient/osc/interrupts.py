# SPDX-License-Identifier: Apache-2.0

"""Signals: the first has things put in order, the last just leaves."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Iterator

from volmigrateclient.core import engine

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def told_to(
    carrier: engine.Engine, gently: bool = False
) -> Iterator[list[int]]:
    """Have the engine stop in good order when the user wants out.

    The last signal raises KeyboardInterrupt: what was begun is then left to
    ``recover``. Gives the list of the signals so far.

    :param gently: the first signal only has nothing more started
    """
    told: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield told  # only the main thread is told of signals
        return

    def handle(number: int, frame: types.FrameType | None) -> None:
        told.append(number)
        if len(told) > 1 + gently:
            raise KeyboardInterrupt
        if gently and len(told) == 1:
            carrier.refuse("interrupted")
        else:
            carrier.interrupt()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
