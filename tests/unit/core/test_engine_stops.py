# SPDX-License-Identifier: Apache-2.0

"""How moves are stopped: in time, by the user, or by the cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core import flights
from volmigrateclient.core import errors
from volmigrateclient.core import move as move_

_BEFORE = "before anything was changed"
_GOES_ON = f"the move of volume {builders.VOLUME_ID} goes on in the cloud"


def _asked_cinder(seen: list[Any]) -> Any:
    """A path whose request Cinder has accepted."""

    def steps(move: move_.Move) -> move_.Steps:
        move.survey = builders.survey()
        move.asked("req")
        return (yield from flights.waits(10**6, seen=seen)(move))

    return steps


def test_a_move_whose_time_is_over_is_told_once() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume())

    ((outcome, reason),) = field.fly(
        flights.flight(_asked_cinder(seen), timeout=30)
    )

    assert outcome == "still running"
    assert reason.startswith(f"timed out; {_GOES_ON}")
    assert seen[-1] == "TimedOut"
    assert seen.count("TimedOut") == 1
    assert 30 < field.clock.time < 35


def test_time_is_counted_by_the_volume_s_size() -> None:
    field = flights.Field(builders.volume())

    ((outcome, _),) = field.fly(flights.flight(_asked_cinder([])))

    assert outcome == "still running"
    assert 1200 < field.clock.time <= 1210


def test_a_move_that_had_changed_nothing_just_failed() -> None:
    field = flights.Field(builders.volume())

    assert field.fly(flights.flight(flights.waits(99), timeout=1)) == [
        ("failed", f"timed out {_BEFORE}")
    ]


def test_time_also_ends_while_the_cloud_does_not_answer() -> None:
    field = flights.Field(builders.volume())
    field.cloud.fails["get_volumes"] = [errors.UnansweredError("503")] * 99

    ((outcome, _),) = field.fly(flights.flight(_asked_cinder([]), timeout=60))

    assert outcome == "still running"
    assert field.clock.time < 60 + 15 + 1


def _undoing(looks: int, seen: list[Any]) -> Any:
    """A path that, told to stop, looks so many times before it ends."""

    def steps(move: move_.Move) -> move_.Steps:
        try:
            while True:
                yield move_.Wait((builders.VOLUME_ID,), "working")
        except errors.HandOver as signal:
            seen.append(str(signal))
        try:
            for _ in range(looks):
                yield move_.Wait((builders.VOLUME_ID,), "undoing")
        except errors.HandOver as signal:
            seen.append(f"again: {signal}")
            raise
        finally:
            seen.append("left")
        return move_.Ending(move_.Outcome.FAILED, "undone")

    return steps


def test_what_is_undone_is_told_no_second_time() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume())

    assert field.fly(flights.flight(_undoing(5, seen), timeout=60)) == [
        ("failed", "undone")
    ]
    assert seen == ["timed out", "left"]


def test_undoing_has_an_end_too() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume())

    ((outcome, reason),) = field.fly(
        flights.flight(_undoing(10**6, seen), timeout=60)
    )

    assert (outcome, seen) == ("undecided", ["timed out", "left"])
    assert "could not be undone in time" in reason
    assert "watcher-migrate recover" in reason
    assert 360 < field.clock.time < 375


def test_nothing_can_be_undone_without_credentials() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume())
    job = flights.flight(_undoing(5, seen), timeout=1)
    field.clock.at(
        2.0,
        lambda: field.cloud.fails.update(
            get_volumes=[errors.UnauthorizedError("401")]
        ),
    )

    assert field.fly(job) == [("failed", f"401 {_BEFORE}")]
    assert seen == ["timed out", "again: 401", "left"]


def _interrupted_at(second: float, *jobs: Any, **limits: Any) -> Any:
    field = flights.Field(builders.volume(), **limits)
    field.clock.at(second, field.engine.interrupt)
    return field, field.fly(*jobs)


def test_an_interruption_is_told_to_all_and_nothing_more_is_started() -> None:
    seen: list[Any] = []
    field, outcomes = _interrupted_at(
        100.0,
        flights.flight(_asked_cinder(seen)),
        flights.flight(flights.waits(10**6, seen=seen)),
        flights.flight(flights.waits(1)),
        parallel=2,
    )

    assert [outcome for outcome, _ in outcomes] == [
        "interrupted",
        "interrupted",
        "not started",
    ]
    assert outcomes[0][1].startswith(f"interrupted; {_GOES_ON}")
    assert outcomes[1][1] == f"interrupted {_BEFORE}"
    assert outcomes[2][1] == "not started: interrupted"
    assert seen.count("Interrupted") == 2
    # Not at the next look, which would be eight seconds later.
    assert field.clock.time == 100.0


def test_an_interruption_within_a_request_is_told_at_once_too() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume(), parallel=2)

    def steps(move: move_.Move) -> move_.Steps:
        while field.clock.time < 100:
            yield move_.Wait((), "working")
        field.engine.interrupt()
        return flights.DONE

    field.fly(
        flights.flight(flights.waits(10**6, seen=seen)),
        flights.flight(steps),
    )

    # The first had been advanced already when the second was interrupted.
    assert seen[-2:] == [field.clock.time, "Interrupted"]


def test_an_interrupted_undoing_is_looked_at_often_from_its_start() -> None:
    seen: list[Any] = []
    field, outcomes = _interrupted_at(100.0, flights.flight(_undoing(3, seen)))

    assert outcomes == [("failed", "undone")]
    assert seen == ["interrupted", "left"]
    # Not every eight seconds, as the move before it was.
    assert field.clock.time == pytest.approx(100.75)


def test_jobs_are_refused_while_what_is_in_flight_goes_on() -> None:
    field = flights.Field(builders.volume())
    field.clock.at(1.0, lambda: field.engine.refuse("the window closed"))
    field.clock.at(2.0, lambda: field.engine.refuse("another reason"))

    assert field.fly(
        flights.flight(flights.waits(20)), flights.flight(flights.waits(1))
    ) == [("done", ""), ("not started", "not started: the window closed")]


def test_no_more_credentials_are_no_failure_of_what_cinder_does() -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume())
    field.cloud.fails["get_volumes"] = [None, errors.UnauthorizedError("401")]

    outcomes = field.fly(
        flights.flight(_asked_cinder(seen)), flights.flight(flights.waits(1))
    )

    assert outcomes[0][0] == "still running"
    assert outcomes[0][1].startswith(f"401; {_GOES_ON}")
    assert seen == [0.25, "LostSight"]
    # Nor is a job begun that could not be seen.
    assert outcomes[1] == ("not started", "not started: 401")


def _unauthorized(move: move_.Move) -> None:
    raise errors.UnauthorizedError("401")


def test_nor_are_they_where_a_path_asks() -> None:
    def ask(move: move_.Move) -> None:
        move.survey = builders.survey()
        move.asked("req")
        _unauthorized(move)

    field = flights.Field(builders.volume())

    ((outcome, reason),) = field.fly(flights.flight(flights.does(ask)))

    assert outcome == "still running"
    assert reason.startswith(f"401; {_GOES_ON}")


def test_wrong_credentials_fail_one_job_and_not_hundreds() -> None:
    field = flights.Field(builders.volume())
    asks = flights.does(_unauthorized)

    assert field.fly(flights.flight(asks), flights.flight(asks)) == [
        ("failed", "401"),
        ("not started", "not started: 401"),
    ]


@pytest.mark.parametrize("event", ["phase", "warning", "trouble"])
def test_a_reader_who_has_gone_is_an_interruption(event: str) -> None:
    seen: list[Any] = []
    field = flights.Field(builders.volume(), breaks_at=event)
    field.cloud.fails["get_volumes"] = [None, errors.UnansweredError("503")]

    def steps(move: move_.Move) -> move_.Steps:
        move.warn("to know of")
        return (yield from flights.waits(10**6, seen=seen)(move))

    assert field.fly(flights.flight(steps)) == [
        ("interrupted", f"interrupted {_BEFORE}")
    ]
    assert seen[-1] == "Interrupted"
    # Nothing is said to one who does not listen.
    assert field.log.events[-1][1] == event


def test_a_bug_in_one_move_leaves_the_others_alone() -> None:
    def broken(move: move_.Move) -> move_.Steps:
        yield move_.Wait((), "working")
        raise KeyError("nonsense")

    field = flights.Field(builders.volume(), parallel=2)

    outcomes = field.fly(
        flights.flight(broken), flights.flight(flights.waits(3))
    )

    assert [outcome for outcome, _ in outcomes] == ["undecided", "done"]
    assert outcomes[0][1].startswith(
        "internal error, please report it with --debug: KeyError('nonsense')"
    )
