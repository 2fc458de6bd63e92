# SPDX-License-Identifier: Apache-2.0

"""How long a plan will take."""

from __future__ import annotations

import datetime
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core import paths
from volmigrateclient.core.engine import servers
from volmigrateclient.core.engine.admission import Limits
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.pace import Pace, Sample
from volmigrateclient.core.engine.window import Period, Window
from volmigrateclient.core.planning.forecast import Forecast, forecast

_NOON = running.NOON
_ATTACHED = {"attachments": (builders.ATTACHMENT,), "status": "in-use"}


def _job(number: int, **seen: Any) -> Job:
    volume = builders.volume(id=f"v{number}", **seen)
    return Job(
        builders.request(builders.migrate(resource_id=volume.id)),
        volume=volume,
    )


def _jobs(count: int, **seen: Any) -> list[Job]:
    return [_job(number, **seen) for number in range(count)]


def _pace(seconds: float = 100.0, moving: float | None = None) -> Pace:
    """Moves of 10 GiB that took so long."""
    return Pace(
        [
            Sample(
                "migrate",
                builders.POOL,
                builders.SPARE,
                10,
                seconds,
                seconds if moving is None else moving,
            )
        ]
        * 3
    )


def _forecast(
    jobs: list[Job],
    pace: Pace | None = None,
    window: Window | None = None,
    **limits: Any,
) -> Forecast:
    return forecast(jobs, Limits(**limits), pace or _pace(), window, _NOON)


def _starts(found: Forecast) -> list[float | None]:
    return [one.starts for one in found.moves.values()]


@pytest.mark.parametrize(
    ("jobs", "limits", "starts", "seconds"),
    [
        ([], {}, [], 0),
        ([{}] * 3, {}, [0, 100, 200], 300),
        ([{}] * 3, {"parallel": 2}, [0, 0, 100], 200),
        ([{"size": 1}, {}, {}], {"parallel": 2}, [0, 0, 10], 110),
        # A cap of the source; the others pass by.
        (
            [{}, {}, {"host": builders.OTHER}],
            {"parallel": 9, "per_source": 1},
            [0, 100, 0],
            200,
        ),
        # Never two of one server at once.
        ([_ATTACHED] * 2, {"parallel": 9}, [0, 100], 200),
        # What moves already comes first.
        (
            [{}, {"migration_status": "migrating"}],
            {"parallel": 1},
            [100, 0],
            200,
        ),
    ],
)
def test_moves_are_played_through(
    jobs: list[dict[str, Any]],
    limits: dict[str, Any],
    starts: list[float],
    seconds: float,
) -> None:
    made = [_job(number, **seen) for number, seen in enumerate(jobs)]

    found = _forecast(made, **limits)

    by_volume = {v: one.starts for v, one in found.moves.items()}
    assert [by_volume[job.volume_id] for job in made] == starts
    assert found.seconds == seconds


def test_what_moves_in_earnest_does_not_hold_it_up() -> None:
    """``apply`` makes a forecast while it moves volumes of that server."""
    moving, job = _job(1, **_ATTACHED), _job(2, **_ATTACHED)
    servers.OF_THIS_PROCESS.take(moving)
    try:
        found = _forecast([job])
        assert builders.SERVER_ID in servers.OF_THIS_PROCESS
    finally:
        servers.OF_THIS_PROCESS.release(moving)

    assert _starts(found) == [0]


def test_deleting_an_old_copy_keeps_no_other_waiting() -> None:
    jobs = [_job(0), _job(1, size=20), _job(2)]

    found = _forecast(jobs, _pace(100, 60), parallel=2)

    assert _starts(found) == [0, 0, 60]
    assert found.seconds == 200


def test_in_words() -> None:
    found = _forecast(_jobs(40), parallel=4)

    assert found.sentences == [
        (
            "estimate: 40 moves, 400 GiB, take about 17 min, until 12:16 (4 "
            "at once; from 3 moves of earlier reports)"
        )
    ]
    assert found.left_out == {}


def test_an_assumption_is_called_one() -> None:
    (text,) = _forecast(_jobs(1), Pace()).sentences

    assert text == (
        "estimate: 1 move, 10 GiB, take about 2 min, until 12:02 (1 at once; "
        "from an assumption: 30 s for each move and 10 s for each GiB)"
    )


