# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate check``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, ClassVar

from volmigrateclient.i18n import _
from volmigrateclient.osc import action_options, command, exit_codes


class Check(command.Lister):
    columns = ("Check", "Result", "Detail")
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("nothing blocks the move"),
        exit_codes.FAILED: _("something blocks it"),
    }
    _description = _(
        "Check everything that a volume migrate action needs, change nothing"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        action_options.add(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core import checks
        from volmigrateclient.osc import cloud, failures

        request = action_options.read(parsed_args)
        with failures.for_the_user():
            found = checks.run(cloud.connect(self.app.client_manager), request)
        self.exit_code = int(bool(checks.blockers(found)))
        return (
            self.columns,
            [(c.name, c.result.value, c.full_text) for c in found],
        )
