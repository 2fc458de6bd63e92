# SPDX-License-Identifier: Apache-2.0

"""Options of ``plan``, ``show`` and ``apply`` that look ahead."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import typing

from osc_lib import exceptions

from volmigrateclient.i18n import _

if typing.TYPE_CHECKING:
    from volmigrateclient.core.engine.pace import Pace
    from volmigrateclient.core.engine.window import Window
    from volmigrateclient.core.planning.balance import Goal

#: Bytes of a report; it has a row of some hundreds for each move.
_LARGEST = 256 * 2**20


def add_pace(parser: argparse.ArgumentParser) -> None:
    """What estimates rest on."""
    parser.add_argument(
        "--pace",
        metavar="<report>",
        type=pathlib.Path,
        action="append",
        default=[],
        help=_(
            "Report of an earlier run (JSON or JSON lines) from which to "
            "estimate how long moves take; repeat for several"
        ),
    )


def add_window(parser: argparse.ArgumentParser) -> None:
    """When moves may be under way."""
    parser.add_argument(
        "--window",
        metavar="<[days ]hh:mm-hh:mm>",
        action="append",
        default=[],
        help=_(
            "Start moves only where they are expected to end within this "
            "window, local time, and sleep outside of it; such as "
            "22:00-05:00 or 'sat,sun 00:00-24:00'; repeat for several"
        ),
    )


def add_balance(parser: argparse.ArgumentParser) -> None:
    """How even is even."""
    for option, default, text in (
        (
            "--threshold",
            80.0,
            _(
                "With --balance: how full a pool may be, as the scheduler "
                "counts (percent, default: 80)"
            ),
        ),
        (
            "--difference",
            5.0,
            _(
                "With --balance: move nothing between pools that differ by "
                "less (percentage points, default: 5)"
            ),
        ),
    ):
        parser.add_argument(
            option,
            metavar="<percent>",
            type=_percent,
            default=default,
            help=text,
        )


def add_run(parser: argparse.ArgumentParser) -> None:
    """What else a run does: cordon, events, metrics."""
    parser.add_argument(
        "--cordon",
        action="store_true",
        help=_(
            "Disable the cinder-volume services that volumes are moved away "
            "from, so that no new ones come, and enable them at the end"
        ),
    )
    parser.add_argument(
        "--keep-cordon",
        action="store_true",
        help=_("The same, but leave them disabled at the end"),
    )
    parser.add_argument(
        "--events",
        metavar="<file>",
        help=_(
            "File to add a line of JSON to for everything that happens; - "
            "writes these lines to stderr, and nothing else"
        ),
    )
    parser.add_argument(
        "--metrics",
        metavar="<file.prom>",
        type=_prom,
        help=_(
            "File for the textfile collector of Prometheus' node exporter, "
            "replaced every few seconds"
        ),
    )


def pace(parsed: argparse.Namespace) -> Pace:
    """What earlier reports tell of how long moves take.

    :raises CommandError: one cannot be read, or tells of no move
    """
    from volmigrateclient.core.engine import pace as paces

    found: list[paces.Sample] = []
    for path in parsed.pace:
        of_one = paces.samples(_rows(path))
        if not of_one:
            raise exceptions.CommandError(
                _("%s tells of no move that was done") % path
            )
        found += of_one
    return paces.Pace(found)


def _rows(path: pathlib.Path) -> list[object]:
    """The rows of a report: one in each line, or one list of them all."""
    import json

    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST).decode()
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        # The last line may be half, after a kill.
        lines = [line for line in text.split("\n")[:-1] if line.strip()]
        return [json.loads(line) for line in lines]
    except OSError as error:
        raise exceptions.CommandError(
            _("cannot read %(path)s: %(why)s")
            % {"path": path, "why": error.strerror}
        ) from error
    except ValueError as error:
        raise exceptions.CommandError(
            _("%(path)s is no report in JSON: %(why)s")
            % {"path": path, "why": error}
        ) from error


def window(
    parsed: argparse.Namespace, until: datetime.datetime | None
) -> Window:
    """When moves may start.

    :param until: when all has to be over; None is never
    :raises InvalidActionError: a window is not one
    """
    from volmigrateclient.core.engine import window as windows

    periods = [windows.Period.parse(text) for text in parsed.window]
    return windows.Window(periods, until)


def goal(parsed: argparse.Namespace) -> Goal:
    """When pools count as even."""
    from volmigrateclient.core.planning.balance import Goal

    return Goal(parsed.threshold, parsed.difference)


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(
            _("'%s' is no number from 0 to 100") % text
        )
    return number


def _prom(text: str) -> pathlib.Path:
    path = pathlib.Path(text)
    if path.suffix != ".prom":
        raise argparse.ArgumentTypeError(
            _("the node exporter reads files named *.prom only")
        )
    return path