def test_of_routes_that_are_not_known_it_says_so() -> None:
    elsewhere = _job(1, host=builders.OTHER)

    assert (
        "reports, few or none of them on the routes of 1 of 2)"
        in (_forecast([_job(0), elsewhere]).sentences[0])
    )
    assert "on the routes of all)" in _forecast([elsewhere]).sentences[0]


def test_what_does_not_fit_before_the_end() -> None:
    until = Window(until=_NOON + datetime.timedelta(seconds=450))

    found = _forecast(_jobs(12), window=until, parallel=2)

    assert found.sentences == [
        (
            "estimate: 8 moves, 80 GiB, take about 7 min, until 12:06 (2 at "
            "once; from 3 moves of earlier reports)"
        ),
        "estimate: does not fit before 12:07: 4 of 12 volumes",
    ]
    assert found.moves["v11"].starts is None
    assert found.moves["v11"].reason == "not expected to end by 12:07"


def test_over_nights() -> None:
    window = Window([Period.parse("12:00-12:05"), Period.parse("22:00-24:00")])

    found = _forecast(_jobs(5), window=window)

    evening = 10 * 3600.0
    assert _starts(found) == [0, 100, 200, evening, evening + 100]
    assert found.seconds == evening + 200
    assert "until 22:03" in found.sentences[0]


def test_a_window_opens_while_others_move() -> None:
    window = Window([Period.parse("12:30-20:00")])
    jobs = [_job(0), _job(1, size=350, migration_status="migrating")]

    found = _forecast(jobs, window=window, parallel=2)

    assert found.moves["v1"].starts == 0
    assert found.moves["v0"].starts == 1800


def test_what_fits_into_no_window() -> None:
    window = Window([Period.parse("22:00-23:00")])
    jobs = [_job(0, size=361), _job(1, size=999), _job(2)]

    found = _forecast(jobs, window=window)

    assert found.sentences[1:] == [
        "estimate: does not fit into any window: 2 of 3 volumes"
    ]


@pytest.mark.parametrize(
    ("took", "says"),
    [
        (
            200.0,
            (
                "took 3 min; the estimate was 5 min (from 3 moves of earlier "
                "reports): 50 % too long"
            ),
        ),
        (
            400.0,
            (
                "took 7 min; the estimate was 5 min (from 3 moves of earlier "
                "reports): 25 % too short"
            ),
        ),
        (
            30.0,
            (
                "took 30 s; the estimate was 5 min (from 3 moves of earlier "
                "reports): 10 times as long"
            ),
        ),
        (
            0.0,
            (
                "took 0 s; the estimate was 5 min (from 3 moves of earlier "
                "reports)"
            ),
        ),
    ],
)
def test_how_good_it_was(took: float, says: str) -> None:
    assert _forecast(_jobs(3)).hindsight(took) == says


_SIZES = strategies.lists(
    strategies.integers(min_value=1, max_value=100), max_size=30
)


@hypothesis.given(sizes=_SIZES, parallel=strategies.integers(1, 5))
@hypothesis.settings(deadline=None, max_examples=50)
def test_every_move_is_played_once_and_within_the_caps(
    sizes: list[int], parallel: int
) -> None:
    jobs = [_job(number, size=size) for number, size in enumerate(sizes)]

    found = _forecast(jobs, parallel=parallel)

    assert set(found.moves) == {job.volume_id for job in jobs}
    spans = [
        (one.starts or 0.0, (one.starts or 0.0) + one.seconds)
        for one in found.moves.values()
    ]
    for begins, _ in spans:
        assert sum(b <= begins < e for b, e in spans) <= parallel
    work = sum(one.seconds for one in found.moves.values())
    longest = max((one.seconds for one in found.moves.values()), default=0)
    # No better than all hands busy, no worse than a list's order may be.
    assert found.seconds >= work / parallel - 1e-6
    assert found.seconds <= work / parallel + longest + 1e-6


def test_an_engine_does_what_was_forecast() -> None:
    volumes = [builders.volume(id=f"v{n}") for n in range(7)]
    jobs = [running.job(running.waits(20), one) for one in volumes]
    one = running.Bench(volumes[0])
    (alone,) = one.engine.run([running.job(running.waits(20), volumes[0])])
    bench = running.Bench(*volumes, parallel=2)

    found = forecast(
        jobs, Limits(parallel=2), _pace(alone.elapsed), None, _NOON
    )

    assert {r.outcome for r in bench.engine.run(jobs)} == {paths.Outcome.DONE}
    assert bench.clock.time == pytest.approx(found.seconds, rel=0.1)
