# SPDX-License-Identifier: Apache-2.0

"""How moves are stopped: in time, by the user, or by the cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core import paths
from volmigrateclient.core.model import errors

_BEFORE = "before anything was changed"
_GOES_ON = f"the move of volume {builders.VOLUME_ID} continues in the cloud"


def _asked_cinder(seen: list[Any]) -> Any:
    """A path whose request Cinder has accepted."""

    def steps(move: paths.Move) -> paths.Steps:
        move.survey = builders.survey()
        move.request_sent("req")
        return (yield from running.waits(10**6, seen=seen)(move))

    return steps


def test_a_move_whose_time_is_over_is_told_once() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume())

    ((outcome, reason),) = field.run(
        running.job(_asked_cinder(seen), timeout=30)
    )

    assert outcome == "still running"
    assert reason.startswith(f"timed out; {_GOES_ON}")
    assert seen[-1] == "TimedOut"
    assert seen.count("TimedOut") == 1
    assert 30 < field.clock.time < 35


def test_time_is_counted_by_the_volume_s_size() -> None:
    field = running.Bench(builders.volume())

    ((outcome, _),) = field.run(running.job(_asked_cinder([])))

    assert outcome == "still running"
    assert 1200 < field.clock.time <= 1210


def test_a_move_that_had_changed_nothing_just_failed() -> None:
    field = running.Bench(builders.volume())

    assert field.run(running.job(running.waits(99), timeout=1)) == [
        ("failed", f"timed out {_BEFORE}")
    ]


def test_time_also_ends_while_the_cloud_does_not_answer() -> None:
    field = running.Bench(builders.volume())
    field.cloud.fails["get_volumes"] = [errors.UnansweredError("503")] * 99

    ((outcome, _),) = field.run(running.job(_asked_cinder([]), timeout=60))

    assert outcome == "still running"
    assert field.clock.time < 60 + 15 + 1


def _undoing(looks: int, seen: list[Any]) -> Any:
    """A path that, told to stop, looks so many times before it ends."""

    def steps(move: paths.Move) -> paths.Steps:
        try:
            while True:
                yield paths.Wait((builders.VOLUME_ID,), "working")
        except errors.StopWaiting as signal:
            seen.append(str(signal))
        try:
            for _ in range(looks):
                yield paths.Wait((builders.VOLUME_ID,), "undoing")
        except errors.StopWaiting as signal:
            seen.append(f"again: {signal}")
            raise
        finally:
            seen.append("left")
        return paths.Ending(paths.Outcome.FAILED, "undone")

    return steps


def test_what_is_undone_is_told_no_second_time() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume())

    assert field.run(running.job(_undoing(5, seen), timeout=60)) == [
        ("failed", "undone")
    ]
    assert seen == ["timed out", "left"]


def test_undoing_has_an_end_too() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume())

    ((outcome, reason),) = field.run(
        running.job(_undoing(10**6, seen), timeout=60)
    )

    assert (outcome, seen) == ("undecided", ["timed out", "left"])
    assert "could not be undone in time" in reason
    assert "watcher-migrate recover" in reason
    assert 360 < field.clock.time < 375


def test_nothing_can_be_undone_without_credentials() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume())
    job = running.job(_undoing(5, seen), timeout=1)
    field.clock.at(
        2.0,
        lambda: field.cloud.fails.update(
            get_volumes=[errors.UnauthorizedError("401")]
        ),
    )

    assert field.run(job) == [("failed", f"401 {_BEFORE}")]
    assert seen == ["timed out", "again: 401", "left"]


def _interrupted_at(second: float, *jobs: Any, **limits: Any) -> Any:
    field = running.Bench(builders.volume(), **limits)
    field.clock.at(second, field.engine.interrupt)
    return field, field.run(*jobs)


def test_an_interruption_is_told_to_all_and_nothing_more_is_started() -> None:
    seen: list[Any] = []
    field, outcomes = _interrupted_at(
        100.0,
        running.job(_asked_cinder(seen)),
        running.job(running.waits(10**6, seen=seen)),
        running.job(running.waits(1)),
        parallel=2,
    )

    assert [outcome for outcome, _ in outcomes] == [
        "interrupted",
        "interrupted",
        "not started",
    ]
    assert outcomes[0][1].startswith(f"interrupted; {_GOES_ON}")
    assert outcomes[1][1] == f"interrupted {_BEFORE}"
    assert outcomes[2][1] == "interrupted"
    assert seen.count("Interrupted") == 2
    # Not at the next look, which would be eight seconds later.
    assert field.clock.time == 100.0


def test_an_interruption_within_a_request_is_told_at_once_too() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume(), parallel=2)

    def steps(move: paths.Move) -> paths.Steps:
        while field.clock.time < 100:
            yield paths.Wait((), "working")
        field.engine.interrupt()
        return running.DONE

    field.run(
        running.job(running.waits(10**6, seen=seen)),
        running.job(steps),
    )

    # The first had been advanced already when the second was interrupted.
    assert seen[-2:] == [field.clock.time, "Interrupted"]


def test_an_interrupted_undoing_is_looked_at_often_from_its_start() -> None:
    seen: list[Any] = []
    field, outcomes = _interrupted_at(100.0, running.job(_undoing(3, seen)))

    assert outcomes == [("failed", "undone")]
    assert seen == ["interrupted", "left"]
    # Not every eight seconds, as the move before it was.
    assert field.clock.time == pytest.approx(100.75)


def test_jobs_are_refused_while_what_is_in_flight_goes_on() -> None:
    field = running.Bench(builders.volume())
    field.clock.at(1.0, lambda: field.engine.refuse("the window closed"))
    field.clock.at(2.0, lambda: field.engine.refuse("another reason"))

    assert field.run(
        running.job(running.waits(20)), running.job(running.waits(1))
    ) == [("done", ""), ("not started", "the window closed")]


def test_no_more_credentials_are_no_failure_of_what_cinder_does() -> None:
    seen: list[Any] = []
    field = running.Bench(builders.volume())
    field.cloud.fails["get_volumes"] = [None, errors.UnauthorizedError("401")]

    outcomes = field.run(
        running.job(_asked_cinder(seen)), running.job(running.waits(1))
    )

    assert outcomes[0][0] == "still running"
    assert outcomes[0][1].startswith(f"401; {_GOES_ON}")
    assert seen == [0.25, "CredentialsExpired"]
    # Nor is a job begun that could not be seen.
    assert outcomes[1] == ("not started", "401")


def _unauthorized(move: paths.Move) -> None:
    raise errors.UnauthorizedError("401")


def test_nor_are_they_where_a_path_asks() -> None:
    def ask(move: paths.Move) -> None:
        move.survey = builders.survey()
        move.request_sent("req")
        _unauthorized(move)

    field = running.Bench(builders.volume())

    ((outcome, reason),) = field.run(running.job(running.does(ask)))

    assert outcome == "still running"
    assert reason.startswith(f"401; {_GOES_ON}")


def test_wrong_credentials_fail_one_job_and_not_hundreds() -> None:
    field = running.Bench(builders.volume())
    asks = running.does(_unauthorized)

    assert field.run(running.job(asks), running.job(asks)) == [
        ("failed", "401"),
        ("not started", "401"),
    ]


def test_a_bug_in_one_move_leaves_the_others_alone() -> None:
    def broken(move: paths.Move) -> paths.Steps:
        yield paths.Wait((), "working")
        raise KeyError("nonsense")

    field = running.Bench(builders.volume(), parallel=2)

    outcomes = field.run(running.job(broken), running.job(running.waits(3)))

    assert [outcome for outcome, _ in outcomes] == ["undecided", "done"]
    assert outcomes[0][1].startswith(
        "internal error, please report it with --debug: KeyError('nonsense')"
    )
