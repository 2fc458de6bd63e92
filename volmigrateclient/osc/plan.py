# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate plan``."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import typing
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options, command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core.planning import planner
    from volmigrateclient.core.planning.selection import Selection

_COLUMNS = (
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
)


class Plan(command.Lister):
    columns = _COLUMNS
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
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_selection(parser)
        to = parser.add_mutually_exclusive_group(required=True)
        to.add_argument(
            "--destination-node",
            metavar="<host@backend#pool>",
            type=_given,
            action="append",
            default=[],
            help=_(
                "Pool to move to; repeat for several, which are filled in "
                "this order as far as they have room"
            ),
        )
        to.add_argument(
            "--destination-type",
            metavar="<volume-type>",
            type=_given,
            help=_("Volume type to give the volumes (name or ID)"),
        )
        action_options.add_data_options(parser)
        parser.add_argument(
            "--order",
            choices=("listed", "smallest", "largest"),
            default="listed",
            help=_(
                "Which volumes go first (default: listed, as Cinder lists "
                "them)"
            ),
        )
        parser.add_argument(
            "--output",
            metavar="<file>",
            type=pathlib.Path,
            help=_(
                "File to write the plan to, for 'apply'; all but what is "
                "there already"
            ),
        )
        parser.add_argument(
            "--reverse",
            metavar="<file>",
            type=pathlib.Path,
            help=_(
                "File to write the plan to that moves everything back: to the "
                "pool, or to the type, for which Cinder chooses the pool"
            ),
        )
        parser.add_argument(
            "--detailed-exitcode",
            action="store_true",
            help=_("Exit with 3 if some volumes are blocked"),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core import model
        from volmigrateclient.core.planning import files, planner
        from volmigrateclient.core.planning.order import Order
        from volmigrateclient.core.planning.plan import (
            Plan,
            PlannedAction,
            refuse_output,
            refuse_reverse,
            write_plan,
        )
        from volmigrateclient.core.planning.selection import find_project
        from volmigrateclient.osc import cloud, failures, progress

        if files.same(parsed_args.output, parsed_args.reverse):
            raise exceptions.CommandError(
                _("--output and --reverse cannot be one file")
            )
        client_manager = self.app.client_manager
        with failures.for_the_user():
            connected = cloud.connect(client_manager)
            place = (
                cloud.auth_url(client_manager),
                cloud.region(client_manager),
            )
            earlier = None
            # What can be known before is not found out after minutes.
            if parsed_args.output:
                refuse_output(parsed_args.output)
            if parsed_args.reverse:
                earlier = refuse_reverse(parsed_args.reverse, *place)
            selected = _selection(
                parsed_args,
                tuple(
                    find_project(connected, name, parsed_args.project_domain)
                    for name in parsed_args.project
                ),
            )
            found = planner.plan(
                connected,
                selected,
                planner.Destination(
                    tuple(parsed_args.destination_node),
                    parsed_args.destination_type,
                ),
                Order.named(parsed_args.order),
                model.Options(
                    allow_relabel=parsed_args.allow_relabel,
                    force_host_copy=parsed_args.force_host_copy,
                ),
            )
            written = Plan(
                auth_url=place[0],
                region_name=place[1],
                created_at=datetime.datetime.now(
                    datetime.timezone.utc
                ).isoformat(timespec="seconds"),
                selection=selected.to_mapping(),
                steps=tuple(
                    PlannedAction(
                        one.action, model.PlannedVolume.of(one.volume)
                    )
                    for one in found
                    if one.readiness is not planner.Readiness.ALREADY_THERE
                ),
            )
            # The way back first: nothing is to go where none leads back.
            if parsed_args.reverse:
                back = written.reversed()
                write_plan(
                    back.after(earlier) if earlier else back,
                    parsed_args.reverse,
                )
            if parsed_args.output:
                write_plan(written, parsed_args.output)
        progress.note(self.app, _counted(found))
        if parsed_args.detailed_exitcode and any(
            one.readiness is planner.Readiness.BLOCKED for one in found
        ):
            self.exit_code = exit_codes.INCOMPLETE
        return _COLUMNS, [_row(one) for one in found]


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source-node",
        metavar="<node>",
        type=_given,
        action="append",
        default=[],
        help=_(
            "Only volumes on this pool (host@backend#pool), backend "
            "(host@backend) or host; repeat for several"
        ),
    )
    parser.add_argument(
        "--source-type",
        metavar="<volume-type>",
        type=_given,
        action="append",
        default=[],
        help=_("Only volumes of this type (name or ID); repeat for several"),
    )
    parser.add_argument(
        "--project",
        metavar="<project>",
        type=_given,
        action="append",
        default=[],
        help=_(
            "Only volumes of this project (name or ID); repeat for several"
        ),
    )
    parser.add_argument(
        "--project-domain",
        metavar="<domain>",
        type=_given,
        help=_(
            "Domain of the projects (name or ID), for when several have a "
            "project of that name"
        ),
    )
    attached = parser.add_mutually_exclusive_group()
    attached.add_argument(
        "--attached",
        action="store_true",
        default=None,
        help=_("Only attached volumes"),
    )
    attached.add_argument(
        "--detached",
        dest="attached",
        action="store_false",
        help=_("Only detached volumes"),
    )
    parser.add_argument(
        "--name",
        metavar="<pattern>",
        action="append",
        default=[],
        help=_(
            "Only volumes whose name fits; * stands for any text, ? for one "
            "letter; repeat for several"
        ),
    )
    parser.add_argument(
        "--min-size",
        metavar="<gib>",
        type=_gib,
        help=_("Only volumes of at least this many GiB"),
    )
    parser.add_argument(
        "--max-size",
        metavar="<gib>",
        type=_gib,
        help=_("Only volumes of at most this many GiB"),
    )
    parser.add_argument(
        "--without-property",
        metavar="<key[=value]>",
        type=_given,
        action="append",
        default=[],
        help=_("Leave out volumes with this property; repeat for several"),
    )


