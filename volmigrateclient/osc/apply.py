# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate apply``."""

from __future__ import annotations

import argparse
import datetime
import functools
import pathlib
import sys
import typing
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths
    from volmigrateclient.core.cloud import Cloud
    from volmigrateclient.core.engine.admission import Admission
    from volmigrateclient.core.engine.job import Job
    from volmigrateclient.core.planning.plan import Plan
    from volmigrateclient.osc import progress
    from volmigrateclient.osc.ahead import Ahead, Say
    from volmigrateclient.osc.names import Names

_COLUMNS = (
    "ID",
    "Name",
    "Project",
    "Server",
    "Size",
    "From",
    "To",
    "Type",
    "Path",
    "Result",
    "Seconds",
    "Reason",
    "Warnings",
)

#: For a plan that comes through a pipe.
_STDIN = "-"


class Apply(command.Lister):
    columns = _COLUMNS
    prose = ("Reason",)
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("every volume is where it was to go"),
        exit_codes.FAILED: _(
            "some move failed, or is not known to have ended"
        ),
        exit_codes.INCOMPLETE: _(
            "nothing failed, but some volumes are blocked or were not started"
        ),
    }
    _description = _(
        "Carry out a plan; run it again to resume where it stopped"
    )

    #: Volumes of which the question said what blocks them.
    _told_blocked: Sequence[str] = ()
    _told_to_stop = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import (
            ahead_options,
            apply_options,
            plan_options,
        )

        parser = super().get_parser(prog_name)
        apply_options.add(parser)
        ahead_options.add_pace(parser)
        ahead_options.add_window(parser)
        ahead_options.add_run(parser)
        plan_options.add_long(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.osc import (
            ahead,
            ahead_options,
            apply_options,
            approval,
            cloud,
            failures,
            report,
        )

        client_manager = self.app.client_manager
        now = datetime.datetime.now().astimezone()
        end = apply_options.end(parsed_args.until, now)
        if parsed_args.events == "-":
            # stderr is for programs then.
            self.app.options.verbose_level = 0
        with failures.for_the_user():
            if parsed_args.plan == _STDIN:
                approval.refuse_unasked(parsed_args.auto_approve, True)
            plan = _read(parsed_args.plan)
            report.refuse(parsed_args.report, pathlib.Path(parsed_args.plan))
            ahead.refuse_files(parsed_args)
            admission = ahead_options.admission(
                parsed_args, apply_options.limits(parsed_args), end
            )
            plan.refuse_other_cloud(
                cloud.auth_url(client_manager),
                cloud.region(client_manager),
            )
            approval.refuse_unasked(parsed_args.auto_approve)
            connected = cloud.connect(client_manager)
            if not self._approved(
                connected, plan, parsed_args, end, admission
            ):
                self.exit_code = exit_codes.INCOMPLETE
                self.screen = []
                self.say_last(_("nothing was started"))
                return _COLUMNS, []
            results = self._carry_out(connected, plan, parsed_args, admission)
        self.exit_code = self._code(results) or self.exit_code
        return _COLUMNS, self._shown(connected, results, parsed_args)

    def _code(self, results: Sequence[paths.MoveResult]) -> int:
        if self._told_to_stop:
            return exit_codes.INTERRUPTED
        return exit_codes.of_plan({result.outcome for result in results})

    def _approved(
        self,
        connected: Cloud,
        plan: Plan,
        parsed: argparse.Namespace,
        end: datetime.datetime | None,
        admission: Admission,
    ) -> bool:
        """Show what is about to be done, and ask."""
        from volmigrateclient.core.planning import forecast, review, summary
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.core.planning.planner import Readiness
        from volmigrateclient.osc import (
            action_options,
            apply_options,
            approval,
            frame,
            layout,
            plan_view,
            progress,
            terminal,
        )

        rules = frame.rules(
            apply_options.limits(parsed),
            parsed.canary,
            end,
            datetime.datetime.now().astimezone(),
            parsed.window,
        )
        if parsed.auto_approve:
            live = frame.live_moves(
                step.action for step in plan.steps if not step.blocked_by
            )
            for text in (frame.planned(plan), *rules, *live):
                progress.note(self.app, text)
            return True
        with progress.counting(self.app, _("reviewing the plan")) as tell:
            found = review.review(
                connected, plan, action_options.data_options(parsed), tell
            )
        self._told_blocked = [
            one.action.resource_id
            for one in found.assessments
            if one.readiness is Readiness.BLOCKED
        ]
        numbers = summary.summarize(found)
        width = terminal.size_of(self.app.stderr).width
        for part in plan_view.numbers_of(numbers, width):
            progress.note(self.app, "\n".join([*part, ""]))
        told = [
            plan_view.total(numbers),
            *rules,
            *frame.live_moves(
                one.action
                for one in found.assessments
                if one.readiness is Readiness.READY
            ),
            *forecast.of_outlook(
                found, Order.named(parsed.order), admission
            ).sentences,
        ]
        for text in told:
            progress.note(self.app, "\n".join(layout.wrapped(text, width)))
        if not (
            numbers.of(Readiness.READY).volumes
            or numbers.of(Readiness.MOVING).volumes
        ):
            return True  # it ends without a move, and says why
        return approval.ask(self.app, frame.question(numbers))

    def _carry_out(
        self,
        connected: Cloud,
        plan: Plan,
        parsed: argparse.Namespace,
        admission: Admission,
    ) -> Sequence[paths.MoveResult]:
        """Move everything, with a cordon and what else was asked for."""
        from volmigrateclient.osc import ahead, progress

        output = progress.Output(self.app.stderr)
        say = functools.partial(progress.note, self.app)
        file = None if parsed.plan == _STDIN else pathlib.Path(parsed.plan)
        with (
            ahead.of_run(
                parsed, plan, file, admission, output, say, self._complain
            ) as run,
            ahead.cordoned(parsed, connected, plan, file, say),
        ):
            results = self._moved(connected, plan, parsed, output, run)
            text = _summary(connected, plan, results)
            for said in (*run.over(results, self._code(results), text), text):
                self.say_last(said)
        return results

    def _moved(
        self,
        connected: Cloud,
        plan: Plan,
        parsed: argparse.Namespace,
        output: progress.Output,
        run: Ahead,
    ) -> Sequence[paths.MoveResult]:
        from volmigrateclient.core.cloud.cached import share_answers
        from volmigrateclient.core.engine import Engine
        from volmigrateclient.core.planning.apply import apply_plan
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.osc import (
            action_options,
            dashboard,
            interrupts,
            report,
        )

        asked = not parsed.auto_approve
        with (
            report.to(parsed.report, self._complain) as reported,
            dashboard.reporter(
                self.app,
                output,
                plan.steps,
                run.admission,
                dashboard.Many(reported, *run.reporters),
                self._told_blocked,
            ) as reporter,
        ):
            engine = Engine(
                share_answers(connected),
                reporter,
                admission=run.admission,
                throttle=run.throttle,
            )
            with interrupts.stop_on_signal(
                engine, output, gently=True
            ) as told:
                results = apply_plan(
                    engine,
                    plan,
                    parsed.canary,
                    Order.named(parsed.order),
                    action_options.data_options(parsed),
                    lambda jobs: self._expect(
                        run, jobs, None if asked else reporter.note
                    ),
                )
            self._told_to_stop = bool(told)
        return results

    def _expect(
        self, run: Ahead, jobs: Sequence[Job], say: Say | None
    ) -> None:
        """Have it said how long the moves take, unless the question did."""
        run.expect(
            [job for job in jobs if job.volume_id not in self._told_blocked],
            say or (lambda text: None),
        )

    def _complain(self, text: str) -> None:
        self.app.stderr.write(f"{text}\n")
        self.exit_code = 1

    def _shown(
        self,
        connected: Cloud,
        results: Sequence[paths.MoveResult],
        parsed: argparse.Namespace,
    ) -> list[tuple[Any, ...]]:
        from volmigrateclient.osc import apply_view, names, terminal

        if self.on_screen:
            size = terminal.size_of(self.app.stdout)
            self.screen = (
                apply_view.every_move(results, size.width)
                if parsed.long
                else apply_view.screen(results, size)
            )
            return []
        known = names.Names(names.projects_of(connected, parsed.formatter))
        return [_row(result, known) for result in results]


def _read(plan: str) -> Plan:
    from volmigrateclient.core.planning.plan import read_plan, read_plan_from

    if plan == _STDIN:
        return read_plan_from(sys.stdin.buffer, _("standard input"))
    return read_plan(pathlib.Path(plan))


def _summary(
    connected: Cloud,
    plan: Plan,
    results: Sequence[paths.MoveResult],
) -> str:
    from volmigrateclient.core.model import errors
    from volmigrateclient.core.planning import nodes
    from volmigrateclient.core.planning.apply import remainder
    from volmigrateclient.osc import apply_view

    text = apply_view.total(results)
    for node in plan.source_nodes:
        were = [r.source_node for r in results if r.outcome.success]
        were += [step.planned.host for step in plan.steps if step.planned]
        known = any(nodes.is_at(host, node) for host in were)
        try:
            text += f"; {remainder(connected, node, known).text}"
        except errors.CloudError as error:
            text += f"; what remains on {node} is not known: {error}"
    return text


def _row(result: paths.MoveResult, known: Names) -> tuple[Any, ...]:
    from volmigrateclient.osc import names

    return (
        result.volume_id,
        result.volume_name,
        names.NamedColumn(result.project_id, known.project(result.project_id)),
        names.NamedColumn(
            result.server_id, result.server_name or result.server_id or ""
        ),
        result.size,
        result.source_node,
        result.destination_node,
        result.destination_type,
        result.path.value,
        result.outcome.value,
        round(result.elapsed, 1),
        result.detail,
        names.TextsColumn(result.warnings),
    )
