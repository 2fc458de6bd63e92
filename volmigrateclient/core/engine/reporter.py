# SPDX-License-Identifier: Apache-2.0

"""What the engine says while it works.

The commands render these events, tests record them. All are optional: the
base class does nothing.
"""

from __future__ import annotations

import logging
import typing
from collections.abc import Callable, Mapping

from volmigrateclient.core import paths

_P = typing.ParamSpec("_P")

LOG = logging.getLogger(__name__)


class Reporter:
    """Hears of every event, in the order in which they happen.

    It is called from the engine's thread alone; one that takes long holds the
    moves up. An error of its own stops no move: it is logged, and the next
    event is told all the same. Of a ``move``, ``request`` with its
    ``action``, ``options`` and ``path``, ``warnings``, ``request_ids`` and
    ``under_way`` are stable.
    """

    def started(self, move: paths.Move) -> None:
        """An action's volume is known and its checks have passed."""

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        """A move was looked at; the phase may be the same as before.

        :param phase: what is going on, in a word or two for people
        :param elapsed: seconds since the move was started
        """

    def stage(self, name: str) -> None:
        """A part of a plan begins, such as its canaries; empty: the rest."""

    def stopping(self, reason: str, running: int) -> None:
        """Nothing more is started; so many moves are waited for."""

    def waiting(self, caps: Mapping[str, int]) -> None:
        """How many actions have not been started, by what they wait for.

        Heard whenever some may have been able to start; every other second
        while nothing is running.

        :param caps: the cap: ``total``, ``source <pool>``, ``destination
            <pool or type>``, ``server <ID>`` or ``old copies``
        """

    def warning(self, move: paths.Move, text: str) -> None:
        """Something to know of that stops nothing."""

    def retrying(self, text: str) -> None:
        """The cloud did not answer; it is asked again."""

    def note(self, text: str) -> None:
        """Something that was done because somebody wanted it, or time came."""

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
        self._tell(self._reporter.started, move)

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._tell(self._reporter.phase, move, phase, elapsed)

    def stage(self, name: str) -> None:
        self._tell(self._reporter.stage, name)

    def stopping(self, reason: str, running: int) -> None:
        self._tell(self._reporter.stopping, reason, running)

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._tell(self._reporter.waiting, caps)

    def warning(self, move: paths.Move, text: str) -> None:
        self._tell(self._reporter.warning, move, text)

    def retrying(self, text: str) -> None:
        self._tell(self._reporter.retrying, text)

    def note(self, text: str) -> None:
        self._tell(self._reporter.note, text)

    def ended(self, result: paths.MoveResult) -> None:
        self._tell(self._reporter.ended, result)

    def _tell(
        self,
        event: Callable[_P, None],
        *what: _P.args,
        **more: _P.kwargs,
    ) -> None:
        try:
            event(*what, **more)
        except Exception as error:
            # Said once: there may be ten thousand moves to come.
            level = logging.DEBUG if self._failed else logging.ERROR
            self._failed = True
            LOG.log(
                level,
                "the reporter failed (%s); the moves go on: %r",
                getattr(event, "__name__", event),
                error,
                exc_info=LOG.isEnabledFor(logging.DEBUG),
            )
