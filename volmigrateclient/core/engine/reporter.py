# SPDX-License-Identifier: Apache-2.0

"""What the engine says while it works.

The commands render these events, tests record them. All are optional: the
base class does nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from volmigrateclient.core import paths

LOG = logging.getLogger(__name__)


class Reporter:
    """Hears of every event, in the order in which they happen.

    It is called from the engine's thread alone. An error of its own stops
    no move: it is logged, and the next event is told all the same.
    """

    def started(self, move: paths.Move) -> None:
        """An action's volume is known and its checks have passed."""

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        """A move was looked at; the phase may be the same as before.

        :param elapsed: seconds since the move was started
        """

    def waiting(self, caps: Mapping[str, int]) -> None:
        """How many jobs have not been started, by the cap they wait for."""

    def warning(self, move: paths.Move, text: str) -> None:
        """Something to know of that stops nothing."""

    def retrying(self, text: str) -> None:
        """The cloud did not answer; it is asked again."""

    def ended(self, result: paths.MoveResult) -> None:
        """An action came to an end, whichever."""


class Shielded(Reporter):
    """Passes on every event; a bug in who hears it stops no move.

    A move that is left halfway may need a human; a line that was not shown
    does not. What is no :class:`Exception` passes, as a KeyboardInterrupt.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._failed = False

    def started(self, move: paths.Move) -> None:
        self._tell("started", move)

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._tell("phase", move, phase, elapsed)

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._tell("waiting", caps)

    def warning(self, move: paths.Move, text: str) -> None:
        self._tell("warning", move, text)

    def retrying(self, text: str) -> None:
        self._tell("retrying", text)

    def ended(self, result: paths.MoveResult) -> None:
        self._tell("ended", result)

    def _tell(self, event: str, *what: Any) -> None:
        try:
            getattr(self._reporter, event)(*what)
        except Exception as error:
            # Said once: there may be ten thousand moves to come.
            level = logging.DEBUG if self._failed else logging.ERROR
            self._failed = True
            LOG.log(
                level,
                "the reporter failed (%s); the moves go on: %r",
                event,
                error,
                exc_info=LOG.isEnabledFor(logging.DEBUG),
            )
