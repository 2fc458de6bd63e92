# SPDX-License-Identifier: Apache-2.0

"""The options of ``apply``: how much at once, when to stop, until when."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import pathlib
import typing

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options

if typing.TYPE_CHECKING:
    from volmigrateclient.core.engine.admission import Limits

#: A time of day that is past by less than this was not meant for tomorrow.
_JUST_PAST = datetime.timedelta(hours=1)

#: Moves at once, unless something else is said.
MAX_PARALLEL = 4


def add(parser: argparse.ArgumentParser) -> None:
    """Add all of them, group by group."""
    parser.add_argument(
        "plan",
        metavar="<plan>",
        help=_(
            "File that 'plan' or a strategy wrote, or - for standard input "
            "(admin only)"
        ),
    )
    parser.add_argument(
        "--auto-approve",
        action="store_true",
        help=_(
            "Start without asking; needed without a terminal to ask on "
            "(admin only)"
        ),
    )
    action_options.add_data_options(parser)
    add_limits(parser)
    add_start(parser)
    add_report(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """How many at once, and when nothing more is started."""
    add_caps(parser)
    for options, default, text in (
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


def add_caps(parser: argparse.ArgumentParser) -> None:
    """How many at once."""
    for option, default, text in (
        (
            "--max-parallel",
            MAX_PARALLEL,
            _("Moves at once, in all (default: %d)") % MAX_PARALLEL,
        ),
        (
            "--max-per-source",
            None,
            _("Moves at once from one pool (default: no limit of its own)"),
        ),
        (
            "--max-per-destination",
            None,
            _(
                "Moves at once to one pool, or to one type (default: no "
                "limit of its own); a server never has two at once"
            ),
        ),
    ):
        parser.add_argument(
            option,
            metavar="<number>",
            type=_positive,
            default=default,
            help=text,
        )


def add_start(parser: argparse.ArgumentParser) -> None:
    """Which go first, and until when any is started."""
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
            "Move this many volumes first, one for each source, destination "
            "and migration type, and continue only if all are verified "
            "(default: 0)"
        ),
    )
    add_until(parser)


def add_until(parser: argparse.ArgumentParser) -> None:
    """Until when any is started."""
    parser.add_argument(
        "--until",
        metavar="<hh:mm>",
        type=_time_of_day,
        help=_(
            "Start nothing that is not expected to end by this local time, "
            "today or tomorrow, judged by the moves so far"
        ),
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """Where it is written down what becomes of each volume."""
    parser.add_argument(
        "--report",
        metavar="<file>",
        type=pathlib.Path,
        help=_(
            "File for what becomes of each volume, added to what an earlier "
            "report has: JSON lines (.jsonl) while it runs, and at the end "
            "CSV (.csv) or JSON (.json) if it is named so"
        ),
    )


def limits(parsed: argparse.Namespace) -> Limits:
    """The caps and stop rules that were given."""
    return dataclasses.replace(
        caps(parsed),
        failures=parsed.stop_after_failures,
        failures_per_route=parsed.stop_route_after_failures,
    )


def caps(parsed: argparse.Namespace) -> Limits:
    """The caps that were given."""
    from volmigrateclient.core.engine.admission import Limits

    return Limits(
        parallel=parsed.max_parallel,
        per_source=parsed.max_per_source,
        per_destination=parsed.max_per_destination,
    )


def end(
    until: datetime.time | None, now: datetime.datetime
) -> datetime.datetime | None:
    """When the window closes; None is never.

    :param now: with a time zone
    :raises CommandError: it closed within the last hour: who says so at
        06:01 means no move today, and none in secret tomorrow
    """
    if until is None:
        return None
    from volmigrateclient.core.engine import window

    found = now.replace(
        hour=until.hour, minute=until.minute, second=0, microsecond=0
    )
    if datetime.timedelta() <= now - found < _JUST_PAST:
        raise exceptions.CommandError(
            _("--until %(until)s is past: it is %(now)s; nothing was started")
            % {"until": f"{until:%H:%M}", "now": f"{now:%H:%M}"}
        )
    # Clocks may be changed in between.
    return window.next_time(until, now)


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
