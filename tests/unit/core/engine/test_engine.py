# SPDX-License-Identifier: Apache-2.0

"""The engine: one loop for all moves, and the only one with a clock."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.engine import running
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.durations import poll_interval
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.model import errors


def _volumes(count: int) -> list[model.Volume]:
    return [builders.volume(id=f"volume-{n}") for n in range(count)]


def test_each_look_is_as_far_away_as_the_phase_is_old() -> None:
    looks: list[Any] = []
    field = running.Bench(builders.volume())

    field.run(running.job(running.waits(120, seen=looks)))

    gaps = [later - at for at, later in itertools.pairwise(looks)]
    assert looks[0] == 0.25
    assert gaps == pytest.approx([poll_interval(at) for at in looks[:-1]])
    assert gaps[-1] == 10


def test_one_read_is_for_all_moves_in_flight() -> None:
    volumes = _volumes(40)
    field = running.Bench(*volumes, parallel=40)

    outcomes = field.run(*(running.job(running.waits(5), v) for v in volumes))

    everyone = tuple(sorted(v.id for v in volumes))
    assert field.cloud.polls == [everyone] * 5
    assert outcomes == [("done", "")] * 40


def test_results_come_in_the_order_of_the_jobs() -> None:
    volumes = _volumes(3)
    field = running.Bench(*volumes, parallel=3)

    results = field.engine.run(
        running.job(running.waits(looks), volume)
        for looks, volume in zip((9, 1, 4), volumes, strict=True)
    )

    assert [r.volume_id for r in results] == [v.id for v in volumes]
    assert field.log.of("ended") == ["volume-1", "volume-2", "volume-0"]


def test_a_real_path_from_its_first_look_to_its_end() -> None:
    there = {"host": builders.SPARE, "migration_status": "success"}
    before = builders.volume()
    field = running.Bench(before)
    field.cloud.script[before.id] = [
        builders.volume(migration_status="starting", status="maintenance"),
        builders.volume(migration_status="migrating", status="maintenance"),
        builders.volume(**there),
    ]

    (result,) = field.engine.run([Job(builders.request(builders.migrate()))])

    assert result == dataclasses.replace(
        result,
        outcome=paths.Outcome.DONE,
        reason="",
        volume_id=before.id,
        source_node=builders.POOL,
        destination_node=builders.SPARE,
        request_ids=("req-migrate",),
        under_way=True,
        size=10,
    )
    assert result.elapsed == pytest.approx(0.3)
    assert field.cloud.writes == [
        ("migrate", before.id, builders.SPARE, "True")
    ]
    assert field.log.of("started") == [before.id]
    assert [phase for _, phase in field.log.of("phase")] == [
        "waiting for Cinder",
        "scheduling",
        "copying",
    ]


def test_a_cloud_that_does_not_answer_is_asked_again_ever_later() -> None:
    field = running.Bench(builders.volume())
    down = errors.UnansweredError("503")
    field.cloud.fails["get_volumes"] = [down] * 7 + [None, down, None]

    outcomes = field.run(running.job(running.waits(2)))

    failed = field.log.at("retrying")
    gaps = [later - at for at, later in itertools.pairwise(failed)]
    assert gaps[:6] == [1, 2, 4, 8, 15, 15]
    assert outcomes == [("done", "")]
    # What was answered once is asked again soon.
    assert field.clock.time == pytest.approx(failed[-1] + 1)
    assert set(field.log.of("retrying")) == {"503; asking again"}


def test_a_cloud_that_is_slow_is_left_alone_for_a_while() -> None:
    looks: list[Any] = []
    field = running.Bench(builders.volume())
    answer = field.cloud.get_volumes

    def slowly(volume_ids: Any) -> Any:
        field.clock.time += 2.0
        return answer(volume_ids)

    field.cloud.get_volumes = slowly  # type: ignore[method-assign]
    field.run(running.job(running.waits(4, seen=looks)))

    # Two seconds of asking, four of rest.
    assert looks == [2.25, 8.25, 14.25, 20.25]


def test_an_outage_of_hours_is_borne() -> None:
    field = running.Bench(builders.volume())
    field.cloud.fails["get_volumes"] = [errors.UnansweredError("503")] * 1500

    outcomes = field.run(running.job(running.waits(1), timeout=1e9))

    assert outcomes == [("done", "")]
    assert field.clock.time > 6 * 3600


def test_a_path_that_waits_for_no_volume_sends_no_read() -> None:
    def steps(move: paths.Move) -> paths.Steps:
        yield paths.Wait((), "pausing")
        return running.DONE

    field = running.Bench(builders.volume())

    assert field.run(running.job(steps)) == [("done", "")]
    assert field.cloud.polls == []


def test_a_volume_that_is_gone_is_not_in_the_reading() -> None:
    seen = []

    def steps(move: paths.Move) -> paths.Steps:
        reading = yield paths.Wait((builders.VOLUME_ID,), "looking")
        seen.append(dict(reading.volumes))
        return running.DONE

    running.Bench().run(running.job(steps))

    assert seen == [{}]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.FailedError("why"), "failed"),
        (errors.ForbiddenError("why"), "failed"),
        (errors.LookupFailedError("why"), "failed"),
        (errors.UndecidedError("why"), "undecided"),
        (
            errors.RefusedError([model.Check.blocked("x", "why", "")]),
            "blocked",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_ends_its_own_move_only(
    error: errors.MigrateError, outcome: str
) -> None:
    def fail(move: paths.Move) -> None:
        raise error

    volumes = _volumes(2)
    field = running.Bench(*volumes)

    assert field.run(
        running.job(running.does(fail), volumes[0]),
        running.job(running.waits(1), volumes[1]),
    ) == [(outcome, "why"), ("done", "")]


def test_a_refusal_says_every_reason_and_starts_nothing() -> None:
    field = running.Bench(builders.attached())
    field.cloud.snapshots = (builders.SNAPSHOT,)

    ((outcome, reason),) = field.run(Job(builders.request(builders.migrate())))

    assert outcome == "blocked"
    assert reason.startswith(
        "Invalid state for cold migration: the volume is attached to server"
    )
    assert "; the volume has 1 snapshot: " in reason
    assert field.cloud.writes == []
    assert field.log.of("started") == []


def test_a_warning_is_given_once() -> None:
    def steps(move: paths.Move) -> paths.Steps:
        move.warn("first")
        for _ in range(3):
            yield paths.Wait((builders.VOLUME_ID,), "looking")
        move.warn("second")
        return running.DONE

    field = running.Bench(builders.volume())

    (result,) = field.engine.run([running.job(steps)])

    assert field.log.of("warning") == ["first", "second"]
    assert result.warnings == ("first", "second")


def test_two_volumes_of_one_server_are_never_moved_at_once() -> None:
    volumes = [builders.attached(id=f"volume-{n}") for n in range(2)]
    field = running.Bench(*volumes, parallel=2)

    field.run(*(running.job(running.waits(2), v) for v in volumes))

    assert field.cloud.polls == [("volume-0",)] * 2 + [("volume-1",)] * 2
    assert {f"server {builders.SERVER_ID}": 1} in field.log.of("waiting")


@pytest.mark.parametrize(
    ("limits", "at_once"),
    [
        ({}, 1),
        ({"parallel": 2}, 2),
        ({"parallel": 9}, 3),
        ({"parallel": 9, "per_source": 2}, 2),
        ({"parallel": 9, "per_destination": 1}, 1),
    ],
)
def test_caps(limits: dict[str, Any], at_once: int) -> None:
    volumes = _volumes(3)
    field = running.Bench(*volumes, **limits)

    outcomes = field.run(*(running.job(running.waits(2), v) for v in volumes))

    assert max(map(len, field.cloud.polls)) == at_once
    assert outcomes == [("done", "")] * 3


def test_after_so_many_failures_nothing_more_is_started() -> None:
    def fail(move: paths.Move) -> None:
        raise errors.FailedError("why")

    volumes = _volumes(3)
    field = running.Bench(*volumes, failures=2)

    assert field.run(
        *(running.job(running.does(fail), v) for v in volumes)
    ) == [
        ("failed", "why"),
        ("failed", "why"),
        ("not started", "2 moves failed"),
    ]


def test_the_next_volume_is_read_along_with_those_in_flight() -> None:
    volumes = _volumes(2)
    field = running.Bench(*volumes)
    first = running.job(running.waits(1), volumes[0])
    second = Job(
        builders.request(
            builders.migrate(
                resource_id=volumes[1].id, destination_node=builders.POOL
            )
        ),
        planned=model.PlannedVolume.of(volumes[1]),
    )

    outcomes = field.run(first, second)

    assert field.cloud.polls == [("volume-0", "volume-1")]
    assert "find_volumes" not in field.cloud.asked
    assert outcomes[1][0] == "already there"
