# SPDX-License-Identifier: Apache-2.0

"""How long moves take, learnt from those that ended; when to look again."""

from __future__ import annotations

#: Seconds between two looks.
_SHORTEST, _LONGEST = 0.25, 10.0
#: Where what is waited for may be a moment away.
_LEAST = 0.1
#: An interval as a share of the age of what is waited for, or of what is
#: typical: the ends of short ones are noticed at once, long ones cost little.
_SHARE = 0.05
#: Where it may be a moment away: as a share of the whole move's age, because
#: it is the move that ends late; and, since a wait that has just begun may
#: end soon, of its own age. Together they cost as many looks as the share
#: above, and notice an end within 3 % of the move's age, by half of that on
#: average.
_SHARE_OF_MOVE, _SHARE_OF_WAIT = 0.03, 0.1
#: How much each move changes what is typical: some ten of them count.
_WEIGHT = 0.1


class Durations:
    """Learns from moves; Cinder and Nova themselves tell no progress."""

    def __init__(self) -> None:
        self.moves = 0
        self._typical_seconds = 0.0
        self._typical_size = 0.0

    def note(self, size: int, seconds: float) -> None:
        """A move of so many GiB took so long."""
        self.moves += 1
        weight = max(_WEIGHT, 1 / self.moves)
        self._typical_seconds += weight * (seconds - self._typical_seconds)
        self._typical_size += weight * (max(size, 1) - self._typical_size)

    @property
    def recent(self) -> float:
        """How long moves took lately; 0 is unknown."""
        return self._typical_seconds

    def typical(self, size: int) -> float:
        """How long a move of so many GiB takes these days; 0 is unknown."""
        if not self.moves:
            return 0.0
        return self._typical_seconds * max(size, 1) / self._typical_size

    @property
    def basis(self) -> str:
        """What the estimate rests on, for people."""
        if not self.moves:
            return "an assumption: no move has ended yet"
        return f"{self.moves} move{'s' if self.moves > 1 else ''} so far"


def poll_interval(
    age: float,
    typical: float = 0.0,
    poll_fast: bool = False,
    move_age: float | None = None,
) -> float:
    """Seconds until the next look at what is waited for since ``age``.

    :param typical: seconds that such a move takes these days; 0 is unknown
    :param poll_fast: as in :class:`.paths.Wait`
    :param move_age: seconds since the move was started; None is ``age``
    """
    if not poll_fast:
        return _bounded(_SHORTEST, _SHARE * max(age, typical))
    elapsed = age if move_age is None else move_age
    if elapsed - age > typical / 2:
        # What begins late in a move is its end, and not as long as the move.
        typical = 0.0
    return _bounded(
        min(_SHORTEST, max(_LEAST, typical / 4)),
        max(
            _SHARE * typical,
            min(_SHARE_OF_MOVE * elapsed, _SHARE_OF_WAIT * age),
        ),
    )


def _bounded(shortest: float, interval: float) -> float:
    return min(_LONGEST, max(shortest, interval))
