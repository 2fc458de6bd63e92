# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
