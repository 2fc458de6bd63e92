# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate run``."""

from __future__ import annotations

import argparse
import logging
import typing
from collections.abc import Sequence
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths

LOG = logging.getLogger(__name__)

_COLUMNS = (
    "volume_id",
    "volume_name",
    "project_id",
    "migration_type",
    "path",
    "result",
    "source_node",
    "destination_node",
    "source_type",
    "destination_type",
    "server_id",
    "new_volume_id",
    "size",
    "elapsed",
    "moved_by",
    "name_id",
)


class Run(command.ShowOne):
    columns = _COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("done and verified, or there already"),
        exit_codes.FAILED: _("refused, failed, or not known to be done"),
    }
    _description = _(
        "Carry out a volume migrate action, to its verified end; several "
        "volumes go one after the other"
    )

    _rows: Sequence[tuple[Any, ...]] = ()

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import action_options

        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        action_options.add(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        from volmigrateclient.core import paths
        from volmigrateclient.core.engine import Engine
        from volmigrateclient.core.engine.job import Job
        from volmigrateclient.core.model import wording
        from volmigrateclient.osc import (
            action_options,
            cloud,
            failures,
            interrupts,
            progress,
        )

        names = action_options.volumes(parsed_args)
        if len(names) > 1 and parsed_args.formatter == "shell":
            raise exceptions.CommandError(_("-f shell is for one volume"))
        output = progress.Output(self.app.stderr)
        with (
            failures.for_the_user(),
            progress.reporter(self.app, output) as reporter,
        ):
            connected = cloud.connect(self.app.client_manager)
            requests = [
                action_options.read(parsed_args, connected, name)
                for name in names
            ]
            engine = Engine(connected, reporter)
            with interrupts.stop_on_signal(engine, output):
                results = engine.run([Job(request) for request in requests])
        self.exit_code = exit_codes.of([one.outcome for one in results])
        if len(results) > 1:
            return self._of_several(results)
        result = results[0]
        if not result.volume_id or result.outcome is paths.Outcome.BLOCKED:
            raise exceptions.CommandError(wording.escaped_lines(result.reason))
        if not result.outcome.success:
            LOG.error("%s", wording.escaped_lines(result.reason))
        elif result.reason:
            progress.note(self.app, result.reason)
        return _COLUMNS, _row(result)

    def _of_several(
        self, results: Sequence[paths.MoveResult]
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """A row for each, and a line for each that is not where it was to."""
        from volmigrateclient.core.model import wording
        from volmigrateclient.osc import apply_view, progress, terminal

        for one in results:
            if not one.outcome.success:
                label = progress.label(one.volume_name, one.volume_id)
                LOG.error(
                    "%s", wording.escaped_lines(f"{label}: {one.sentence}")
                )
        if self.on_screen:
            width = terminal.size_of(self.app.stdout).width
            self.screen = apply_view.every_move(results, width)
        self.say_last(apply_view.total(results))
        self._rows = [_row(one) for one in results]
        return _COLUMNS, ()

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        """One row field by field, as ever; several as a list."""
        if not self._rows or self.screen is not None:
            return super().produce_output(parsed_args, column_names, data)
        return self.list_rows(parsed_args, column_names, self._rows)


def _row(result: paths.MoveResult) -> tuple[Any, ...]:
    shown = vars(result) | {
        "migration_type": result.action.migration_type,
        "path": result.path.value,
        "result": result.outcome.value,
        "elapsed": round(result.elapsed, 1),
    }
    return tuple(shown[column] for column in _COLUMNS)
