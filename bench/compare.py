# SPDX-License-Identifier: Apache-2.0
"""All peers, side by side: who moves what, when, and how often."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence

from bench import field as field_
from bench import floor, injections, measure, moves, peers, start
from bench.peers import peer as peer_
from tests import cloud as cloud_

#: Kinds of moves, by the Nova that they need.
_KINDS = {
    "current": (
        moves.Kind.COLD_MIGRATE,
        moves.Kind.COLD_RETYPE,
        moves.Kind.LIVE,
    ),
    "swap": (moves.Kind.FIVE_STEPS,),
}


#: Seconds.
_SLOWER = 15.0
#: How many volumes are moved so slowly. Many, too, of the kinds of which many
#: with nothing to copy say more of the requests than of the moves.
_SLOWLY = {
    moves.Kind.COLD_MIGRATE: (1,),
    moves.Kind.COLD_RETYPE: (1,),
    moves.Kind.LIVE: (1, 20),
    moves.Kind.FIVE_STEPS: (1, 20),
}


@dataclasses.dataclass(frozen=True)
class Options:
    """What is measured.

    :param title: of the report
    :param sizes: number of volumes -> how often it is measured
    :param patience: another peer that is reckoned to need more seconds than
        these for many volumes, from what it needed for one, is not run
    :param kinds: what is measured in all sizes
    :param limit: seconds for a move that cannot succeed
    :param long: whether moves are measured that take half a minute
    :param inject: whether moves are tried that cannot succeed
    :param own: variables that only our command needs
    """

    title: str
    sizes: Mapping[int, int]
    kinds: frozenset[moves.Kind]
    parallel: int
    patience: float
    limit: float
    long: bool
    inject: bool
    own: Mapping[str, str]


@dataclasses.dataclass
class Comparison:
    """The samples of one kind of move for one number of volumes.

    :param slower: seconds that the backends took more for each step of a
        copy that has to do with the new volume
    :ivar reckoned: seconds for peers that were not run
    :ivar unfinished: whether the services alone did not end a move either
    """

    kind: moves.Kind
    size: int
    slower: float = 0.0
    floors: list[floor.Floor] = dataclasses.field(default_factory=list)
    samples: dict[str, list[measure.Sample]] = dataclasses.field(
        default_factory=dict
    )
    reckoned: dict[str, float] = dataclasses.field(default_factory=dict)
    unfinished: bool = False

    @property
    def floor(self) -> float:
        return statistics.median(one.seconds for one in self.floors)

    def spread(self, peer: str) -> tuple[float, float, float] | None:
        """The least, the median and the most seconds of a peer's runs."""
        seconds = [sample.seconds for sample in self.samples.get(peer, [])]
        return spread(seconds) if seconds else None

    def median(
        self, peer: str, of: Callable[[measure.Sample], float | None]
    ) -> float | None:
        """A median over those samples of a peer that have the value."""
        values = [of(sample) for sample in self.samples.get(peer, [])]
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """The least, the median and the most."""
    return min(values), statistics.median(values), max(values)


@dataclasses.dataclass
class Results:
    """All that was found out."""

    options: Options
    peers: Sequence[peer_.Peer]
    comparisons: list[Comparison] = dataclasses.field(default_factory=list)
    starts: list[start.Start] = dataclasses.field(default_factory=list)
    outcomes: list[injections.Outcome] = dataclasses.field(
        default_factory=list
    )
    seconds: float = 0.0

    def find(self, kind: moves.Kind, size: int) -> Comparison | None:
        """What was measured with backends as quick as they are."""
        for one in self.comparisons:
            if (one.kind, one.size, one.slower) == (kind, size, 0.0):
                return one
        return None


def compare(options: Options) -> Iterator[Results]:
    """Measure; give the results so far after each part."""
    results = Results(options, peers.everyone(options.own))
    for nova, kinds in _KINDS.items():
        if not (options.long or options.inject or options.kinds & {*kinds}):
            continue
        _say(f"starting a cloud, nova={nova}")
        with (
            tempfile.TemporaryDirectory() as directory,
            cloud_.Cloud(pathlib.Path(directory, "c"), nova=nova) as cloud,
        ):
            field = field_.Field(cloud)
            field.prepare()
            yield from _on_one_cloud(results, field, nova, kinds)


