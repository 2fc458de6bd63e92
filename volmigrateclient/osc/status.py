# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate status``."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TextIO

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core.cloud import Cloud

_COLUMNS = (
    "Name",
    "ID",
    "Project",
    "Server",
    "Size",
    "From",
    "To",
    "New Type",
    "State",
    "Since",
    "Seconds",
)

#: Seconds between two looks.
_INTERVAL = 5.0


class Status(command.Lister):
    columns = _COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("shown, whether anything moves or not"),
        exit_codes.FAILED: _("the cloud did not show it"),
    }
    _description = _(
        "Show every move that is under way in the cloud, whoever started it; "
        "change nothing"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import action_options

        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--watch",
            action="store_true",
            help=_("Look again and again, until Ctrl-C (admin only)"),
        )
        parser.add_argument(
            "--interval",
            metavar="<seconds>",
            type=action_options.seconds,
            default=_INTERVAL,
            help=_("With --watch: seconds between two looks (default: 5)"),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core import recovery
        from volmigrateclient.osc import (
            cloud,
            failures,
            names,
            status_view,
            terminal,
        )

        with failures.for_the_user():
            connected = cloud.connect(self.app.client_manager)
            known = names.Names(
                names.projects_of(connected, parsed_args.formatter)
            )
            if parsed_args.watch:
                self._watch(connected, parsed_args.interval)
            found = recovery.under_way(connected)
            hints = _hints(connected)
        if self.on_screen:
            size = terminal.size_of(self.app.stdout)
            self.screen = status_view.lines(
                found, _now(), size.width, size.height
            )
        self.say_last(status_view.total(found))
        for hint in hints:
            self.say_last(hint)
        return _COLUMNS, [status_view.row(one, known, _now()) for one in found]

    def _watch(self, connected: Cloud, seconds: float) -> None:
        """Show it again and again, until the user has had enough."""
        from volmigrateclient.core import recovery
        from volmigrateclient.core.engine import Clock
        from volmigrateclient.osc import layout, status_view, terminal

        clock = Clock()
        with _shown(self.app) as show, contextlib.suppress(KeyboardInterrupt):
            while True:
                found, size = (
                    recovery.under_way(connected),
                    terminal.size_of(self.app.stderr),
                )
                head = f"{_now().astimezone():%H:%M:%S} "
                show(
                    [
                        layout.shortened(
                            head + status_view.total(found), size.width
                        ),
                        *status_view.lines(
                            found, _now(), size.width, size.height
                        ),
                    ]
                )
                clock.sleep(seconds, lambda: False)


def _hints(connected: Cloud) -> list[str]:
    """What of earlier moves somebody has to look after, or perhaps has to."""
    from volmigrateclient.core import recovery
    from volmigrateclient.osc import recover, status_view

    found = recovery.repairables(
        connected, _now(), older_than=recover.OLDER_THAN
    )
    advice = recovery.advice(connected)
    left = sum(one.settled for one in found) + sum(
        one.needs_human for one in advice
    )
    # Whether its run is at work or was killed, no record tells.
    untold = sum(
        isinstance(one, recovery.Leftover) and one.may_be_alive
        for one in found
    )
    hints = (status_view.hint(left), status_view.perhaps_running(untold))
    return [hint for hint in hints if hint]


@contextlib.contextmanager
def _shown(app: Any) -> Iterator[Callable[[list[str]], None]]:
    """What shows some lines in place of the last ones, or below them."""
    from volmigrateclient.osc import progress, terminal

    output = progress.Output(app.stderr)
    output.when_closed(_leave)
    if not terminal.is_live(output):

        def write(lines: list[str]) -> None:
            for line in lines:
                output.write(f"{line}\n")
            output.flush()

        yield write
        return
    from rich import console, live

    out = console.Console(file=typing.cast("TextIO", output), highlight=False)
    with live.Live(console=out, auto_refresh=False, transient=True) as view:
        yield lambda lines: view.update(
            progress.plain("\n".join(lines)), refresh=True
        )


def _leave() -> None:
    """Nobody reads any more: the same as Ctrl-C."""
    raise KeyboardInterrupt


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
