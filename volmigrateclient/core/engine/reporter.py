# SPDX-License-Identifier: Apache-2.0

"""What the engine says while it works.

The commands render these events, tests record them. All are optional: the
base class does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from volmigrateclient.core import paths


class Reporter:
    """Hears of every event, in the order in which they happen."""

    def started(self, move: paths.Move) -> None:
        """An action's volume is known and its checks have passed."""

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        """A move was looked at; the phase may be the same as before.

        :param elapsed: seconds since the move was started
        """

    def stage(self, name: str) -> None:
        """A part of a plan begins, such as its canaries; empty: the rest."""

    def stopping(self, reason: str, running: int) -> None:
        """Nothing more is started; so many moves are waited for."""

    def waiting(self, caps: Mapping[str, int]) -> None:
        """How many jobs have not been started, by the cap they wait for."""

    def warning(self, move: paths.Move, text: str) -> None:
        """Something to know of that stops nothing."""

    def retrying(self, text: str) -> None:
        """The cloud did not answer; it is asked again."""

    def ended(self, result: paths.MoveResult) -> None:
        """An action came to an end, whichever."""
