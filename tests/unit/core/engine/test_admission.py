# SPDX-License-Identifier: Apache-2.0

"""Which jobs may start, and when."""

from __future__ import annotations

import dataclasses
import datetime
import math
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.durations import Durations
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.queue import FRESH, Prefetch, Queue
from volmigrateclient.core.engine.servers import BusyServers
from volmigrateclient.core.engine.window import Period, Window


def _job(number: int = 0, **seen: Any) -> Job:
    volume = builders.volume(id=f"v{number}", **seen)
    return Job(
        builders.request(builders.migrate(resource_id=volume.id)),
        volume=volume,
    )


def _result(outcome: paths.Outcome, **more: Any) -> paths.MoveResult:
    return paths.MoveResult(
        builders.migrate(), model.Path.MIGRATE, outcome, **more
    )


_DONE = _result(paths.Outcome.DONE)
_FAILED = _result(paths.Outcome.FAILED)
_LEFT = _result(paths.Outcome.STILL_RUNNING, under_way=True)


def _admitted(
    jobs: list[Job], **limits: Any
) -> tuple[Admission, Queue, list[int]]:
    """Start all that may; the numbers of those that did."""
    admitted = Admission(Limits(**limits), servers=BusyServers())
    queue = Queue(jobs, admitted)
    started = []
    while taken := queue.take():
        admitted.started(taken[1])
        started.append(taken[0])
    return admitted, queue, started


_ATTACHED = {"attachments": (builders.ATTACHMENT,)}


@pytest.mark.parametrize(
    ("jobs", "limits", "started", "waiting_for"),
    [
        ([{}] * 3, {"parallel": 2}, [0, 1], {"total": 1}),
        ([{}] * 3, {"parallel": 9}, [0, 1, 2], {}),
        (
            [{}, {}, {"host": builders.OTHER}],
            {"parallel": 9, "per_source": 1},
            [0, 2],
            {f"source {builders.POOL}": 1},
        ),
        (
            [{}] * 2,
            {"parallel": 9, "per_destination": 1},
            [0],
            {f"destination {builders.SPARE}": 1},
        ),
        # Two volumes of one server; the third of the route passes by.
        (
            [_ATTACHED, _ATTACHED, {}],
            {"parallel": 9},
            [0, 2],
            {f"server {builders.SERVER_ID}": 1},
        ),
        # What moves already heeds no cap, and the others heed it.
        (
            [{}, {"migration_status": "migrating"}, {"status": "retyping"}],
            {"parallel": 2},
            [1, 2],
            {"total": 1},
        ),
        (
            [{"migration_status": "migrating"}] * 3 + [{}],
            {"parallel": 2},
            [0, 1, 2],
            {"total": 1},
        ),
    ],
)
def test_caps(
    jobs: list[dict[str, Any]],
    limits: dict[str, int],
    started: list[int],
    waiting_for: dict[str, int],
) -> None:
    made = [_job(number, **seen) for number, seen in enumerate(jobs)]

    _, queue, found = _admitted(made, **limits)

    assert found == started
    assert queue.waiting() == waiting_for
    assert len(queue) == len(jobs) - len(started)


def test_the_order_is_kept_across_routes() -> None:
    hosts = [builders.POOL, builders.OTHER, builders.OTHER, builders.POOL]
    jobs = [_job(n, host=host) for n, host in enumerate(hosts)]

    assert _admitted(jobs, parallel=9)[2] == [0, 1, 2, 3]


def test_what_ended_makes_room() -> None:
    jobs = [_job(0), _job(1)]
    admitted, queue, _ = _admitted(jobs)

    admitted.ended(jobs[0], _DONE)

    assert queue.take() == (1, jobs[1])


def test_what_goes_on_in_the_cloud_keeps_its_place() -> None:
    jobs = [_job(0), _job(1)]
    admitted, queue, _ = _admitted(jobs)

    admitted.ended(jobs[0], _LEFT)

    assert queue.take() is None


def test_what_was_left_before_a_request_does_not() -> None:
    jobs = [_job(0), _job(1)]
    admitted, queue, _ = _admitted(jobs)

    admitted.ended(jobs[0], dataclasses.replace(_LEFT, under_way=False))

    assert queue.take() == (1, jobs[1])


def test_deleting_an_old_copy_holds_no_cap() -> None:
    jobs = [_job(n, **_ATTACHED) for n in range(3)]
    admitted, queue, _ = _admitted(jobs, per_source=1)

    for _ in range(2):  # it is said at each look
        admitted.moved(jobs[0])

    # As many old copies as moves, no more.
    assert queue.waiting() == {"old copies": 2}
    admitted.ended(jobs[0], _DONE)
    assert queue.take() == (1, jobs[1])


def test_so_many_failures_end_it_all() -> None:
    admitted = Admission(Limits(failures=2))
    for number in range(2):
        assert admitted.refusal(_job()) is None
        admitted.started(one := _job(number))
        admitted.ended(one, _FAILED)

    assert admitted.refusal(_job()) == "2 moves failed"


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (paths.Outcome.FAILED, True),
        (paths.Outcome.UNDECIDED, True),
        (paths.Outcome.STILL_RUNNING, True),
        (paths.Outcome.BLOCKED, False),
        (paths.Outcome.ALREADY_THERE, False),
        (paths.Outcome.NOT_STARTED, False),
        (paths.Outcome.DONE, False),
    ],
)
def test_what_is_a_failure(outcome: paths.Outcome, counts: bool) -> None:
    admitted = Admission(Limits(failures=1))
    admitted.started(one := _job())

    admitted.ended(one, _result(outcome))

    assert (admitted.refusal(_job()) is not None) is counts


