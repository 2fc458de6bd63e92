# SPDX-License-Identifier: Apache-2.0

"""Routes that wait a while for services that are counted down."""

from __future__ import annotations

import math

from volmigrateclient.core.engine.job import Route
from volmigrateclient.core.model import errors

#: Seconds between two looks whether a service is up again.
_PAUSE = 15.0
#: Seconds for which a service is waited for: it may be restarted meanwhile.
_PATIENCE = 600.0


class Rests:
    """Until when the moves of a route are not to be tried again.

    A service that does not answer holds up what needs it, and nothing else.
    One that stays away is given up for the rest of the run; one that was
    back in between is waited for anew.
    """

    def __init__(self) -> None:
        self._until: dict[Route, float] = {}
        #: Since when, and when it was missed last, by what does not answer.
        self._waited: dict[str, tuple[float, float]] = {}
        self._given_up: set[str] = set()

    def begin(
        self, route: Route, refusal: errors.RefusedError, now: float
    ) -> str | None:
        """Let a route rest for what refused one of its moves.

        :returns: what to tell users, empty where they know; None where it
            was waited for long enough, or is nothing that passes
        """
        if not refusal.passing:
            return None
        what = "; ".join(blocker.detail for blocker in refusal.blockers)
        since, last = self._waited.get(what, (now, -math.inf))
        new = now - last > 4 * _PAUSE
        if new:
            since = now
        if what in self._given_up or now - since >= _PATIENCE:
            self._given_up.add(what)
            return None
        self._waited[what] = since, now
        self._until[route] = now + _PAUSE
        if not new:
            return ""
        source, destination = route
        return (
            f"{what}: moves from {source} to {destination} wait for it, "
            f"{_PATIENCE / 60:g} minutes at most"
        )

    def holds(self, route: Route) -> bool:
        """Whether moves of a route are not to be tried now."""
        return route in self._until

    def look(self, now: float) -> None:
        """End the rests that are over."""
        self._until = {r: at for r, at in self._until.items() if at > now}

    @property
    def next_end(self) -> float:
        """When the next rest is over; infinite where none is."""
        return min(self._until.values(), default=math.inf)