def _on_one_cloud(
    results: Results,
    field: field_.Field,
    nova: str,
    kinds: Sequence[moves.Kind],
) -> Iterator[Results]:
    options = results.options
    if nova == "current":
        _starts(results, field)
    for kind in kinds:
        for size, repeats in options.sizes.items():
            if kind in options.kinds:
                comparison = Comparison(kind, size)
                results.comparisons.append(comparison)
                _measure(results, comparison, field, repeats)
                yield results
        # As long as real ones: what clients add weighs little there.
        for size in _SLOWLY[kind] if options.long else ():
            comparison = Comparison(kind, size, _SLOWER)
            results.comparisons.append(comparison)
            field.put_back(field.slots(size, kind.attached))
            with field.slowed(_SLOWER):
                _measure(results, comparison, field, 1)
            yield results
    if options.inject:
        for injection in injections.INJECTIONS:
            if injection.nova == nova:
                _inject(results, field, injection)
                yield results


def _starts(results: Results, field: field_.Field) -> None:
    _say("start of commands")
    (slot,) = field.slots(1, attached=False)
    results.starts = start.starts(
        field.cloud,
        slot.volume_id,
        results.options.own,
        rounds=3 * max(results.options.sizes.values()),
    )


def _measure(
    results: Results, comparison: Comparison, field: field_.Field, repeats: int
) -> None:
    kind, size = comparison.kind, comparison.size
    _say(f"making {size} volumes for: {kind.value}")
    for number in range(repeats):
        slots = field.slots(size, kind.attached)
        task = field.task(kind, slots, results.options.parallel)
        try:
            alone = floor.measure(field, task, slots)
        except floor.UnfinishedError:
            # Nobody can be compared where the services fail by themselves.
            _say(f"{kind.value}, {size}: the services did not finish a move")
            comparison.unfinished = True
            return
        comparison.floors.append(alone)
        _say(
            f"{kind.value}, {size}, round {number + 1}: "
            f"the services alone {alone.seconds:.1f} s, "
            f"{sum(alone.moved)} of {size} moved"
        )
        for peer in results.peers:
            if kind in peer.kinds and _has_time(results, comparison, peer):
                _one(results, comparison, field, peer)


def _has_time(
    results: Results, comparison: Comparison, peer: peer_.Peer
) -> bool:
    """Whether a peer is run for many (else it is reckoned), or for long."""
    ours = peer.name.startswith("ours")
    if comparison.slower and comparison.size > 1:
        # The command moves one volume a call by the five steps.
        by_library = comparison.kind is moves.Kind.FIVE_STEPS
        return ours and (peer.name == "ours, as a library") == by_library
    if ours or comparison.slower:
        return ours
    single = results.find(comparison.kind, 1)
    alone = single and single.median(peer.name, lambda one: one.seconds)
    if comparison.size == 1 or not alone:
        return True
    rounds = math.ceil(comparison.size / results.options.parallel)
    if alone * rounds <= results.options.patience:
        return True
    comparison.reckoned[peer.name] = alone * rounds
    return False


def _one(
    results: Results,
    comparison: Comparison,
    field: field_.Field,
    peer: peer_.Peer,
) -> None:
    kind = comparison.kind
    slots = field.slots(comparison.size, kind.attached)
    task = field.task(
        kind, slots, results.options.parallel, kind in peer.only_from_home
    )
    sample = measure.sample(
        field, peer, task, slots, limit=600.0 + 60.0 * comparison.size
    )
    comparison.samples.setdefault(peer.name, []).append(sample)
    _say(
        f"  {peer.name}: {sample.seconds:.1f} s, "
        f"{sum(sample.moved)} of {comparison.size} moved, "
        f"{sample.true} told truly"
    )
    if not sample.complete:
        _say(f"  {peer.name} said: {sample.said}")


def _inject(
    results: Results, field: field_.Field, injection: injections.Injection
) -> None:
    _say(injection.title)
    for peer in results.peers:
        if injection.kind in peer.kinds:
            outcome = injections.outcome(
                field, peer, injection, results.options.limit
            )
            results.outcomes.append(outcome)
            _say(f"  {peer.name}: {outcome.sample.said[0]}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
