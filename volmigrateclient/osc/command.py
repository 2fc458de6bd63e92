# SPDX-License-Identifier: Apache-2.0

"""What all our commands do around their action.

cliff's own ShowOne and Lister always exit 0, find out after the action that
a column does not exist, and leave what a closed pipe means to Python, which
ends with a complaint and exit code 120.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TextIO

from osc_lib import exceptions
from osc_lib.command import command

from volmigrateclient.i18n import _
from volmigrateclient.osc import exit_codes


class _Around:
    """The exit code, the columns, and streams that nobody reads.

    What is shown is safe on a terminal, whoever has written it.
    """

    app: Any
    #: The columns that the action gives.
    columns: ClassVar[tuple[str, ...]] = ()
    #: Those of them that are sentences of our own, of one line or several.
    prose: ClassVar[tuple[str, ...]] = ()
    #: What the command exits with although it has a table to show.
    exit_code = 0
    #: What its exit codes mean, for its help; but for those all share.
    exit_meanings: ClassVar[dict[int, str]] = {}

    def get_epilog(self) -> str:
        """What stands below the options: the exit codes."""
        told: str = super().get_epilog()  # type: ignore[misc]
        codes = exit_codes.table(self.exit_meanings)
        return "\n\n".join(filter(None, (codes, told)))

    def run(self, parsed_args: argparse.Namespace) -> int:
        _refuse_unknown(parsed_args, self.columns)
        self.exit_code = 0
        try:
            code: int = super().run(parsed_args)  # type: ignore[misc]
        finally:
            for stream in (self.app.stdout, self.app.stderr):
                _let_go(stream)
        return code or self.exit_code

    def _safe(
        self,
        parsed_args: argparse.Namespace,
        names: Sequence[str],
        cells: Sequence[Any],
    ) -> tuple[Any, ...]:
        from volmigrateclient.osc import text

        return text.row(
            cells,
            names,
            parsed_args.formatter,
            self.app.stdout.isatty(),
            self.prose,
        )


class ShowOne(_Around, command.ShowOne):
    """A command that shows one row, and may fail all the same."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        from volmigrateclient.osc import text

        shown = self._safe(parsed_args, column_names, data)
        with text.encodable(self.app.stdout):
            code: int = super().produce_output(
                parsed_args, column_names, shown
            )
        return code


class Lister(_Around, command.Lister):
    """A command that shows many rows, and may fail all the same."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        from volmigrateclient.osc import text

        shown = [self._safe(parsed_args, column_names, row) for row in data]
        with text.encodable(self.app.stdout):
            code: int = super().produce_output(
                parsed_args, column_names, shown
            )
        return code


def _refuse_unknown(
    parsed: argparse.Namespace, columns: tuple[str, ...]
) -> None:
    """Refuse ``-c`` with names of which not one exists.

    After the action somebody's volume would have moved, and the exit code
    would say that it had not.
    """
    wanted = parsed.columns
    known = {_plain(column) for column in columns}
    if wanted and not known & {_plain(name) for name in wanted}:
        raise exceptions.CommandError(
            _("there is no column %(wanted)s, only %(columns)s")
            % {
                "wanted": ", ".join(wanted),
                "columns": ", ".join(columns),
            }
        )


def _plain(column: str) -> str:
    # As cliff compares them.
    return column.lower().strip().replace(" ", "_")


def _let_go(stream: TextIO) -> None:
    """Flush a stream; if its reader has gone, let Python's exit not try."""
    try:
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
