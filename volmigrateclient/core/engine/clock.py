# SPDX-License-Identifier: Apache-2.0

"""The engine's clock: the only place that sleeps."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable

#: Seconds after which a sleeper looks in any case whether it is to wake up.
_SLICE = 1.0


class Clock:
    """Monotonic seconds, and a bell that ends a sleep."""

    def __init__(self) -> None:
        # A signal's handler may ring while the same thread sleeps or rings.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def ring(self) -> None:
        """Have who sleeps look whether to wake up; from wherever."""
        self._bell.put(None)

    def sleep(self, seconds: float, wake: Callable[[], bool]) -> None:
        """Sleep so long, or until ``wake`` says that enough is enough.

        That is asked at the beginning and whenever the bell rings.
        """
        end = self.now() + seconds
        while not wake() and (left := end - self.now()) > 0:
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=min(left, _SLICE))
