# SPDX-License-Identifier: Apache-2.0
"""Moves that cannot succeed: who noticed, and what was left behind."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from bench import field as field_
from bench import measure, moves
from bench.peers import peer as peer_
from tests import cloud as cloud_

_GOLD = ("gamma", "delta")


@contextlib.contextmanager
def _no_room(cloud: cloud_.Cloud, backends: tuple[str, ...]) -> Iterator[None]:
    """Fill pools while the request is on its way to Cinder.

    No check beforehand can see that; the scheduler does, after the API has
    said 202.
    """

    def fill(_: object) -> None:
        for backend in backends:
            cloud.fault_switches(backend).set(free_capacity_gb=0)

    with (
        contextlib.ExitStack() as later,
        cloud.fault_proxy.fault(
            service="volume",
            method="POST",
            body_pattern="os-(retype|migrate_volume)",
            call=fill,
        ),
    ):
        for backend in backends:
            later.callback(
                cloud.fault_switches(backend).set, free_capacity_gb=None
            )
        yield


@contextlib.contextmanager
def _copy_fails(
    cloud: cloud_.Cloud, backends: tuple[str, ...]
) -> Iterator[None]:
    """Let nobody connect to new volumes on some backends."""
    for backend in backends:
        cloud.fault_switches(backend).set(connect="fail")
    try:
        yield
    finally:
        for backend in backends:
            cloud.fault_switches(backend).set(connect=None)


@contextlib.contextmanager
def _swap_fails(cloud: cloud_.Cloud) -> Iterator[None]:
    cloud.fault_switches("nova").set(swap="fail-before-pivot")
    try:
        yield
    finally:
        cloud.fault_switches("nova").clear()


@dataclasses.dataclass(frozen=True)
class Injection:
    """Something that goes wrong.

    :param nova: on which of the two clouds
    """

    title: str
    kind: moves.Kind
    nova: str
    context: Callable[[cloud_.Cloud], contextlib.AbstractContextManager[None]]


INJECTIONS = (
    Injection(
        "cold migrate, refused by the scheduler: the pool filled up just then",
        moves.Kind.COLD_MIGRATE,
        "current",
        lambda cloud: _no_room(cloud, ("beta",)),
    ),
    Injection(
        "cold retype, refused by the scheduler: the pools filled up just then",
        moves.Kind.COLD_RETYPE,
        "current",
        lambda cloud: _no_room(cloud, _GOLD),
    ),
    Injection(
        "cold migrate, copy failed: the new volume cannot be connected",
        moves.Kind.COLD_MIGRATE,
        "current",
        lambda cloud: _copy_fails(cloud, ("beta",)),
    ),
    Injection(
        "cold retype, copy failed: the new volume cannot be connected",
        moves.Kind.COLD_RETYPE,
        "current",
        lambda cloud: _copy_fails(cloud, _GOLD),
    ),
    Injection(
        "live move, copy failed: the hypervisor gives up",
        moves.Kind.LIVE,
        "current",
        _swap_fails,
    ),
    Injection(
        "five steps, on a Nova that refuses direct swaps (OSSN-0094)",
        moves.Kind.FIVE_STEPS,
        "current",
        lambda _: contextlib.nullcontext(),
    ),
    Injection(
        "five steps, swap failed: the hypervisor gives up",
        moves.Kind.FIVE_STEPS,
        "swap",
        _swap_fails,
    ),
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a peer made of an injection.

    :ivar left: what it left behind that was not there before
    """

    injection: Injection
    peer: str
    sample: measure.Sample
    left: tuple[str, ...]


def outcome(
    field: field_.Field,
    peer: peer_.Peer,
    injection: Injection,
    limit: float,
) -> Outcome:
    """Let something go wrong for a peer, with a volume of its own."""
    slots = field.fresh(1, injection.kind.attached)
    task = field.task(injection.kind, slots, parallel=1)
    before = field.cloud.inventory()
    with injection.context(field.cloud):
        sample = measure.sample(field, peer, task, slots, limit)
    left = [
        f"a {change.kind.removesuffix('s').replace('_', ' ')}"
        for change in before.difference(field.cloud.inventory())
        if change.before is None
    ]
    return Outcome(injection, peer.name, sample, tuple(left))
