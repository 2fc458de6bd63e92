# SPDX-License-Identifier: Apache-2.0

"""What all our commands do around their action.

cliff's own ShowOne and Lister always exit 0, find out after the action that
a column does not exist, and leave what a closed pipe means to Python, which
ends with a complaint and exit code 120.
"""

from __future__ import annotations

import argparse
import itertools
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
    formatter_default: str
    _closing: list[str]
    #: The columns that the action gives.
    columns: tuple[str, ...] = ()
    #: Those of them that are sentences of our own, of one line or several.
    prose: ClassVar[tuple[str, ...]] = ()
    #: What the command exits with although it has a table to show.
    exit_code = 0
    #: Whether people look at what it shows, on a terminal, and have chosen
    #: no format and no columns.
    on_screen = False
    #: What they see then, in lines, instead of a table of all rows.
    screen: Sequence[str] | None = None
    #: What its exit codes mean, for its help; but for those all share.
    exit_meanings: ClassVar[dict[int, str]] = {}

    def get_epilog(self) -> str:
        """What stands below the options: the exit codes."""
        told: str = super().get_epilog()  # type: ignore[misc]
        codes = exit_codes.table(self.exit_meanings)
        return "\n\n".join(filter(None, (codes, told)))

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The options of the output; of a format, whether it was chosen."""
        parser: argparse.ArgumentParser = super().get_parser(  # type: ignore[misc]
            prog_name
        )
        parser.set_defaults(formatter=None)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        _refuse_unknown(parsed_args, self.columns)
        self.exit_code = 0
        self.screen, self._closing = None, []
        self.on_screen = _chose_nothing(parsed_args) and (
            self.app.stdout.isatty()
        )
        if parsed_args.formatter is None:
            parsed_args.formatter = self.formatter_default
        try:
            code: int = super().run(parsed_args)  # type: ignore[misc]
            self._close()
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

    def say_last(self, text: str) -> None:
        """Have something said that is no result, below the result."""
        self._closing.append(text)

    def _close(self) -> None:
        if self._closing and self.app.options.verbose_level > 0:
            from volmigrateclient.core.model import wording

            _let_go(self.app.stdout)
            for line in _fitted(self._closing, self.app.stderr):
                self.app.stderr.write(f"{wording.escaped_lines(line)}\n")

    def _showed_screen(self) -> bool:
        """Show the screen, if there is one."""
        from volmigrateclient.core.model import wording
        from volmigrateclient.osc import text

        if self.screen is None:
            return False
        with text.encodable(self.app.stdout):
            for line in self.screen:
                self.app.stdout.write(f"{wording.escaped(line)}\n")
        return True


class ShowOne(_Around, command.ShowOne):
    """A command that shows one row, and may fail all the same."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        from volmigrateclient.osc import text

        if self._showed_screen():
            return 0
        shown = self._safe(parsed_args, column_names, data)
        with text.encodable(self.app.stdout):
            code: int = super().produce_output(
                parsed_args, column_names, shown
            )
        return code

    def list_rows(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        rows: Sequence[Sequence[Any]],
    ) -> int:
        """Show several rows all the same, as a list."""
        from volmigrateclient.osc import text

        names, selector = self._generate_columns_and_selector(
            parsed_args, column_names
        )
        shown = [
            tuple(
                itertools.compress(
                    self._safe(parsed_args, column_names, row),
                    selector or [True] * len(row),
                )
            )
            for row in rows
        ]
        # All of cliff's formatters but 'shell' are for lists as well.
        formatter: Any = self.formatter
        with text.encodable(self.app.stdout):
            formatter.emit_list(names, shown, self.app.stdout, parsed_args)
        return 0


class Lister(_Around, command.Lister):
    """A command that shows many rows, and may fail all the same."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Sequence[Any]],
    ) -> int:
        from volmigrateclient.osc import text

        if self._showed_screen():
            return 0
        shown = [self._safe(parsed_args, column_names, row) for row in data]
        with text.encodable(self.app.stdout):
            code: int = super().produce_output(
                parsed_args, column_names, shown
            )
        return code


def _chose_nothing(parsed: argparse.Namespace) -> bool:
    """Whether nothing was said of how to show it."""
    return not (
        parsed.formatter
        or parsed.columns
        or getattr(parsed, "sort_columns", None)
    )


def _fitted(texts: Sequence[str], stream: TextIO) -> Sequence[str]:
    """Texts in lines that a terminal need not break."""
    if not stream.isatty():
        return texts
    from volmigrateclient.osc import layout, terminal

    width = terminal.size_of(stream).width
    return [
        line
        for text in texts
        for words in text.split("\n")
        for line in layout.wrapped(
            words, width, len(words) - len(words.lstrip())
        )
    ]


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
