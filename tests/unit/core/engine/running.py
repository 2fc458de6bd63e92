# SPDX-License-Identifier: Apache-2.0

"""What the engine's tests run: small paths, and a log of its events."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model, paths
from volmigrateclient.core.engine import Engine
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.engine.servers import BusyServers
from volmigrateclient.core.engine.throttle import (
    Answer,
    Instruction,
    Throttle,
    Verb,
)
from volmigrateclient.core.engine.window import Period, Window
from volmigrateclient.core.model import errors

#: A Monday.
NOON = datetime.datetime(2026, 1, 5, 12).astimezone()

DONE = paths.Ending(paths.Outcome.DONE)


class Log(Reporter):
    """Writes down every event with its second."""

    def __init__(self, clock: scripted_cloud.ScriptedClock) -> None:
        self._clock = clock
        self.events: list[tuple[float, str, Any]] = []

    def _write(self, event: str, what: Any) -> None:
        self.events.append((self._clock.time, event, what))

    def of(self, event: str) -> list[Any]:
        return [what for _, name, what in self.events if name == event]

    def at(self, event: str) -> list[float]:
        return [second for second, name, _ in self.events if name == event]

    def started(self, move: paths.Move) -> None:
        self._write("started", move.before.volume.id)

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._write("phase", (move.action.resource_id, phase))

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._write("waiting", dict(caps))

    def warning(self, move: paths.Move, text: str) -> None:
        self._write("warning", text)

    def retrying(self, text: str) -> None:
        self._write("retrying", text)

    def note(self, text: str) -> None:
        self._write("note", text)

    def ended(self, result: paths.MoveResult) -> None:
        self._write("ended", result.action.resource_id)


class Bench:
    """An engine with a cloud in memory and a clock that we move."""

    def __init__(
        self,
        *volumes: model.Volume,
        periods: Sequence[Period] = (),
        **limits: Any,
    ) -> None:
        self.cloud = scripted_cloud.ScriptedCloud(*volumes)
        self.clock = scripted_cloud.ScriptedClock()
        self.log = Log(self.clock)
        self.admission = Admission(
            Limits(**limits),
            Window(periods, now=self.wall_clock),
            servers=BusyServers(),
        )
        self.throttle = Throttle(
            self.admission, {volume.id: volume.name for volume in volumes}
        )
        self.engine = Engine(
            self.cloud.core,
            self.log,
            self.clock,
            self.admission,
            self.throttle,
            workers=1,
        )

    def wall_clock(self) -> datetime.datetime:
        """The time: at second 0 it was Monday noon."""
        return NOON + datetime.timedelta(seconds=self.clock.time)

    def tell(self, at: float, verb: str, **more: Any) -> list[Answer]:
        """Have somebody say something at a second; what he was answered."""
        answers: list[Answer] = []

        def say() -> None:
            asked = self.throttle.tell(Instruction(Verb(verb), **more))
            asked.add_done_callback(lambda one: answers.append(one.result()))

        self.clock.at(at, say)
        return answers

    def run(self, *jobs: Job) -> list[tuple[str, str]]:
        """The outcome and the reason of each."""
        return [
            (result.outcome.value, result.reason)
            for result in self.engine.run(jobs)
        ]


def waits(
    times: int, ending: paths.Ending = DONE, seen: list[Any] | None = None
) -> Callable[[paths.Move], paths.Steps]:
    """A path that looks at its volume so many times.

    :param seen: gets the second of each look, and the name of each signal
    """

    def steps(move: paths.Move) -> paths.Steps:
        try:
            for _ in range(times):
                reading = yield paths.Wait(
                    (move.action.resource_id,), "looking"
                )
                if seen is not None:
                    seen.append(reading.at)
        except errors.StopWaiting as signal:
            if seen is not None:
                seen.append(type(signal).__name__)
            raise
        return ending

    return steps


def does(what: Callable[[paths.Move], None]) -> Any:
    """A path that looks once and then does something."""

    def steps(move: paths.Move) -> paths.Steps:
        yield paths.Wait((move.action.resource_id,), "looking")
        what(move)
        return DONE

    return steps


def job(
    steps: Callable[[paths.Move], paths.Steps],
    volume: model.Volume | None = None,
    timeout: float | None = None,
) -> Job:
    """A job that goes that way."""
    known = volume or builders.volume()
    return Job(
        builders.request(
            builders.migrate(resource_id=known.id), timeout=timeout
        ),
        volume=known,
        steps=steps,
    )
