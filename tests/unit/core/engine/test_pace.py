# SPDX-License-Identifier: Apache-2.0

"""How long moves take, learnt from those that ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.pace import Expected, Pace, Sample, samples

_ROUTE = (builders.POOL, builders.SPARE)


def _job(size: int, **seen: Any) -> Job:
    return Job(
        builders.request(builders.migrate()),
        volume=builders.volume(size=size, **seen),
    )


def _sample(
    size: int,
    seconds: float,
    moving: float | None = None,
    path: str = "migrate",
    route: tuple[str | None, str] = _ROUTE,
) -> Sample:
    return Sample(
        path, *route, size, seconds, seconds if moving is None else moving
    )


@pytest.mark.parametrize(
    ("learnt", "size", "expected", "at_most"),
    [
        # Nothing is known: what is assumed.
        ([], 10, 130, 130),
        ([(10, 20)], 10, 20, 20),
        # One size only: all of it is the size's.
        ([(10, 20)], 1, 2, 20),
        ([(10, 20), (10, 40)], 20, 60, 80),
        # 5 s for each, and 2 s for each GiB.
        ([(10, 25), (20, 45), (5, 15)], 100, 205, 300),
        ([(10, 25), (20, 45), (5, 15)], 1, 7, 85 / 3),
        # Small ones took longer: then the size says nothing.
        ([(1, 30), (10, 10)], 100, 20, 3000),
        # No move costs less than nothing.
        ([(10, 10), (20, 40)], 1, 50 / 30, 25),
        # A volume of less than a GiB is one of a GiB.
        ([(0, 5)], 0, 5, 5),
    ],
)
def test_one_route(
    learnt: list[tuple[int, float]],
    size: int,
    expected: float,
    at_most: float,
) -> None:
    pace = Pace(_sample(*one) for one in learnt)

    assert pace.expected(_job(size)).seconds == pytest.approx(expected)
    assert pace.at_most(_job(size)) == pytest.approx(at_most)


def test_what_the_caps_count_is_told_apart_from_deleting() -> None:
    pace = Pace([_sample(10, 20, 15)])

    assert pace.expected(_job(20)) == Expected(40, 30)


_ELSEWHERE = (builders.OTHER, builders.SPARE)
_AWAY = (builders.POOL, builders.OTHER)


@pytest.mark.parametrize(
    ("learnt", "expected"),
    [
        # Three of its own route say more than hundreds of others.
        ([(_ROUTE, "migrate", 3, 10), (_AWAY, "migrate", 300, 99)], 10),
        # Two do not; then those to that pool count, from wherever.
        (
            [
                (_ROUTE, "migrate", 2, 10),
                (_ELSEWHERE, "migrate", 2, 30),
                (_AWAY, "migrate", 300, 99),
            ],
            20,
        ),
        # Then those of that path, then all.
        ([(_AWAY, "migrate", 3, 30), (_ROUTE, "retype", 300, 99)], 30),
        ([(_AWAY, "retype", 1, 30)], 30),
    ],
)
def test_the_closest_that_enough_is_known_of(
    learnt: list[tuple[tuple[str, str], str, int, float]], expected: float
) -> None:
    pace = Pace(
        _sample(10, seconds, path=path, route=route)
        for route, path, number, seconds in learnt
        for _ in range(number)
    )

    assert pace.expected(_job(10)).seconds == pytest.approx(expected)


def test_it_says_what_it_rests_on() -> None:
    pace = Pace()
    assert pace.basis == (
        "an assumption: 30 s for each move and 10 s for each GiB"
    )
    pace = Pace([_sample(1, 1)] * 2)
    assert pace.basis == "2 moves of earlier reports"
    pace.note(_sample(1, 1))
    assert pace.basis == "2 moves of earlier reports and 1 move so far"
    assert not Pace().knows_route(_job(1))
    assert pace.knows_route(_job(1))


def test_a_copy_learns_alone() -> None:
    pace = Pace([_sample(1, 1)])
    pace.copy().note(_sample(1, 99))

    assert pace.moves == 1


_ROW = {
    "result": "done",
    "path": "migrate",
    "size": 3,
    "seconds": 7.5,
    "seconds_moving": 6,
    "source_node": builders.POOL,
    "destination_node": builders.SPARE,
    "source_type": "gold",
    "destination_type": "gold",
}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, [_sample(3, 7.5, 6)]),
        # A retype's pool is Cinder's choice.
        (
            {"path": "retype", "destination_type": "silver"},
            [_sample(3, 7.5, 6, "retype", (builders.POOL, "type silver"))],
        ),
        (
            {"path": "swap via cinder"},
            [_sample(3, 7.5, 6, "swap via cinder")],
        ),
        ({"source_node": None}, [_sample(3, 7.5, 6, route=(None, _ROUTE[1]))]),
        ({"result": "failed"}, []),
        ({"path": "teleport"}, []),
        ({"size": "3"}, []),
        ({"size": True}, []),
        ({"seconds": float("nan")}, []),
        ({"seconds": -1}, []),
        ({"seconds": None}, []),
    ],
)
def test_what_a_report_tells(
    change: dict[str, Any], found: list[Sample]
) -> None:
    assert samples([_ROW | change]) == found


def test_a_report_of_the_first_release_is_understood() -> None:
    row = {k: v for k, v in _ROW.items() if k != "seconds_moving"}

    assert samples([row, "no row", None]) == [_sample(3, 7.5)]
