# SPDX-License-Identifier: Apache-2.0

"""Pauses, caps that change, skips and turns; windows that open again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core import model
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.pace import Sample
from volmigrateclient.core.engine.throttle import (
    SKIPPED,
    Instruction,
    Throttle,
    Verb,
)
from volmigrateclient.core.engine.window import Period
from volmigrateclient.core.model import errors

_DONE = ("done", "")
_SKIPPED = ("not started", f"not started: {SKIPPED}")
_HOUR = 3600.0


def _volumes(count: int, **seen: Any) -> list[model.Volume]:
    return [
        builders.volume(id=f"v{n}", name=f"name-{n}", **seen)
        for n in range(count)
    ]


def _bench(count: int, **how: Any) -> tuple[running.Bench, list[Job]]:
    """Jobs that look at their volumes ten times, some three seconds."""
    volumes = _volumes(count)
    bench = running.Bench(*volumes, **how)
    return bench, [running.job(running.waits(10), one) for one in volumes]


def _begun(bench: running.Bench) -> dict[str, float]:
    """When each was looked at first."""
    first: dict[str, float] = {}
    for at, (volume_id, _) in zip(
        bench.log.at("phase"), bench.log.of("phase"), strict=True
    ):
        first.setdefault(volume_id, at)
    return first


def test_a_pause_lets_go_on_what_goes_on_and_starts_nothing() -> None:
    bench, jobs = _bench(3, parallel=1)
    paused = bench.tell(1.0, "pause")
    resumed = bench.tell(_HOUR, "resume")

    assert bench.run(*jobs) == [_DONE] * 3

    assert bench.log.at("ended")[0] < 10
    assert _begun(bench)["v1"] == pytest.approx(_HOUR, abs=0.1)
    assert paused[0].text == (
        "paused: nothing more is started; 1 move in flight, 2 waiting"
    )
    assert paused[0].paused
    assert resumed[0].text == "resumed: 0 moves in flight, 2 waiting"
    assert bench.log.of("note") == [paused[0].text, resumed[0].text]
    # Who watches sees why nothing happens.
    assert {"resume": 2} in bench.log.of("waiting")


def test_a_pause_holds_before_the_engine_has_heard_of_it() -> None:
    admission = Admission()
    told = Throttle(admission).tell(Instruction(Verb.PAUSE))

    assert admission.paused
    assert not told.done()


def test_a_pause_before_the_first_move() -> None:
    bench, jobs = _bench(1)
    bench.throttle.tell(Instruction(Verb.PAUSE))
    bench.tell(50.0, "resume")

    assert bench.run(*jobs) == [_DONE]
    assert _begun(bench)["v0"] == pytest.approx(50, abs=0.1)


def test_who_waits_for_a_pause_s_end_can_be_interrupted() -> None:
    bench, jobs = _bench(2)
    bench.tell(1.0, "pause")
    bench.clock.at(20.0, lambda: bench.engine.refuse("interrupted"))

    assert bench.run(*jobs) == [
        _DONE,
        ("not started", "not started: interrupted"),
    ]
    assert bench.clock.time < 21


def test_more_at_once_and_fewer() -> None:
    bench, jobs = _bench(6, parallel=1)
    more = bench.tell(1.0, "caps", limits={"parallel": 3})
    less = bench.tell(
        2.0, "caps", limits={"parallel": 1, "per_destination": 2}
    )

    assert bench.run(*jobs) == [_DONE] * 6

    begun = _begun(bench)
    assert begun["v1"] == begun["v2"] == pytest.approx(1.0, abs=0.1)
    # Three go on; the fourth waits for all of them.
    ended = bench.log.at("ended")
    assert begun["v3"] >= ended[2]
    assert begun["v4"] >= ended[3]
    assert more[0].text == "caps changed: --max-parallel 1 -> 3"
    assert less[0].text == (
        "caps changed: --max-parallel 3 -> 1, --max-per-destination none -> 2"
    )
    assert (less[0].parallel, less[0].per_destination) == (1, 2)


def test_one_is_skipped() -> None:
    bench, jobs = _bench(3)
    answers = bench.tell(1.0, "skip", volume="name-1")

    assert bench.run(*jobs) == [_DONE, _SKIPPED, _DONE]
    assert answers[0].text == "volume v1 is skipped in this run"
    assert answers[0].waiting == 1
    assert bench.log.of("ended") == ["v1", "v0", "v2"]


def test_one_comes_next() -> None:
    bench, jobs = _bench(3)
    answers = bench.tell(1.0, "next", volume="V2")

    assert bench.run(*jobs) == [_DONE] * 3
    assert bench.log.of("ended") == ["v0", "v2", "v1"]
    assert answers[0].text == "volume v2 is next, as far as caps allow"


def test_what_is_told_of_canaries_holds_for_the_rest() -> None:
    bench, jobs = _bench(4)
    bench.tell(1.0, "skip", volume="v2")
    bench.tell(1.0 + 1e-6, "next", volume="v3")

    # apply_plan runs canaries first, then the rest.
    assert bench.run(jobs[0]) == [_DONE]
    assert bench.run(*jobs[1:]) == [_DONE, _SKIPPED, _DONE]
    assert bench.log.of("ended") == ["v0", "v2", "v3", "v1"]


@pytest.mark.parametrize(
    ("at", "verb", "volume", "text"),
    [
        (1.0, "skip", "v0", "volume v0 is moving already"),
        (1.0, "next", "v0", "volume v0 is moving already"),
        (4.0, "skip", "v0", "volume v0 has ended already"),
        (4.0, "next", "v0", "volume v0 has ended already"),
        (
            1.0,
            "skip",
            "v9",
            "the plan has no volume with a name or ID of 'v9'",
        ),
        (1.0, "skip", None, "the plan has no volume with a name or ID of ''"),
    ],
)
def test_what_cannot_be_done_is_said(
    at: float, verb: str, volume: str | None, text: str
) -> None:
    bench, jobs = _bench(2)
    answers = bench.tell(at, verb, volume=volume)

    assert bench.run(*jobs) == [_DONE] * 2
    assert answers[0].text == text
    assert not answers[0].heeded


def test_a_name_of_two_volumes_names_neither() -> None:
    volumes = [builders.volume(id=f"v{n}", name="twin") for n in range(3)]
    bench = running.Bench(*volumes)
    jobs = [running.job(running.waits(10), one) for one in volumes]
    answers = bench.tell(1.0, "skip", volume="twin")

    assert bench.run(*jobs) == [_DONE] * 3
    assert answers[0].text == (
        "the plan has 3 volumes with a name or ID of 'twin'"
    )


def test_skipped_twice_and_skipped_is_not_next() -> None:
    bench, jobs = _bench(2)
    bench.tell(1.0, "skip", volume="v1")
    again = bench.tell(1.1, "skip", volume="v1")
    first = bench.tell(1.2, "next", volume="v1")

    assert bench.run(*jobs) == [_DONE, _SKIPPED]
    assert again[0].text == "volume v1 was skipped already"
    assert first[0].text == "volume v1 was skipped already"


def test_asking_changes_nothing() -> None:
    bench, jobs = _bench(3)
    answers = bench.tell(1.0, "status")

    assert bench.run(*jobs) == [_DONE] * 3
    assert answers[0].text == "1 move in flight, 2 waiting"
    assert bench.log.of("note") == []


def test_windows_close_and_open_again() -> None:
    # It is noon; what may take 130 s ends at 12:05 at the latest.
    bench, jobs = _bench(
        4, periods=[Period.parse("12:00-12:05"), Period.parse("22:00-23:00")]
    )
    bench.clock.time = 175.0

    assert bench.run(*jobs) == [_DONE] * 4

    begun = _begun(bench)
    # The first was let in by what is assumed, the others by what it took.
    assert begun["v0"] == 12 * _HOUR - 2 * _HOUR
    assert all(begun[f"v{n}"] >= 10 * _HOUR for n in range(4))
    assert bench.log.of("note") == ["the next window opens in 9 h 57 min"]
    assert {"window at Mon 22:00": 4} in bench.log.of("waiting")


def test_over_days_everything_is_moved_once() -> None:
    bench, jobs = _bench(9, periods=[Period.parse("00:00:00-00:00:10")])
    for size in range(2):
        # So much is known that some of them fit into ten seconds.
        bench.admission.pace.note(_seconds(3.0 + size))

    assert bench.run(*jobs) == [_DONE] * 9

    days = [
        int((at + 12 * _HOUR) // (24 * _HOUR)) for at in bench.log.at("ended")
    ]
    assert days == sorted(days)
    assert days[0] == 1
    assert days[-1] > 2
    assert sorted(bench.log.of("ended")) == sorted(f"v{n}" for n in range(9))


def test_after_a_night_what_waits_is_read_again() -> None:
    volumes = _volumes(2)
    bench = running.Bench(*volumes, periods=[Period.parse("22:00-23:00")])
    jobs = [running.job(running.waits(3), one) for one in volumes]
    # Somebody else has begun to move the second meanwhile.
    bench.cloud.script["v1"] = [
        builders.volume(id="v1", migration_status="migrating")
    ]

    assert bench.run(*jobs) == [_DONE] * 2

    assert bench.cloud.polls[0] == ("v0", "v1")
    assert bench.log.of("ended") == ["v1", "v0"]


def test_an_outage_at_the_opening_is_no_end() -> None:
    bench, jobs = _bench(1, periods=[Period.parse("22:00-23:00")])
    bench.cloud.fails["get_volumes"] = [errors.ForbiddenError("not now")]

    assert bench.run(*jobs) == [_DONE]
    assert bench.log.of("retrying") == ["not now"]


def test_an_interruption_ends_the_wait_for_a_window() -> None:
    bench, jobs = _bench(1, periods=[Period.parse("22:00-23:00")])
    bench.clock.at(100.0, lambda: bench.engine.refuse("interrupted"))

    assert bench.run(*jobs) == [("not started", "not started: interrupted")]
    assert bench.clock.time < 131


def _seconds(seconds: float) -> Sample:
    return Sample(
        "migrate", builders.POOL, builders.SPARE, 10, seconds, seconds
    )
