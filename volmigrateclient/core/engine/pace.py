# SPDX-License-Identifier: Apache-2.0

"""How long moves take on their routes, learnt from those that ended.

Neither Cinder nor Nova tell of progress, so this is all there is: moves that
took so long, now or in an earlier report. Everything is an estimate.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import typing
from collections.abc import Iterable, Iterator

from volmigrateclient.core import model
from volmigrateclient.core.engine.job import Job

#: Before any move ended: seconds for any move, and more for each GiB.
ASSUMED, ASSUMED_PER_GIB = 30.0, 10.0
#: So few moves of a route say less of it than many others' do.
_ENOUGH = 3


@dataclasses.dataclass(frozen=True)
class Sample:
    """A move that was done.

    :param path: how, in the words of :class:`.model.Path`
    :param source: the pool that it left; None where that is not known
    :param destination: the pool that it went to, or ``type NAME``
    :param size: GiB
    :param seconds: from its start until nothing of it was left
    :param moving: how many of these until the volume was where it was to go:
        after that the caps counted it no longer
    """

    path: str
    source: str | None
    destination: str
    size: int
    seconds: float
    moving: float

    @classmethod
    def of(cls, job: Job, seconds: float, moving: float) -> Sample:
        """A job of ours that was done, or may be."""
        source, destination = job.route
        return cls(
            job.request.path.value,
            source,
            destination,
            job.size,
            seconds,
            moving,
        )


@dataclasses.dataclass(frozen=True)
class Expected:
    """How long a move is expected to take; both are seconds."""

    seconds: float
    #: Until the caps count it no longer.
    moving: float


class _Line:
    """Seconds as a straight line over GiB, through what was seen.

    A move costs something however small it is (requests, a poll, an attach),
    and something for each GiB. Where all were of one size these cannot be
    told apart: all of it is then taken for the size's.
    """

    def __init__(self) -> None:
        self.moves = 0
        self._size = self._square = 0.0
        self._seconds = self._product = self._moving = 0.0
        self.slowest_per_gib = 0.0

    def note(self, sample: Sample) -> None:
        """A move more."""
        size = max(sample.size, 1)
        self.moves += 1
        self._size += size
        self._square += size * size
        self._seconds += sample.seconds
        self._product += size * sample.seconds
        self._moving += min(sample.moving, sample.seconds)
        self.slowest_per_gib = max(self.slowest_per_gib, sample.seconds / size)

    @property
    def mean(self) -> float:
        """Seconds, whatever the size."""
        return self._seconds / self.moves

    def seconds(self, size: int) -> float:
        """What a move of so many GiB takes by this."""
        fixed, slope = self._fitted()
        return fixed + slope * max(size, 1)

    @property
    def share(self) -> float:
        """How much of its time a move counts for the caps."""
        return self._moving / self._seconds if self._seconds else 1.0

    def _fitted(self) -> tuple[float, float]:
        spread = self.moves * self._square - self._size**2
        if spread <= 0:
            return 0.0, self._seconds / self._size
        slope = (
            self.moves * self._product - self._size * self._seconds
        ) / spread
        fixed = (self._seconds - slope * self._size) / self.moves
        # Neither is less than nothing, whatever a few samples look like.
        if slope < 0:
            return self.mean, 0.0
        if fixed < 0:
            return 0.0, self._seconds / self._size
        return fixed, slope


class Pace:
    """Learns from moves, each route for itself as far as it can.

    A route of which little is known is taken to be like all with that
    destination, then like all of that path, then like all there are.

    :param earlier: moves of earlier runs, from their reports
    """

    def __init__(self, earlier: Iterable[Sample] = ()) -> None:
        self._lines: dict[tuple[str, ...], _Line] = collections.defaultdict(
            _Line
        )
        #: What is closest to moves of a route; until more is learnt.
        self._closest: dict[tuple[str, ...], _Line | None] = {}
        self.earlier = 0
        for sample in earlier:
            self.note(sample)
            self.earlier += 1

    def copy(self) -> Pace:
        """The same, to be changed apart from this."""
        return copy.deepcopy(self)

    @property
    def moves(self) -> int:
        """Of how many moves it knows."""
        return self._lines[()].moves

    def note(self, sample: Sample) -> None:
        """A move was done."""
        self._closest.clear()
        for group in _groups(sample):
            self._lines[group].note(sample)

    def expected(self, job: Job) -> Expected:
        """How long a job is likely to take."""
        line = self._line(job)
        if line is None:
            seconds = ASSUMED + ASSUMED_PER_GIB * job.size
            return Expected(seconds, seconds)
        seconds = line.seconds(job.size)
        return Expected(seconds, seconds * line.share)

    def at_most(self, job: Job) -> float:
        """How long a job takes at most, by all that is known.

        As slow for each GiB as the slowest of its like so far: it is for
        what has to be over by a certain time.
        """
        line = self._line(job)
        if line is None:
            return ASSUMED + ASSUMED_PER_GIB * job.size
        return max(line.mean, line.slowest_per_gib * job.size)

    def knows_route(self, job: Job) -> bool:
        """Whether what is expected of a job rests on its own route."""
        group = next(_groups(Sample.of(job, 0.0, 0.0)))
        return group in self._lines and self._lines[group].moves >= _ENOUGH

    def _line(self, job: Job) -> _Line | None:
        """The closest that enough is known of; None without any move."""
        source, destination = job.route
        key = job.request.path.value, source or "", destination
        if key not in self._closest:
            self._closest[key] = self._find(Sample.of(job, 0.0, 0.0))
        return self._closest[key]

    def _find(self, sample: Sample) -> _Line | None:
        best: _Line | None = None
        for group in _groups(sample):
            line = self._lines.get(group)
            if line is None or not line.moves:
                continue
            if line.moves >= _ENOUGH:
                return line
            best = line
        return best

    @property
    def basis(self) -> str:
        """What the estimates rest on, for people."""
        if not self.moves:
            return (
                f"an assumption: {ASSUMED:.0f} s for each move and "
                f"{ASSUMED_PER_GIB:.0f} s for each GiB"
            )
        recent = self.moves - self.earlier
        told = [
            _counted(number, words)
            for number, words in (
                (self.earlier, "of earlier reports"),
                (recent, "so far"),
            )
            if number
        ]
        return " and ".join(told)


def _counted(number: int, words: str) -> str:
    return f"{number} move{'s' if number > 1 else ''} {words}"


def _groups(sample: Sample) -> Iterator[tuple[str, ...]]:
    """What a move is alike, the closest first."""
    yield sample.path, sample.source or "", sample.destination
    yield sample.path, sample.destination
    yield (sample.path,)
    yield ()


def samples(rows: Iterable[object]) -> list[Sample]:
    """The moves that reports tell of; what is none of these is left out.

    :param rows: what was read from a report's JSON
    """
    return [s for row in rows if (s := _sample(row)) is not None]


def _sample(row: object) -> Sample | None:
    if not isinstance(row, dict) or row.get("result") != "done":
        return None
    size, seconds = row.get("size"), row.get("seconds")
    moving = row.get("seconds_moving", seconds)
    path = row.get("path")
    if not (
        _is_number(size)
        and _is_number(seconds)
        and _is_number(moving)
        and path in {one.value for one in model.Path}
    ):
        return None
    source = row.get("source_node")
    return Sample(
        str(path),
        source if isinstance(source, str) else None,
        _destination(row, str(path)),
        int(size),
        float(seconds),
        float(moving),
    )


def _destination(row: dict[str, object], path: str) -> str:
    """As :attr:`.job.Job.route` says it: a report has no action.

    Where the type has changed, the pool was Cinder's choice.
    """
    node, wanted = row.get("destination_node"), row.get("destination_type")
    retyped = row.get("source_type") != wanted
    if (retyped and path != model.Path.MIGRATE.value) or not node:
        return f"type {wanted}"
    return str(node)


def _is_number(value: object) -> typing.TypeGuard[float]:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value < 10**9
    )