def _selection(
    parsed: argparse.Namespace, project_ids: tuple[str, ...]
) -> Selection:
    from volmigrateclient.core.planning.selection import Selection

    chosen = Selection(
        source_nodes=tuple(parsed.source_node),
        source_types=tuple(parsed.source_type),
        project_ids=project_ids,
        attached=parsed.attached,
        names=tuple(parsed.name),
        min_size=parsed.min_size,
        max_size=parsed.max_size,
        without=tuple(parsed.without_property),
    )
    if not chosen.to_mapping():
        # All volumes of a cloud is nothing that is meant by saying nothing.
        raise exceptions.CommandError(
            _(
                "name what to move: at least one of --source-node, "
                "--source-type, --project, --attached, --detached, --name, "
                "--min-size, --max-size, --without-property"
            )
        )
    return chosen


def _given(text: str) -> str:
    """A value that is not empty: a script's variable may have none."""
    if not text:
        raise argparse.ArgumentTypeError(_("it is empty"))
    return text


def _gib(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            _("'%s' is not a number of GiB") % text
        )
    return int(text)


def _counted(found: Sequence[planner.Assessment]) -> str:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.readiness.value] = counts.get(one.readiness.value, 0) + 1
    size = sum(one.volume.size for one in found)
    told = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    return f"{len(found)} volumes, {size} GiB: {told or 'no volume matches'}"


def _row(one: planner.Assessment) -> tuple[Any, ...]:
    volume, action = one.volume, one.action
    return (
        volume.id,
        volume.name,
        volume.project_id,
        ", ".join(a.server_id for a in volume.attachments if a.server_id),
        volume.size,
        volume.host if action.destination_node else volume.type_name,
        action.destination_node or action.destination_type,
        action.migration_type,
        one.readiness.value,
        "; ".join(one.reasons),
    )
