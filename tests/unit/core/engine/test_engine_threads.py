# SPDX-License-Identifier: Apache-2.0

"""The engine with its threads, and a real clock: no move holds others up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.engine import running
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine import Engine, workers
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.engine.servers import BusyServers

#: Seconds: a test that waits longer has failed.
_PATIENCE = 5.0


def _volumes(count: int) -> list[model.Volume]:
    return [builders.volume(id=f"volume-{n}") for n in range(count)]


def _engine(
    *volumes: model.Volume, reporter: Reporter | None = None, **limits: Any
) -> Engine:
    return Engine(
        scripted_cloud.ScriptedCloud(*volumes).core,
        reporter,
        Clock(),
        Admission(Limits(**limits), servers=BusyServers()),
    )


def _asks(request: Callable[[paths.Move], object]) -> Any:
    """A path whose first step is such a request."""

    def steps(move: paths.Move) -> paths.Steps:
        request(move)
        yield from ()
        return running.DONE

    return steps


def _jobs(steps: Any, volumes: list[model.Volume]) -> list[Job]:
    return [running.job(steps, volume) for volume in volumes]


def test_requests_of_different_moves_are_under_way_at_once() -> None:
    volumes = _volumes(4)
    # Nobody gets past it before all four have come.
    met = threading.Barrier(4, timeout=_PATIENCE)

    results = _engine(*volumes, parallel=4).run(
        _jobs(_asks(lambda move: met.wait()), volumes)
    )

    assert [r.outcome for r in results] == [paths.Outcome.DONE] * 4


def test_but_no_more_than_so_many() -> None:
    volumes = _volumes(30)
    lock, now, most = threading.Lock(), 0, 0

    def request(move: paths.Move) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    _engine(*volumes, parallel=30).run(_jobs(_asks(request), volumes))

    assert 1 < most <= workers.MOST


def test_a_slow_request_does_not_keep_another_move_from_its_end() -> None:
    volumes = _volumes(3)
    others = threading.Event()

    def request(move: paths.Move) -> None:
        if move.action.resource_id == "volume-0":
            assert others.wait(_PATIENCE)

    class Watching(Reporter):
        ended_ = 0

        def ended(self, result: paths.MoveResult) -> None:
            self.ended_ += 1
            if self.ended_ == 2:
                others.set()

    results = _engine(*volumes, reporter=Watching(), parallel=2).run(
        _jobs(_asks(request), volumes)
    )

    # The third one began and ended while the first was waiting, too.
    assert [r.outcome for r in results] == [paths.Outcome.DONE] * 3


class _Threads(Reporter):
    """Notes in which threads it is called."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in vars(Reporter):
            self.threads.add(threading.get_ident())
        return super().__getattribute__(name)


def test_the_reporter_is_called_in_the_caller_s_thread_alone() -> None:
    volumes, heard = _volumes(6), _Threads()

    _engine(*volumes, reporter=heard, parallel=3).run(
        _jobs(running.waits(2), volumes)
    )

    assert heard.threads == {threading.get_ident()}


def test_a_path_is_advanced_by_one_thread_at_a_time() -> None:
    volumes = _volumes(3)
    at_work: dict[str, int] = {}
    most = 0

    def steps(move: paths.Move) -> paths.Steps:
        nonlocal most
        own = move.action.resource_id
        for _ in range(3):
            at_work[own] = at_work.get(own, 0) + 1
            most = max(most, at_work[own])
            time.sleep(0.02)
            at_work[own] -= 1
            yield paths.Wait((own,), "looking", poll_fast=True)
        return running.DONE

    results = _engine(*volumes, parallel=3).run(_jobs(steps, volumes))

    assert most == 1
    # A second thread would meet a generator that is executing already.
    assert [r.outcome for r in results] == [paths.Outcome.DONE] * 3


def test_what_is_under_way_when_a_stop_comes_is_brought_to_its_wait() -> None:
    volume = builders.volume()
    engine = _engine(volume, volume, parallel=2)
    written: list[str] = []

    def steps(move: paths.Move) -> paths.Steps:
        engine.interrupt()  # as a handler does, while a request is under way
        time.sleep(0.05)
        written.append("journal")
        yield paths.Wait((), "working")
        written.append("never")
        return running.DONE

    began = time.monotonic()
    (result,) = engine.run([running.job(steps, volume)])

    assert result.outcome is paths.Outcome.INTERRUPTED
    assert written == ["journal"]
    # At once, not when its time to look has come.
    assert time.monotonic() - began < 20


def test_an_interruption_wakes_an_engine_that_sleeps() -> None:
    volumes = _volumes(2)
    engine = _engine(*volumes, parallel=2)

    def steps(move: paths.Move) -> paths.Steps:
        while True:
            yield paths.Wait((), "working")

    threading.Timer(0.02, engine.interrupt).start()
    began = time.monotonic()
    results = engine.run(_jobs(steps, volumes))

    # On a busy machine one may not have begun.
    assert {r.outcome for r in results} <= {
        paths.Outcome.INTERRUPTED,
        paths.Outcome.NOT_STARTED,
    }
    assert time.monotonic() - began < 20


class _LeavingError(BaseException):
    """Like KeyboardInterrupt: no Exception."""


def test_what_is_no_exception_comes_out_where_the_engine_was_called() -> None:
    volumes = _volumes(2)

    def leave(move: paths.Move) -> None:
        raise _LeavingError

    with pytest.raises(_LeavingError):
        _engine(*volumes, parallel=2).run(_jobs(_asks(leave), volumes))


def test_who_leaves_waits_for_no_request() -> None:
    volumes, release = _volumes(2), threading.Event()
    left_behind = threading.Event()

    class Leaving(Reporter):
        def ended(self, result: paths.MoveResult) -> None:
            raise _LeavingError  # as a handler's KeyboardInterrupt

    def steps(move: paths.Move) -> paths.Steps:
        if move.action.resource_id == "volume-1":
            return running.DONE
        release.wait(_PATIENCE)
        yield from _noting(left_behind)
        return running.DONE

    def _noting(closed: threading.Event) -> Any:
        try:
            yield paths.Wait((), "working")
        finally:
            closed.set()

    began = time.monotonic()
    with pytest.raises(_LeavingError):
        _engine(*volumes, reporter=Leaving(), parallel=2).run(
            _jobs(steps, volumes)
        )
    assert time.monotonic() - began < 20

    # The thread that was under way ends at the path's next wait.
    release.set()
    assert left_behind.wait(_PATIENCE)


class _Broken(Reporter):
    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        raise KeyError("a bug")

    def ended(self, result: paths.MoveResult) -> None:
        raise KeyError("a bug")


def test_a_bug_in_a_reporter_leaves_no_move_halfway(
    caplog: pytest.LogCaptureFixture,
) -> None:
    volumes = _volumes(2)

    results = _engine(*volumes, reporter=_Broken(), parallel=2).run(
        _jobs(running.waits(2), volumes)
    )

    assert [r.outcome for r in results] == [paths.Outcome.DONE] * 2
    (said,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert said.getMessage() == (
        "the reporter failed (phase); the moves go on: KeyError('a bug')"
    )
