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

"""What the engine says while it works.

The commands render these events, tests record them. All are optional: the
base class does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from volmigrateclient.core import move as move_


class Reporter:
    """Hears of every event, in the order in which they happen."""

    def started(self, move: move_.Move) -> None:
        """An action's volume is known and its checks have passed."""

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        """A move was looked at; the phase may be the same as before.

        :param elapsed: seconds since the move was started
        """

    def waiting(self, caps: Mapping[str, int]) -> None:
        """How many jobs have not been started, by the cap they wait for."""

    def warning(self, move: move_.Move, text: str) -> None:
        """Something to know of that stops nothing."""

    def trouble(self, text: str) -> None:
        """The cloud did not answer; it is asked again."""

    def ended(self, result: move_.MoveResult) -> None:
        """An action came to an end, whichever."""
