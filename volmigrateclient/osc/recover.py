# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate recover``."""

from __future__ import annotations

import argparse
import datetime
import sys
import typing
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths, recovery
    from volmigrateclient.core.cloud import Cloud

_COLUMNS = (
    "Kind",
    "User",
    "Source",
    "Destination",
    "Server",
    "Age",
    "State",
    "To Do",
    "Result",
)


#: Seconds: what was started less long ago may still be at work.
OLDER_THAN = 3600.0


class Recover(command.Lister):
    columns = _COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("nothing is left that needs anybody"),
        exit_codes.FAILED: _("something is left that needs a human"),
    }
    _description = _(
        "Find what interrupted swaps via Nova left behind; finish or undo it "
        "if approved"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import action_options

        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "--auto-approve",
            action="store_true",
            help=_(
                "Finish or undo what is provably safe without asking; "
                "without it, and without a terminal to ask on, nothing is "
                "changed (admin only)"
            ),
        )
        parser.add_argument(
            "--older-than",
            metavar="<seconds>",
            type=action_options.not_negative,
            default=OLDER_THAN,
            help=_(
                "Leave alone what was started less than this many seconds "
                "ago: it may still be running (default: 3600)"
            ),
        )
        parser.add_argument(
            "--guest-is-on-source",
            metavar="<volume>",
            action="append",
            default=[],
            help=_(
                "Say that you have seen on the hypervisor that the server is "
                "on this volume (ID) and that no block job is left, after "
                "nova-compute died in the middle of its move; repeat for "
                "several"
            ),
        )
        parser.add_argument(
            "--servers",
            action="store_true",
            help=_(
                "Also look for servers whose volumes were swapped: one "
                "request for each server"
            ),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core import recovery
        from volmigrateclient.osc import (
            cloud,
            failures,
            progress,
            terminal,
        )

        with failures.for_the_user():
            connected = cloud.connect(self.app.client_manager)
            now = datetime.datetime.now(datetime.timezone.utc)
            asserted = frozenset(parsed_args.guest_is_on_source)
            found = [
                recovery.named(connected, one)
                for one in recovery.repairables(
                    connected,
                    now,
                    asserted,
                    older_than=parsed_args.older_than,
                )
            ]
            _refuse_unknown(asserted, found)
            advice = recovery.advice(connected)
            if parsed_args.servers:
                advice.extend(recovery.past_swaps(connected))
            safe = [one for one in found if one.safe]
            results: dict[str, str] = {}
            approved = self._approved(parsed_args, safe)
            if approved and safe:
                results = self._carry_out(connected, safe)
        rows = [
            *(_row(one, results.get(one.key, "")) for one in found),
            *(_advice_row(one) for one in advice),
        ]
        if not rows:
            progress.note(self.app, _("nothing is left behind"))
        if self.on_screen:
            width = terminal.size_of(self.app.stdout).width
            self.screen = [line for row in rows for line in _lines(row, width)]
        if any(one.needs_human for one in advice) or any(
            results.get(one.key) != "done" for one in found if one.settled
        ):
            self.exit_code = exit_codes.FAILED
        return _COLUMNS, rows

    def _approved(
        self,
        parsed_args: argparse.Namespace,
        safe: Sequence[recovery.Repairable],
    ) -> bool:
        from volmigrateclient.core.model import wording

        if parsed_args.auto_approve:
            return True
        if not safe or not sys.stdin.isatty():
            return False
        for one in safe:
            what = f"{one.source_id}: {'; '.join(one.reasons)}: {one.to_do}"
            self.app.stderr.write(f"{wording.escaped(what)}\n")
        self.app.stderr.write(_("Do this now? [y/N] "))
        self.app.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _carry_out(
        self, connected: Cloud, safe: Sequence[recovery.Repairable]
    ) -> dict[str, str]:
        from volmigrateclient.core import recovery
        from volmigrateclient.core.engine import Engine
        from volmigrateclient.osc import interrupts, progress

        output = progress.Output(self.app.stderr)
        with progress.reporter(self.app, output) as reporter:
            engine = Engine(connected, reporter)
            with interrupts.stop_on_signal(engine, output):
                results = engine.run([recovery.job(one) for one in safe])
        if len(results) < len(safe):
            raise exceptions.CommandError(
                _("interrupted; run recover again for what is left")
            )
        return {
            one.key: _told(result)
            for one, result in zip(safe, results, strict=True)
        }


def _refuse_unknown(
    asserted: frozenset[str], found: Sequence[recovery.Repairable]
) -> None:
    unknown = asserted - {one.source_id for one in found}
    if unknown:
        raise exceptions.CommandError(
            _(
                "no swap or move of volume %s was cut off; see what recover "
                "lists without --guest-is-on-source"
            )
            % ", ".join(sorted(unknown))
        )


def _told(result: paths.MoveResult) -> str:
    outcome = result.outcome.value
    return f"{outcome}: {result.reason}" if result.reason else outcome


def _row(one: recovery.Repairable, result: str) -> tuple[Any, ...]:
    from volmigrateclient.core import recovery

    user: str = ""
    age: int | str = ""
    source: Any
    destination: Any
    if isinstance(one, recovery.CutOff):
        source, destination = one.volume, one.target
        server_id = one.server_id
    elif isinstance(one, recovery.Lost):
        source, destination = one.volume, None
        server_id = one.server.id if one.server else ""
    else:
        evidence = one.evidence
        source, destination = evidence.source, evidence.destination
        server_id = evidence.marker.server_id
        user = evidence.user.name if evidence.user else ""
        age = "" if one.age is None else round(one.age)
    return (
        one.kind,
        user,
        _volume(one.source_id, source),
        _volume("", destination),
        server_id,
        age,
        "; ".join(one.reasons),
        one.to_do,
        result,
    )


def _lines(row: tuple[Any, ...], width: int) -> list[str]:
    """A row as it fits a terminal: what it is, and then each cell."""
    from volmigrateclient.osc import layout

    kind, *cells = row
    lines = [str(kind)]
    for name, cell in zip(_COLUMNS[1:], cells, strict=True):
        if cell not in ("", None):
            text = layout.duration(cell) if name == "Age" else cell
            lines += layout.wrapped(f"{name.lower()}: {text}", width, 4)
    return [*lines, ""]


def _advice_row(one: recovery.Advice) -> tuple[Any, ...]:
    nothing = ""
    return (
        one.kind,
        nothing,
        one.subject,
        nothing,
        nothing,
        nothing,
        one.state,
        one.advice,
        nothing,
    )


def _volume(volume_id: str, volume: Any) -> str:
    if volume is None:
        return f"{volume_id} (gone)" if volume_id else ""
    return f"{volume.id} ({volume.status})"
