# SPDX-License-Identifier: Apache-2.0

"""What the engine's tests fly: small paths, and a log of what was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import action as action_
from volmigrateclient.core import admission, engine, errors, job, model
from volmigrateclient.core import move as move_
from volmigrateclient.core import reporter as reporter_

DONE = move_.Ending(move_.Outcome.DONE)


class Log(reporter_.Reporter):
    """Writes down every event with its second.

    :param breaks_at: the event on which its reader has gone
    """

    def __init__(
        self, clock: scripted_cloud.Clock, breaks_at: str = ""
    ) -> None:
        self._clock = clock
        self._breaks_at = breaks_at
        self.events: list[tuple[float, str, Any]] = []

    def _write(self, event: str, what: Any) -> None:
        self.events.append((self._clock.time, event, what))
        if event == self._breaks_at:
            raise BrokenPipeError

    def of(self, event: str) -> list[Any]:
        return [what for _, name, what in self.events if name == event]

    def at(self, event: str) -> list[float]:
        return [second for second, name, _ in self.events if name == event]

    def started(self, move: move_.Move) -> None:
        self._write("started", move.before.volume.id)

    def phase(self, move: move_.Move, phase: str, elapsed: float) -> None:
        self._write("phase", (move.action.resource_id, phase))

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._write("waiting", dict(caps))

    def warning(self, move: move_.Move, text: str) -> None:
        self._write("warning", text)

    def trouble(self, text: str) -> None:
        self._write("trouble", text)

    def ended(self, result: move_.MoveResult) -> None:
        self._write("ended", result.action.resource_id)


class Field:
    """An engine with a cloud in memory and a clock that we move."""

    def __init__(
        self,
        *volumes: model.Volume,
        breaks_at: str = "",
        **limits: Any,
    ) -> None:
        self.cloud = scripted_cloud.Cloud(*volumes)
        self.clock = scripted_cloud.Clock()
        self.log = Log(self.clock, breaks_at)
        self.engine = engine.Engine(
            self.cloud.core,
            self.log,
            self.clock,
            admission.Admission(admission.Limits(**limits)),
        )

    def fly(self, *jobs: job.Job) -> list[tuple[str, str]]:
        """The outcome and the reason of each."""
        return [
            (result.outcome.value, result.reason)
            for result in self.engine.run(jobs)
        ]


def waits(
    times: int, ending: move_.Ending = DONE, seen: list[Any] | None = None
) -> Callable[[move_.Move], move_.Steps]:
    """A path that looks at its volume so many times.

    :param seen: gets the second of each look, and the name of each signal
    """

    def steps(move: move_.Move) -> move_.Steps:
        try:
            for _ in range(times):
                reading = yield move_.Wait(
                    (move.action.resource_id,), "looking"
                )
                if seen is not None:
                    seen.append(reading.at)
        except errors.HandOver as signal:
            if seen is not None:
                seen.append(type(signal).__name__)
            raise
        return ending

    return steps


def does(what: Callable[[move_.Move], None]) -> Any:
    """A path that looks once and then does something."""

    def steps(move: move_.Move) -> move_.Steps:
        yield move_.Wait((move.action.resource_id,), "looking")
        what(move)
        return DONE

    return steps


def flight(
    steps: Callable[[move_.Move], move_.Steps],
    volume: model.Volume | None = None,
    timeout: float | None = None,
) -> job.Job:
    """A job that goes that way."""
    known = volume or builders.volume()
    return job.Job(
        builders.migrate(resource_id=known.id),
        action_.Options(timeout=timeout),
        volume=known,
        steps=steps,
    )
