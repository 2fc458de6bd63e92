# SPDX-License-Identifier: Apache-2.0

"""Engines that run at the same time: one move per server, caps in common."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.engine import running
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine import Admission, Engine, Job, Limits
from volmigrateclient.core.engine import servers as servers_

_STOPPED = "moves that continue in the cloud hold the caps"


def _attached(number: int, **seen: Any) -> model.Volume:
    return builders.attached(id=f"v{number}", **seen)


class _Engines:
    """Engines that share what engines of one process share.

    The second one runs while the first one sleeps, as if in a thread.
    """

    def __init__(self, *volumes: model.Volume) -> None:
        self.cloud = scripted_cloud.ScriptedCloud(*volumes)
        self.clock = scripted_cloud.ScriptedClock()
        self.log = running.Log(self.clock)
        self.servers = servers_.BusyServers()

    def engine(self, admission: Admission | None = None) -> Engine:
        return Engine(
            self.cloud.core,
            self.log,
            self.clock,
            admission or Admission(servers=self.servers),
        )


def _outcomes(results: list[paths.MoveResult]) -> list[tuple[str, str]]:
    return [(one.outcome.value, one.reason) for one in results]


def test_every_engine_heeds_the_same_servers_by_default() -> None:
    first, second = Admission(), Admission()
    job = Job(builders.request(builders.action()), volume=_attached(1))

    first.started(job)
    try:
        assert second.cap_of_job(job) == f"server {builders.SERVER_ID}"
    finally:
        first.release(job)
    assert second.cap_of_job(job) is None


def test_a_volume_waits_for_one_of_its_server_in_another_engine() -> None:
    volumes = [_attached(1), _attached(2)]
    engines = _Engines(*volumes)
    other = Admission(servers=engines.servers)
    busy = running.job(running.waits(1), volumes[0])
    other.started(busy)
    engines.clock.at(30.0, lambda: other.release(busy))

    found = engines.engine().run([running.job(running.waits(1), volumes[1])])

    assert _outcomes(found) == [("done", "")]
    (started,) = engines.log.at("started") or [engines.clock.time]
    assert started >= 30.0
    assert {f"server {builders.SERVER_ID}": 1} in engines.log.of("waiting")


def test_who_waits_can_be_told_to_give_up() -> None:
    volumes = [_attached(1), _attached(2)]
    engines = _Engines(*volumes)
    other = Admission(servers=engines.servers)
    other.started(running.job(running.waits(1), volumes[0]))
    engine = engines.engine()
    engines.clock.at(5.0, lambda: engine.refuse("the plan was cancelled"))

    found = engine.run([running.job(running.waits(1), volumes[1])])

    assert _outcomes(found) == [("not started", "the plan was cancelled")]
    assert engines.clock.time < 20


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        ({"migration_status": "migrating"}, ("not started", _STOPPED)),
        ({"status": "detaching"}, ("not started", _STOPPED)),
        ({"migration_status": "success"}, ("done", "")),
        ({"migration_status": "error"}, ("done", "")),
        (None, ("done", "")),
    ],
)
def test_a_move_that_nobody_follows_is_looked_at(
    now: dict[str, Any] | None, outcome: tuple[str, str]
) -> None:
    left, waiting = _attached(1), _attached(2)
    engines = _Engines(waiting)
    if now is not None:
        engines.cloud.volumes["v1"] = _attached(1, **now)
    other = Admission(servers=engines.servers)
    job = running.job(running.waits(1), left)
    other.started(job)
    other.ended(
        job,
        paths.MoveResult(
            job.request.action,
            job.request.path,
            paths.Outcome.STILL_RUNNING,
            under_way=True,
        ),
    )

    found = engines.engine().run([running.job(running.waits(1), waiting)])

    ended, reason = outcome
    assert _outcomes(found) == [(ended, reason)]


def test_what_a_broken_engine_had_in_flight_blocks_no_server_for_ever() -> (
    None
):
    volumes = [_attached(1), _attached(2)]
    engines = _Engines(*volumes)

    class Broken(running.Log):
        def phase(self, move: Any, phase: str, elapsed: float) -> None:
            raise KeyboardInterrupt

    engine = Engine(
        engines.cloud.core,
        Broken(engines.clock),
        engines.clock,
        Admission(servers=engines.servers),
    )
    with pytest.raises(KeyboardInterrupt):
        engine.run([running.job(running.waits(3), volumes[0])])

    found = engines.engine().run([running.job(running.waits(1), volumes[1])])
    assert _outcomes(found) == [("done", "")]


def test_caps_span_engines_that_share_an_admission() -> None:
    volumes = [builders.volume(id=f"v{n}") for n in range(2)]
    engines = _Engines(*volumes)
    shared = Admission(Limits(parallel=1), servers=engines.servers)
    busy = running.job(running.waits(1), volumes[0])
    shared.started(busy)
    engines.clock.at(12.0, lambda: shared.ended(busy, _done(busy)))

    found = engines.engine(shared).run(
        [running.job(running.waits(1), volumes[1])]
    )

    assert _outcomes(found) == [("done", "")]
    assert engines.log.of("waiting")[0] == {"total": 1}
    assert engines.clock.time >= 12.0


def test_stop_rules_span_them_too() -> None:
    volumes = [builders.volume(id=f"v{n}") for n in range(2)]
    engines = _Engines(*volumes)
    shared = Admission(Limits(failures=1), servers=engines.servers)
    failed = running.waits(
        1, paths.Ending(paths.Outcome.FAILED, "as the test wants it")
    )
    engines.engine(shared).run([running.job(failed, volumes[0])])

    found = engines.engine(shared).run(
        [running.job(running.waits(1), volumes[1])]
    )

    assert _outcomes(found) == [("not started", "1 move failed")]


def test_many_threads_never_have_two_moves_of_one_server() -> None:
    volumes = [_attached(n) for n in range(8)]
    servers = servers_.BusyServers()
    together: list[int] = []
    running_now: list[str] = []

    def steps(move: paths.Move) -> paths.Steps:
        running_now.append(move.action.resource_id)
        together.append(len(running_now))
        yield paths.Wait((move.action.resource_id,), "looking")
        running_now.remove(move.action.resource_id)
        return running.DONE

    results: list[paths.MoveResult] = []

    def run(volume: model.Volume) -> None:
        clock = scripted_cloud.ScriptedClock()
        engine = Engine(
            scripted_cloud.ScriptedCloud(volume).core,
            clock=clock,
            admission=Admission(servers=servers),
        )
        results.extend(engine.run([running.job(steps, volume)]))

    threads = [
        threading.Thread(target=run, args=(volume,)) for volume in volumes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [one.outcome for one in results] == [paths.Outcome.DONE] * 8
    assert together == [1] * 8


def _done(job: Job) -> paths.MoveResult:
    return paths.MoveResult(
        job.request.action, job.request.path, paths.Outcome.DONE
    )
