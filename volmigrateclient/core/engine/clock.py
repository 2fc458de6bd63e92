# SPDX-License-Identifier: Apache-2.0

"""The engine's clock: the only place that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds after which a sleeper looks whether it is to wake up early.
_SLICE = 0.1


class Clock:
    """Monotonic seconds."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def sleep(self, seconds: float, wake: Callable[[], bool]) -> None:
        """Sleep so long, or until ``wake`` says that enough is enough.

        In slices, because a signal's handler does not end a sleep.
        """
        end = self.now() + seconds
        while not wake() and (left := end - self.now()) > 0:
            time.sleep(min(left, _SLICE))
