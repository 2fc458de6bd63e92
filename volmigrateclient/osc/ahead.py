# SPDX-License-Identifier: Apache-2.0

"""What ``apply`` has besides its moves: forecast, control, cordon, events."""

from __future__ import annotations

import collections
import contextlib
import datetime
import pathlib
import time
import typing
from collections.abc import Callable, Iterator, Sequence

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission, Limits
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.engine.throttle import Throttle
from volmigrateclient.core.planning.forecast import Forecast, forecast
from volmigrateclient.core.planning.plan import Plan
from volmigrateclient.osc import (
    ahead_options,
    control_socket,
    cordon,
    events,
    metrics,
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
        say: Say,
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
        self._say = say
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
                one = found.moves[job.volume_id]
                starts = (
                    None
                    if one.starts is None
                    else found.begins + datetime.timedelta(seconds=one.starts)
                )
                self._events.planned(
                    job.request.action, _known(job), starts, one.seconds
                )

    def over(
        self, results: Sequence[paths.MoveResult], exit_code: int, text: str
    ) -> None:
        """Say how it went.

        :param text: what people are told of the results
        """
        seconds = time.monotonic() - self._began
        done = [r for r in results if r.outcome is paths.Outcome.DONE]
        hindsight = self._hindsight(seconds, len(done))
        if hindsight is not None:
            self._say(hindsight)
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

    def _hindsight(self, seconds: float, done: int) -> str | None:
        """How good the forecast was; None where nothing was to be moved."""
        found = self._forecast
        if found is None or not done:
            return None
        count = sum(one.starts is not None for one in found.moves.values())
        if done != count or self.throttle.used:
            # Of something else than what then happened.
            return None
        return found.hindsight(seconds)


def _known(job: Job) -> model.PlannedVolume | None:
    if job.volume is not None:
        return model.PlannedVolume.of(job.volume)
    return job.planned


@contextlib.contextmanager
def of_run(
    parsed: argparse.Namespace,
    plan: Plan,
    file: pathlib.Path | None,
    limits: Limits,
    until: datetime.datetime | None,
    say: Say,
    stderr: typing.Any,
    complain: Say,
) -> Iterator[Ahead]:
    """A run of a plan, with all that the options ask for.

    :param file: the plan's; None came through a pipe, and is not controlled
    :param until: when all has to be over; None is never
    :param say: tells people something that is no error
    :param stderr: for ``--events -``
    :param complain: told of what could not be written; the moves went on
    :raises MigrateError: something cannot be; nothing was done
    """
    admission = Admission(
        limits,
        ahead_options.window(parsed, until),
        ahead_options.pace(parsed),
    )
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
        run = Ahead(plan, admission, say, told, counted)
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
