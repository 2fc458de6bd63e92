# SPDX-License-Identifier: Apache-2.0

"""Driving a path by hand: what it waits for, and what it is sent."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model, paths

_T = TypeVar("_T")

#: A second, and the volumes that are seen then.
Seen = tuple[float, Sequence[model.Volume]]


class StillWaitsError(AssertionError):
    """The readings came to an end before the path did."""


def drive(
    steps: Generator[paths.Wait, paths.Reading, _T], *readings: Seen
) -> tuple[_T, list[str]]:
    """What the path returns, and the phases that it went through."""
    left = list(readings)
    phases = []
    try:
        wait = next(steps)
        while True:
            phases.append(wait.phase)
            if not left:
                raise StillWaitsError(phases)
            at, volumes = left.pop(0)
            seen = {v.id: v for v in volumes if v.id in wait.volumes}
            wait = steps.send(paths.Reading(seen, at))
    except StopIteration as stop:
        assert not left, f"it did not wait for {left}"
        return stop.value, phases


def move(
    cloud: scripted_cloud.ScriptedCloud,
    action: model.Action,
    *,
    survey: Any = None,
    **options: Any,
) -> paths.Move:
    """A move whose volume was looked at, and nothing spoke against it."""
    found = paths.Move(cloud.core, builders.request(action, **options))
    found.survey = builders.resolved(action, survey)
    return found


def timeline(*volumes: model.Volume) -> list[Seen]:
    """A reading of one volume each second."""
    return [(float(at), [seen]) for at, seen in enumerate(volumes)]
