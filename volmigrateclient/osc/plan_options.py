# SPDX-License-Identifier: Apache-2.0

"""The options of ``plan``: which volumes, and where they are to go."""

from __future__ import annotations

import argparse
import pathlib
import sys
import typing

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options, ahead_options

if typing.TYPE_CHECKING:
    from volmigrateclient.core.planning.selection import Selection


def add(parser: argparse.ArgumentParser) -> None:
    """Add all of them, group by group."""
    add_selection(parser)
    add_destination(parser)
    ahead_options.add_balance(parser)
    ahead_options.add_forecast(parser)
    add_output(parser)


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Where the volumes are to go, and in which order."""
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument(
        "--destination-node",
        metavar="<host@backend#pool>",
        type=_given,
        action="append",
        default=[],
        help=_(
            "Pool to move to, or a backend (host@backend) for all of its "
            "pools; repeat for several, which are filled in this order as "
            "far as they have room"
        ),
    )
    to.add_argument(
        "--destination-type",
        metavar="<volume-type>",
        type=_given,
        help=_("Volume type to give the volumes (name or ID)"),
    )
    to.add_argument(
        "--balance",
        action="store_true",
        help=_(
            "Even out the pools that serve --source-type: choose what to "
            "move, and where to"
        ),
    )
    action_options.add_data_options(parser)
    parser.add_argument(
        "--order",
        choices=("listed", "smallest", "largest"),
        default="listed",
        help=_(
            "Which volumes go first (default: listed, as Cinder lists them)"
        ),
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where the plan is written to, and what is shown of it."""
    parser.add_argument(
        "--output",
        metavar="<file>",
        type=pathlib.Path,
        help=_(
            "File to write the plan to, for 'apply'; all but what is there "
            "already"
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
    add_long(parser)


def add_long(parser: argparse.ArgumentParser) -> None:
    """How much is shown on a terminal."""
    parser.add_argument(
        "--long",
        action="store_true",
        help=_(
            "On a terminal: show every volume with its reasons, not only a "
            "screenful of those that need attention"
        ),
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Which volumes."""
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
        "--property",
        metavar="<key[=value]>",
        type=_given,
        action="append",
        default=[],
        help=_("Only volumes with this property; repeat for several"),
    )
    parser.add_argument(
        "--without-property",
        metavar="<key[=value]>",
        type=_given,
        action="append",
        default=[],
        help=_("Leave out volumes with this property; repeat for several"),
    )
    parser.add_argument(
        "--volumes",
        metavar="<file>",
        help=_(
            "Only volumes that this file lists by name or ID, one a line; - "
            "is standard input"
        ),
    )
    parser.add_argument(
        "--exclude",
        metavar="<volume>",
        type=_given,
        action="append",
        default=[],
        help=_(
            "Leave out this volume (ID, or name with * and ?); repeat for "
            "several"
        ),
    )
    parser.add_argument(
        "--limit",
        metavar="<number>",
        type=_number,
        help=_("Plan no more once this many moves are ready"),
    )


def selection(
    parsed: argparse.Namespace, project_ids: tuple[str, ...]
) -> Selection:
    """The selection that was given.

    :param project_ids: the IDs of the projects that were given
    """
    from volmigrateclient.core.planning.selection import Selection

    chosen = Selection(
        source_nodes=tuple(parsed.source_node),
        source_types=tuple(parsed.source_type),
        project_ids=project_ids,
        attached=parsed.attached,
        names=tuple(parsed.name),
        min_size=parsed.min_size,
        max_size=parsed.max_size,
        properties=tuple(parsed.property),
        without=tuple(parsed.without_property),
        volumes=_volumes(parsed.volumes) if parsed.volumes else (),
        excluded=tuple(parsed.exclude),
        limit=parsed.limit,
    )
    if not chosen.to_mapping().keys() - {"excluded", "limit"}:
        # All volumes of a cloud is nothing that is meant by saying nothing.
        raise exceptions.CommandError(
            _(
                "name what to move: at least one of --source-node, "
                "--source-type, --project, --attached, --detached, --name, "
                "--min-size, --max-size, --property, --without-property, "
                "--volumes"
            )
        )
    return chosen


def _volumes(file: str) -> tuple[str, ...]:
    """The names and IDs in a file; what follows a # is not for us."""
    try:
        text = (
            sys.stdin.read()
            if file == "-"
            else pathlib.Path(file).read_text("utf-8")
        )
    except (OSError, UnicodeDecodeError) as error:
        raise exceptions.CommandError(
            _("cannot read %(file)s: %(error)s")
            % {"file": file, "error": error}
        ) from error
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    found = tuple(dict.fromkeys(filter(None, lines)))
    if not found:
        # No condition would be all volumes.
        raise exceptions.CommandError(
            _("%s lists no volumes") % (file if file != "-" else _("stdin"))
        )
    return found


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            _("'%s' is not a number of 1 or more") % text
        )
    return int(text)


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