def test_a_lane_with_failures_stops_alone() -> None:
    admitted = Admission(Limits(failures_per_route=1))
    admitted.started(one := _job())

    admitted.ended(one, _FAILED)

    assert admitted.refusal(_job()) == (
        f"1 move from {builders.POOL} to {builders.SPARE} failed"
    )
    assert admitted.refusal(_job(host=builders.OTHER)) is None
    # What moves already is waited for all the same.
    assert admitted.refusal(_job(migration_status="migrating")) is None


def test_nothing_starts_that_will_not_end_in_time() -> None:
    now = datetime.datetime(2026, 1, 1, 5, 58, tzinfo=datetime.timezone.utc)
    end = now + datetime.timedelta(seconds=100)
    admitted = Admission(window=Window(until=end, now=lambda: now))

    # 30 s, and 10 s for each GiB, as long as nothing is known.
    assert admitted.refusal(_job(size=7)) is None
    assert admitted.refusal(_job(size=8)) == "not expected to end by 05:59"


def test_what_does_not_fit_into_this_window_waits_for_the_next() -> None:
    now = datetime.datetime(2026, 1, 5, 23, 58).astimezone()
    admitted = Admission(
        Limits(parallel=9),
        Window([Period.parse("mon-tue 22:00-24:00")], now=lambda: now),
    )
    queue = Queue([_job(0, size=20), _job(1, size=1)], admitted)

    assert queue.take() == (1, _job(1, size=1))
    admitted.started(_job(1, size=1))
    assert queue.take() is None
    assert queue.waiting() == {"window at Tue 22:00": 1}
    assert queue.held
    assert admitted.resumes_in() == 22 * 3600 + 120
    now += datetime.timedelta(hours=22, minutes=3)
    assert queue.take() == (0, _job(0, size=20))


def test_a_pause_holds_everything_that_waits() -> None:
    admitted = Admission(Limits(parallel=2))
    queue = Queue([_job(0), _job(1, migration_status="migrating")], admitted)
    admitted.paused = True

    # What moves already is waited for all the same.
    assert queue.take() is not None
    assert queue.take() is None
    assert queue.waiting() == {"resume": 1}
    assert admitted.resumes_in() == math.inf
    admitted.paused = False
    assert queue.take() == (0, _job(0))


def test_one_is_put_first_across_routes() -> None:
    jobs = [_job(n, host=host) for n, host in enumerate(_HOSTS)]
    admitted = Admission(Limits(parallel=9))
    queue = Queue(jobs, admitted)

    assert queue.put_first("v3")
    assert queue.put_first("v2")
    assert not queue.put_first("v9")

    assert queue.upcoming(2) == ["v2", "v3"]
    order = []
    while taken := queue.take():
        order.append(taken[0])
    assert order == [2, 3, 0, 1]


def test_one_is_taken_out() -> None:
    jobs = [_job(0), _job(1), _job(2, migration_status="migrating")]
    queue = Queue(jobs, Admission(Limits(parallel=9)))

    assert queue.remove("v1") == (1, jobs[1])
    assert queue.remove("v1") is None
    assert queue.remove("v2") is None
    assert [index for index, _ in queue.drain()] == [0, 2]


def test_what_waits_is_read_again() -> None:
    jobs = [_job(n, host=host) for n, host in enumerate(_HOSTS)]
    queue = Queue(jobs, Admission(Limits(parallel=1)))
    queue.put_first("v3")

    queue.refresh({"v1": dataclasses.replace(_moving(), id="v1")})

    assert queue.volume_ids == ["v3", "v0", "v2"]
    # Somebody else moves it by now.
    assert queue.take() == (1, dataclasses.replace(jobs[1], volume=_moving()))
    assert queue.take() == (3, jobs[3])


_HOSTS = (builders.POOL, builders.OTHER, builders.OTHER, builders.POOL)


def _moving() -> model.Volume:
    return builders.volume(id="v1", migration_status="migrating")


@pytest.mark.parametrize(
    ("moves", "size", "typical"),
    [
        ([], 10, 0),
        ([(10, 20)], 10, 20),
        ([(10, 20), (1, 10)], 10, 15 * 10 / 5.5),
        ([(10, 20)], 1, 2),
        ([(0, 5)], 0, 5),
    ],
)
def test_what_is_typical(
    moves: list[tuple[int, float]], size: int, typical: float
) -> None:
    learnt = Durations()
    for moved, seconds in moves:
        learnt.note(moved, seconds)

    assert learnt.typical(size) == pytest.approx(typical)


def test_an_estimate_says_what_it_rests_on() -> None:
    learnt = Durations()
    assert learnt.basis.startswith("an assumption")

    learnt.note(1, 1.0)

    assert learnt.basis == "1 move so far"


def test_old_moves_are_forgotten() -> None:
    learnt = Durations()
    for seconds in [100.0] * 5 + [10.0] * 60:
        learnt.note(1, seconds)

    assert learnt.recent == pytest.approx(10, abs=1)


def test_volumes_of_every_lane_are_read_ahead() -> None:
    jobs = [_job(n) for n in range(5)] + [_job(5, host=builders.OTHER)]
    queue = Queue(jobs, Admission(servers=BusyServers()))

    assert queue.upcoming(3) == ["v0", "v5", "v1"]


def test_what_was_read_ahead_is_stale_soon() -> None:
    now = 0.0
    ahead = Prefetch(lambda: now)
    volume = builders.volume(id="v")

    ahead.keep([volume], 0.0)
    assert ahead.stale(["v", "w"]) == ["w"]
    now = FRESH / 2 + 0.1
    assert ahead.stale(["v"]) == ["v"]
    assert ahead.take("v") == volume
    assert ahead.take("v") is None
    ahead.keep([volume], now)
    now += FRESH
    assert ahead.take("v") is None
