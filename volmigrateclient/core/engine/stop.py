# SPDX-License-Identifier: Apache-2.0

"""Why nothing more is started, and whether what runs has to stop."""

from __future__ import annotations

from collections.abc import Callable


class Stop:
    """What may be said at any moment: from a signal's handler, say.

    :param ring: has the engine's thread look
    :ivar refusal: why the jobs that are not started are not; None is go on
    :ivar interrupted: whether what is running is to be undone or left alone
    :ivar told: whether the reporter was told of the refusal
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self.refusal: str | None = None
        self.interrupted = False
        self.told = False

    def refuse(self, reason: str) -> None:
        """Start nothing more; the first reason stays."""
        self.refusal = self.refusal or reason
        self._ring()

    def interrupt(self) -> None:
        """Start nothing more, and tell what is running to stop."""
        self.interrupted = True
        self.refuse("interrupted")
