# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate show``."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes
from volmigrateclient.osc.plan import COLUMNS

if typing.TYPE_CHECKING:
    from volmigrateclient.core.planning import planner
    from volmigrateclient.core.planning.forecast import Forecast
    from volmigrateclient.core.planning.plan import Plan
    from volmigrateclient.osc.names import Names


class Show(command.Lister):
    columns = COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("shown"),
        exit_codes.FAILED: _("it could not be read or judged"),
        exit_codes.INCOMPLETE: _(
            "with --detailed-exitcode: shown, and some volumes are blocked "
            "or changed"
        ),
    }
    _description = _(
        "Show a plan, judged anew: what is done, moving, ready, blocked or "
        "changed; change nothing"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import (
            action_options,
            ahead_options,
            plan_options,
        )

        parser = super().get_parser(prog_name)
        parser.add_argument(
            "plan",
            metavar="<plan>",
            type=pathlib.Path,
            help=_("File that 'plan' or a strategy wrote (admin only)"),
        )
        action_options.add_data_options(parser)
        ahead_options.add_forecast(parser)
        parser.add_argument(
            "--html",
            metavar="<file>",
            type=pathlib.Path,
            help=_(
                "File to write a page to, for those who have to approve the "
                "plan; needs jinja2"
            ),
        )
        parser.add_argument(
            "--report",
            metavar="<file>",
            type=pathlib.Path,
            help=_("With --html: report of 'apply', to show what happened"),
        )
        parser.add_argument(
            "--remedies",
            metavar="<file>",
            type=pathlib.Path,
            help=_(
                "File to write what clears the blockers to, by project: a "
                "shell script to be reviewed"
            ),
        )
        parser.add_argument(
            "--detailed-exitcode",
            action="store_true",
            help=_("Exit with 3 if some volumes are blocked or changed"),
        )
        plan_options.add_long(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core.planning import forecast, review
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.core.planning.plan import read_plan
        from volmigrateclient.core.planning.planner import Readiness
        from volmigrateclient.osc import (
            action_options,
            ahead_options,
            apply_options,
            cloud,
            failures,
            names,
            plan_view,
            progress,
        )

        client_manager = self.app.client_manager
        now = datetime.datetime.now().astimezone()
        end = apply_options.end(parsed_args.until, now)
        with failures.for_the_user():
            admission = ahead_options.admission(
                parsed_args, apply_options.caps(parsed_args), end
            )
            plan = read_plan(parsed_args.plan)
            reported = _refuse_files(parsed_args)
            plan.refuse_other_cloud(
                cloud.auth_url(client_manager), cloud.region(client_manager)
            )
            connected = cloud.connect(client_manager)
            with progress.counting(self.app, _("judging")) as tell:
                found = review.review(
                    connected,
                    plan,
                    action_options.data_options(parsed_args),
                    tell,
                )
            known = names.of(connected, found.assessments)
            foreseen = forecast.of_outlook(found, Order.GIVEN, admission)
            for said in foreseen.sentences:
                self.say_last(said)
            self._write(plan, found, known, foreseen, reported, parsed_args)
        bad = (Readiness.BLOCKED, Readiness.CHANGED)
        if parsed_args.detailed_exitcode and any(
            one.readiness in bad for one in found.assessments
        ):
            self.exit_code = exit_codes.INCOMPLETE
        plan_view.show(self, found, known, parsed_args.long)
        return self.columns, [
            plan_view.row(one, known, foreseen) for one in found.assessments
        ]

    def _write(
        self,
        plan: Plan,
        found: planner.Outlook,
        known: Names,
        foreseen: Forecast,
        reported: Sequence[Mapping[str, Any]],
        parsed: argparse.Namespace,
    ) -> None:
        from volmigrateclient.core.planning import files
        from volmigrateclient.osc import page, remedies

        now = datetime.datetime.now(datetime.timezone.utc)
        at = f"{now:%Y-%m-%d %H:%M} UTC"
        if parsed.html:
            header = page.Header(
                parsed.plan.name,
                plan.auth_url
                + (f", region {plan.region_name}" if plan.region_name else ""),
                _when(plan.created_at),
                at,
                "; ".join(foreseen.sentences),
            )
            files.write(
                parsed.html, page.render(header, found, known, reported)
            )
            self.say_last(_("the page is in %s") % parsed.html)
        if parsed.remedies:
            files.write(
                parsed.remedies,
                remedies.script(
                    found.assessments,
                    known,
                    str(parsed.plan),
                    parsed.remedies.name,
                    at,
                ),
            )
            self.say_last(
                _("the remedies are in %s: review them before you run it")
                % parsed.remedies
            )


def _refuse_files(parsed: argparse.Namespace) -> list[dict[str, Any]]:
    """Find out before what is not to be found out after minutes.

    :returns: the rows of the report that was given
    """
    from volmigrateclient.core.model import errors
    from volmigrateclient.core.planning import files
    from volmigrateclient.osc import page, report

    for path in (parsed.html, parsed.remedies):
        if path is not None:
            files.refuse_unwritable(path)
    if files.same(parsed.html, parsed.remedies):
        raise errors.FailedError("--html and --remedies cannot be one file")
    html = parsed.html
    if html is not None and html.exists():
        # Its beginning is enough, and not all is text.
        with html.open("rb") as stream:
            ours = page.MARK.encode() in stream.read(1000)
        if not ours:
            raise errors.FailedError(
                f"{html} exists already and is no page of ours, so it is not "
                "replaced: name another file"
            )
    if parsed.remedies is not None and parsed.remedies.exists():
        raise errors.FailedError(
            f"{parsed.remedies} exists already and may have been reviewed, so "
            "it is not replaced: name another file"
        )
    if parsed.report is None:
        return []
    if not parsed.report.exists():
        raise errors.FailedError(f"there is no report {parsed.report}")
    return report.earlier(parsed.report)


def _when(written: str) -> str:
    """A time of a plan's header for people; whatever else as it is."""
    try:
        at = datetime.datetime.fromisoformat(written)
    except ValueError:
        return written
    if at.tzinfo is None:
        return written
    return f"{at.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"
