# SPDX-License-Identifier: Apache-2.0

"""Signals: the first has things put in order, the last just leaves."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Iterator

from volmigrateclient.core.engine import Engine
from volmigrateclient.osc import progress

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Why nothing more is started after the first signal of a plan.
INTERRUPTED = "interrupted"


@contextlib.contextmanager
def stop_on_signal(
    engine: Engine, output: progress.Output, gently: bool = False
) -> Iterator[list[int]]:
    """Have the engine stop in good order when the user interrupts.

    The last signal raises KeyboardInterrupt: what was begun is then left to
    ``recover``. Gives the list of the signals so far.

    :param output: whose reader leaves as if by a signal
    :param gently: the first signal only has nothing more started
    """
    told: list[int] = []
    output.when_closed(engine.interrupt)
    if threading.current_thread() is not threading.main_thread():
        yield told  # only the main thread is told of signals
        return

    def handle(number: int, frame: types.FrameType | None) -> None:
        told.append(number)
        if len(told) > 1 + gently:
            raise KeyboardInterrupt
        if gently and len(told) == 1:
            engine.refuse(INTERRUPTED)
        else:
            engine.interrupt()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
