# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate plan``."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import shlex
import typing
from collections.abc import Iterable
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core.cloud import Cloud
    from volmigrateclient.core.planning import planner
    from volmigrateclient.core.planning.plan import Plan as Written
    from volmigrateclient.core.planning.selection import Selection


COLUMNS = (
    "ID",
    "Name",
    "Project",
    "Server",
    "Size",
    "From",
    "To",
    "Migration Type",
    "Verdict",
    "Reasons",
    "Expected Start",
    "Expected Seconds",
)


class Plan(command.Lister):
    columns = COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("planned"),
        exit_codes.FAILED: _("it could not be planned"),
        exit_codes.INCOMPLETE: _(
            "with --detailed-exitcode: planned, and some volumes are blocked"
        ),
    }
    _description = _(
        "Plan the moves of many volumes, with everything that blocks "
        "each; change nothing"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import plan_options

        parser = super().get_parser(prog_name)
        plan_options.add(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core.planning import forecast, planner
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.core.planning.selection import find_project
        from volmigrateclient.osc import (
            ahead_options,
            apply_options,
            cloud,
            failures,
            names,
            plan_options,
            plan_view,
        )

        now = datetime.datetime.now().astimezone()
        end = apply_options.end(parsed_args.until, now)
        with failures.for_the_user():
            admission = ahead_options.admission(
                parsed_args, apply_options.caps(parsed_args), end
            )
            connected = cloud.connect(self.app.client_manager)
            earlier = self._refuse_files(parsed_args)
            selected = plan_options.selection(
                parsed_args,
                tuple(
                    find_project(connected, name, parsed_args.project_domain)
                    for name in parsed_args.project
                ),
            )
            found = self._planned(connected, selected, parsed_args)
            self._say_no_nova(connected, found)
            foreseen = forecast.of_outlook(found, Order.GIVEN, admission)
            for said in foreseen.sentences:
                self.say_last(said)
            self._write(found, selected, earlier, parsed_args)
        if parsed_args.detailed_exitcode and any(
            one.readiness is planner.Readiness.BLOCKED
            for one in found.assessments
        ):
            self.exit_code = exit_codes.INCOMPLETE
        known = names.of(connected, found.assessments, parsed_args.formatter)
        plan_view.show(self, found, known, parsed_args.long)
        return self.columns, [
            plan_view.row(one, known, foreseen) for one in found.assessments
        ]

    def _say_no_nova(self, cloud: Cloud, found: planner.Outlook) -> None:
        """Say once that there is no Nova, and nobody who could be asked."""
        from volmigrateclient.core.model import errors
        from volmigrateclient.osc import progress

        if not found.assessments:
            return
        try:
            cloud.compute_version()
        except errors.ServiceMissingError as error:
            progress.note(
                self.app,
                _("%s; nobody was asked who has the volumes") % error,
            )

    def _place(self) -> tuple[str, str | None]:
        """By what a plan knows its cloud: Keystone's URL, and the region."""
        from volmigrateclient.osc import cloud

        manager = self.app.client_manager
        return cloud.auth_url(manager), cloud.region(manager)

    def _refuse_files(self, parsed: argparse.Namespace) -> Written | None:
        """Find out before what is not to be found out after minutes.

        :returns: the earlier way back, to which the new one is added
        """
        from volmigrateclient.core.planning import files
        from volmigrateclient.core.planning.plan import (
            refuse_output,
            refuse_reverse,
        )

        if files.same(parsed.output, parsed.reverse):
            raise exceptions.CommandError(
                _("--output and --reverse cannot be one file")
            )
        if parsed.output:
            refuse_output(parsed.output)
        if parsed.reverse:
            return refuse_reverse(parsed.reverse, *self._place())
        return None

    def _planned(
        self,
        connected: Cloud,
        selected: Selection,
        parsed: argparse.Namespace,
    ) -> planner.Outlook:
        from volmigrateclient.core.planning import planner
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.osc import action_options, progress

        if parsed.balance:
            return self._balanced(connected, selected, parsed)
        with progress.counting(self.app, _("assessing")) as tell:
            return planner.outlook(
                connected,
                selected,
                planner.Destination(
                    tuple(parsed.destination_node), parsed.destination_type
                ),
                Order.named(parsed.order),
                action_options.data_options(parsed),
                tell,
            )

    def _balanced(
        self,
        connected: Cloud,
        selected: Selection,
        parsed: argparse.Namespace,
    ) -> planner.Outlook:
        from volmigrateclient.core.planning import even
        from volmigrateclient.osc import action_options, ahead_options

        found, balance = even.plan(
            connected,
            selected,
            ahead_options.goal(parsed),
            action_options.data_options(parsed),
        )
        for said in balance.sentences:
            self.say_last(said)
        return found

    def _write(
        self,
        found: planner.Outlook,
        selected: Selection,
        earlier: Written | None,
        parsed: argparse.Namespace,
    ) -> None:
        from volmigrateclient.core.planning.plan import write_plan

        written = self._plan_of(found, selected)
        # The way back first: nothing is to go where none leads back.
        if parsed.reverse:
            back = written.reversed()
            write_plan(
                back.after(earlier) if earlier else back, parsed.reverse
            )
            self.say_last(_("the way back is in %s") % _quoted(parsed.reverse))
        if parsed.output:
            write_plan(written, parsed.output)
            self._say_next(written, parsed.output)

    def _plan_of(self, found: planner.Outlook, selected: Selection) -> Written:
        from volmigrateclient.core import model
        from volmigrateclient.core.planning import plan, planner

        auth_url, region_name = self._place()
        return plan.Plan(
            auth_url=auth_url,
            region_name=region_name,
            created_at=datetime.datetime.now(datetime.timezone.utc).isoformat(
                timespec="seconds"
            ),
            selection=selected.to_mapping(),
            steps=tuple(
                plan.PlannedAction(
                    one.action,
                    model.PlannedVolume.of(one.volume),
                    tuple(dict.fromkeys(c.name for c in one.blockers)),
                )
                for one in found.assessments
                if one.readiness is not planner.Readiness.ALREADY_THERE
            ),
        )

    def _say_next(self, written: Written, path: pathlib.Path) -> None:
        from volmigrateclient.osc import layout

        moves = layout.counted(len(written.steps), "move")
        self.say_last(
            _(
                "written to %(file)s (%(moves)s); next:\n"
                "  openstack volume watcher-migrate apply %(file)s"
            )
            % {"file": _quoted(path), "moves": moves}
        )


def _quoted(path: pathlib.Path) -> str:
    return shlex.quote(str(path))
