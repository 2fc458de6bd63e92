# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate apply``."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options, command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths
    from volmigrateclient.core.cloud import Cloud
    from volmigrateclient.core.engine.admission import Limits
    from volmigrateclient.core.engine.window import Window
    from volmigrateclient.core.planning.plan import Plan

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
)


class Apply(command.Lister):
    columns = _COLUMNS
    prose = ("Reason",)
    _description = _(
        "Carry out a plan; run it again to resume where it stopped"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "plan",
            metavar="<plan>",
            type=pathlib.Path,
            help=_("File that 'plan' or a strategy wrote (admin only)"),
        )
        _add_limits(parser)
        action_options.add_data_options(parser)
        parser.add_argument(
            "--order",
            choices=("planned", "smallest", "largest"),
            default="planned",
            help=_("Which volumes go first (default: planned)"),
        )
        parser.add_argument(
            "--canary",
            metavar="<number>",
            type=_count,
            default=0,
            help=_(
                "Move this many volumes first, one for each source, "
                "destination and migration type, and continue only if all "
                "are verified "
                "(default: 0)"
            ),
        )
        parser.add_argument(
            "--until",
            metavar="<hh:mm>",
            type=_time_of_day,
            help=_(
                "Start nothing that is not expected to end by this local "
                "time, judged by the moves so far"
            ),
        )
        parser.add_argument(
            "--report",
            metavar="<file>",
            type=pathlib.Path,
            help=_(
                "File for what becomes of each volume, added to what an "
                "earlier report has: JSON lines (.jsonl) while it runs, and "
                "at the end CSV (.csv) or JSON (.json) if it is named so"
            ),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core.planning.plan import read_plan
        from volmigrateclient.osc import cloud, failures, progress, report

        client_manager = self.app.client_manager
        with failures.for_the_user():
            plan = read_plan(parsed_args.plan)
            report.refuse(parsed_args.report, parsed_args.plan)
            plan.refuse_other_cloud(
                cloud.auth_url(client_manager),
                cloud.region(client_manager),
            )
            connected = cloud.connect(client_manager)
            results = self._carry_out(connected, plan, parsed_args)
            progress.note(self.app, _summary(connected, plan, results))
        code = exit_codes.of({result.outcome for result in results})
        if self._told_to_stop:
            code = exit_codes.INTERRUPTED
        self.exit_code = code or self.exit_code
        return _COLUMNS, [_row(result) for result in results]

    def _carry_out(
        self,
        connected: Cloud,
        plan: Plan,
        parsed: argparse.Namespace,
    ) -> Sequence[paths.MoveResult]:
        from volmigrateclient.core import model
        from volmigrateclient.core.cloud.cached import share_answers
        from volmigrateclient.core.engine import Engine
        from volmigrateclient.core.engine.admission import (
            Admission,
        )
        from volmigrateclient.core.planning.apply import (
            apply_plan,
        )
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.osc import (
            dashboard,
            interrupts,
            progress,
            report,
        )

        admitted = Admission(_limits(parsed), _window(parsed.until))
        output = progress.Output(self.app.stderr)
        with (
            report.to(parsed.report, self._complain) as reported,
            dashboard.reporter(
                self.app, output, plan, admitted.durations, reported
            ) as reporter,
        ):
            engine = Engine(
                share_answers(connected),
                reporter,
                admission=admitted,
            )
            with interrupts.stop_on_signal(
                engine, output, gently=True
            ) as told:
                results = apply_plan(
                    engine,
                    plan,
                    parsed.canary,
                    Order.named(parsed.order),
                    model.Options(
                        allow_relabel=parsed.allow_relabel,
                        force_host_copy=parsed.force_host_copy,
                    ),
                )
            self._told_to_stop = bool(told)
        return results

    def _complain(self, text: str) -> None:
        self.app.stderr.write(f"{text}\n")
        self.exit_code = 1


def _add_limits(parser: argparse.ArgumentParser) -> None:
    for options, default, text in (
        (("--max-parallel",), 4, _("Moves at once, in all (default: 4)")),
        (
            ("--max-per-source",),
            None,
            _("Moves at once from one pool (default: no limit of its own)"),
        ),
        (
            ("--max-per-destination",),
            None,
            _(
                "Moves at once to one pool, or to one type (default: no "
                "limit of its own); a server never has two at once"
            ),
        ),
        (
            ("--stop-after-failures",),
            None,
            _(
                "Start nothing more after this many failed moves (default: no "
                "limit)"
            ),
        ),
        (
            # The second is its name in the first release.
            ("--stop-route-after-failures", "--stop-lane-after-failures"),
            3,
            _(
                "Start nothing more from one pool to another (or to one "
                "type) after this many failed moves there; the others go on "
                "(default: 3)"
            ),
        ),
    ):
        parser.add_argument(
            *options,
            metavar="<number>",
            type=_positive,
            default=default,
            help=text,
        )


def _limits(parsed: argparse.Namespace) -> Limits:
    from volmigrateclient.core.engine.admission import Limits

    return Limits(
        parallel=parsed.max_parallel,
        per_source=parsed.max_per_source,
        per_destination=parsed.max_per_destination,
        failures=parsed.stop_after_failures,
        failures_per_route=parsed.stop_route_after_failures,
    )


def _window(until: datetime.time | None) -> Window | None:
    from volmigrateclient.core.engine import window

    if until is None:
        return None
    now = datetime.datetime.now().astimezone()
    end = now.replace(
        hour=until.hour, minute=until.minute, second=0, microsecond=0
    )
    if end <= now:
        end += datetime.timedelta(days=1)
    return window.until(end)


def _summary(
    connected: Cloud,
    plan: Plan,
    results: Sequence[paths.MoveResult],
) -> str:
    from volmigrateclient.core import paths
    from volmigrateclient.core.model import errors
    from volmigrateclient.core.planning import nodes
    from volmigrateclient.core.planning.apply import remainder

    counts: dict[paths.Outcome, int] = {}
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    done = counts.pop(paths.Outcome.DONE, 0)
    told = [f"{done} of {len(results)} done"]
    told += [f"{number} {outcome.value}" for outcome, number in counts.items()]
    text = ", ".join(told)
    for node in plan.source_nodes:
        were = [r.source_node for r in results if r.outcome.success]
        were += [step.planned.host for step in plan.steps if step.planned]
        known = any(nodes.is_at(host, node) for host in were)
        try:
            text += f"; {remainder(connected, node, known).text}"
        except errors.CloudError as error:
            text += f"; what remains on {node} is not known: {error}"
    return text


def _row(result: paths.MoveResult) -> tuple[Any, ...]:
    return (
        result.volume_id,
        result.volume_name,
        result.project_id,
        result.server_id,
        result.size,
        result.source_node,
        result.destination_node,
        result.destination_type,
        result.path.value,
        result.outcome.value,
        round(result.elapsed, 1),
        "; ".join(filter(None, (result.reason, *result.warnings))),
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(_("'%s' is not a number") % text)
    return int(text)


def _positive(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise argparse.ArgumentTypeError(_("it must be 1 or more"))
    return number


def _time_of_day(text: str) -> datetime.time:
    try:
        return datetime.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("'%s' is not a time of day like 06:00") % text
        ) from None
