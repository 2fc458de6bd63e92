# SPDX-License-Identifier: Apache-2.0

"""What ``apply`` has besides its moves: forecast, control, cordon, events."""

from __future__ import annotations

import collections
import contextlib
import itertools
import pathlib
import time
import typing
from collections.abc import Callable, Iterator, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.engine.throttle import Throttle
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import files
from volmigrateclient.core.planning.forecast import Forecast, forecast
from volmigrateclient.core.planning.plan import Plan
from volmigrateclient.osc import (
    control_socket,
    cordon,
    events,
    metrics,
    progress,
)

if typing.TYPE_CHECKING:
    import argparse

#: What people are told.
Say = Callable[[str], None]


class Ahead:
    """A run that looks ahead.

    :ivar admission: caps, windows and pace of the run
    :ivar throttle: what the run is told from outside
    :ivar reporters: hear of everything, besides those for people
    """

    def __init__(
        self,
        plan: Plan,
        admission: Admission,
        told: events.Events | None,
        counted: metrics.Metrics | None,
    ) -> None:
        self.admission = admission
        self.throttle = Throttle(
            admission,
            {
                step.action.resource_id: step.planned.name
                if step.planned
                else None
                for step in plan.steps
            },
        )
        self._events = told
        self._metrics = counted
        self._began = time.monotonic()
        self._forecast: Forecast | None = None
        self.reporters: tuple[Reporter, ...] = tuple(
            one for one in (told, counted) if one is not None
        )

    def expect(self, jobs: Sequence[Job], say: Say) -> None:
        """Say how long the jobs will take that are about to be run.

        :param say: tells people while moves are shown, and events
        """
        found = forecast(
            jobs,
            self.admission.limits,
            self.admission.pace,
            self.admission.window,
        )
        self._began = time.monotonic()
        self._forecast = found
        for text in found.sentences:
            say(text)
        if self._metrics is not None and found.seconds:
            self._metrics.expected_end = found.ends.timestamp()
        if self._events is not None:
            for job in jobs:
                self._events.planned(
                    job.request.action,
                    _known(job),
                    found.starts_of(job.volume_id),
                    found.moves[job.volume_id].seconds,
                )

    def over(
        self, results: Sequence[paths.MoveResult], exit_code: int, text: str
    ) -> list[str]:
        """Say how it went.

        :param text: what people are told of the results
        :returns: what they are told besides: how good the forecast was
        """
        seconds = time.monotonic() - self._began
        done = [r for r in results if r.outcome is paths.Outcome.DONE]
        if self._events is not None:
            self._events.summary(
                collections.Counter(r.outcome.value for r in results),
                sum(result.size for result in done),
                seconds,
                self._forecast.seconds if self._forecast else None,
                exit_code,
                text,
            )
        if self._metrics is not None:
            self._metrics.over(exit_code)
        return self._hindsight(seconds, len(done))

    def _hindsight(self, seconds: float, done: int) -> list[str]:
        found = self._forecast
        if found is None or not done:
            return []
        count = sum(one.starts is not None for one in found.moves.values())
        if done != count or self.throttle.used:
            # It was of something else than what then happened.
            return []
        return [found.hindsight(seconds)]


def _known(job: Job) -> model.PlannedVolume | None:
    if job.volume is not None:
        return model.PlannedVolume.of(job.volume)
    return job.planned


def refuse_files(parsed: argparse.Namespace) -> None:
    """Let the files pass that events and metrics may be written to.

    :raises FailedError: one is the plan, the report or the other of them
    """
    named = {
        "the plan": pathlib.Path(parsed.plan),
        "the report": parsed.report,
        "--events": None
        if parsed.events in (None, "-")
        else pathlib.Path(parsed.events),
        "--metrics": parsed.metrics,
    }
    for one, other in itertools.combinations(named, 2):
        if files.same(named[one], named[other]):
            raise errors.FailedError(
                f"{named[other]} cannot be {one} and {other} at once"
            )


@contextlib.contextmanager
def of_run(
    parsed: argparse.Namespace,
    plan: Plan,
    file: pathlib.Path | None,
    admission: Admission,
    stderr: progress.Output,
    say: Say,
    complain: Say,
) -> Iterator[Ahead]:
    """A run of a plan, with all that the options ask for.

    :param file: the plan's; None came through a pipe, and is not controlled
    :param stderr: for ``--events -``
    :param say: tells people something that is no error
    :param complain: told of what could not be written; the moves go on
    :raises MigrateError: something cannot be; nothing was done
    """
    sizes = {
        step.action.resource_id: (step.planned.size or 0)
        if step.planned
        else 0
        for step in plan.steps
    }
    label = file.name if file is not None else "-"
    with (
        events.to(parsed.events, stderr, complain) as told,
        metrics.to(parsed.metrics, label, sizes, complain) as counted,
    ):
        run = Ahead(plan, admission, told, counted)
        if file is None:
            yield run
            return
        with control_socket.listening(file, run.throttle, say):
            yield run


def cordoned(
    parsed: argparse.Namespace,
    cloud: Cloud,
    plan: Plan,
    file: pathlib.Path | None,
    say: Say,
) -> contextlib.AbstractContextManager[None]:
    """The cordon that the options ask for, or that an earlier run left."""
    return cordon.around(
        cloud,
        plan,
        file.name if file is not None else "",
        parsed.cordon,
        parsed.keep_cordon,
        say,
    )
