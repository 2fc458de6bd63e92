# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate run``."""

from __future__ import annotations

import argparse
import logging
import typing
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options, command, exit_codes

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
        "Carry out one volume migrate action, to its verified end"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
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
        from volmigrateclient.osc import cloud, failures, interrupts, progress

        request = action_options.read(parsed_args)
        output = progress.Output(self.app.stderr)
        with (
            failures.for_the_user(),
            progress.reporter(self.app, output) as reporter,
        ):
            engine = Engine(cloud.connect(self.app.client_manager), reporter)
            with interrupts.stop_on_signal(engine, output):
                results = engine.run([Job(request)])
        result = results[0]
        if not result.volume_id or result.outcome is paths.Outcome.BLOCKED:
            raise exceptions.CommandError(wording.escaped_lines(result.reason))
        self.exit_code = exit_codes.of([result.outcome])
        if not result.outcome.success:
            LOG.error("%s", wording.escaped_lines(result.reason))
        elif result.reason:
            progress.note(self.app, result.reason)
        return _row(result)


def _row(
    result: paths.MoveResult,
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    shown = vars(result) | {
        "migration_type": result.action.migration_type,
        "path": result.path.value,
        "result": result.outcome.value,
        "elapsed": round(result.elapsed, 1),
    }
    return _COLUMNS, tuple(shown[column] for column in _COLUMNS)
