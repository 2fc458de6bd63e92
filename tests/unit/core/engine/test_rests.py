# SPDX-License-Identifier: Apache-2.0

"""Moves that wait for a service which is counted down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.rests import Rests
from volmigrateclient.core.model import check, errors

_ROUTE = ("c1@gold#p", "c1@silver#p")
_DOWN = "cinder-volume of c1@gold is down"
_DONE = ("done", "")


def _refusal(detail: str = _DOWN) -> errors.RefusedError:
    return errors.RefusedError(
        [model.Check.unreachable("Source", check.SERVICE, detail, "")]
    )


@pytest.mark.parametrize(
    ("missed_at", "told"),
    [
        pytest.param((0, 15, 30), "told,,", id="said once"),
        pytest.param((0, 15, 600), "told,,told", id="it was back meanwhile"),
        pytest.param(
            (*range(0, 600, 50), 600, 660, 9999),
            "told" + "," * 12 + "over,over,over",
            id="given up for good",
        ),
    ],
)
def test_how_long_a_service_is_waited_for(
    missed_at: tuple[int, ...], told: str
) -> None:
    rests = Rests()
    said = [rests.begin(_ROUTE, _refusal(), at) for at in missed_at]

    assert [
        "over" if one is None else one and "told" for one in said
    ] == told.split(",")
    assert said[0] == (
        f"{_DOWN}: moves from c1@gold#p to c1@silver#p wait for it, 10 "
        "minutes at most"
    )


def test_a_route_rests_and_no_other() -> None:
    rests = Rests()
    rests.begin(_ROUTE, _refusal(), 100.0)

    assert rests.holds(_ROUTE)
    assert not rests.holds(("c1@gold#p", "c2@silver#p"))
    assert rests.next_end == 115
    rests.look(115.0)
    assert not rests.holds(_ROUTE)


def test_what_does_not_pass_is_not_waited_for() -> None:
    lasting = model.Check.blocked("Volume", check.COLD_STATE, "has snapshots")
    refused = errors.RefusedError([*_refusal().blockers, lasting])

    assert Rests().begin(_ROUTE, refused, 0.0) is None


def _needs_service(bench: running.Bench, up_at: float) -> Any:
    """A path that is refused as long as a service is down."""

    def steps(move: paths.Move) -> paths.Steps:
        if bench.clock.time < up_at:
            raise _refusal()
        return (yield from running.waits(1)(move))

    return steps


def _jobs(
    up_at: float, unattended: bool = True
) -> tuple[running.Bench, list[Job]]:
    """Two moves that need it, and one from elsewhere that does not."""
    volumes = [
        builders.volume(id="v0"),
        builders.volume(id="v1"),
        builders.volume(id="v2", host="c9@other#p"),
    ]
    bench = running.Bench(*volumes, parallel=1)
    steps = [_needs_service(bench, up_at)] * 2 + [running.waits(1)]
    return bench, [
        Job(
            builders.request(
                builders.migrate(resource_id=volume.id), unattended=unattended
            ),
            volume=volume,
            steps=one,
        )
        for volume, one in zip(volumes, steps, strict=True)
    ]


def test_others_go_on_while_a_service_is_down() -> None:
    bench, jobs = _jobs(up_at=100)

    assert bench.run(*jobs) == [_DONE] * 3

    assert bench.log.of("ended") == ["v2", "v0", "v1"]
    assert bench.log.at("ended")[0] < 15
    assert 100 <= bench.log.at("ended")[1] < 120
    (told,) = bench.log.of("note")
    assert told.startswith(f"{_DOWN}: moves from ")
    assert {"service": 2} in bench.log.of("waiting")


def test_a_service_that_stays_away_blocks_its_moves() -> None:
    bench, jobs = _jobs(up_at=10**6)

    outcomes = [outcome for outcome, _ in bench.run(*jobs)]

    assert outcomes == ["blocked", "blocked", "done"]
    assert bench.clock.time == pytest.approx(600, abs=20)


def test_an_interruption_ends_that_wait() -> None:
    bench, jobs = _jobs(up_at=10**6)
    bench.clock.at(50.0, lambda: bench.engine.refuse("interrupted"))

    outcomes = [outcome for outcome, _ in bench.run(*jobs)]

    assert outcomes == ["not started", "not started", "done"]
    assert bench.clock.time < 51


def test_who_watches_one_move_is_told_at_once() -> None:
    bench, jobs = _jobs(up_at=100, unattended=False)

    outcomes = [outcome for outcome, _ in bench.run(*jobs)]

    assert outcomes == ["blocked", "blocked", "done"]
    assert bench.clock.time < 15
