# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate check``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, ClassVar

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

_COLUMNS = ("Check", "Result", "Detail")
_OF_SEVERAL = ("Volume", *_COLUMNS)


class Check(command.Lister):
    columns: tuple[str, ...] = _COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("nothing blocks the move"),
        exit_codes.FAILED: _("something blocks it"),
    }
    _description = _(
        "Check everything that a volume migrate action needs, change nothing"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        from volmigrateclient.osc import action_options

        parser = super().get_parser(prog_name)
        action_options.add(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        several = len(parsed_args.volume) > 1
        self.columns = _OF_SEVERAL if several else _COLUMNS
        return super().run(parsed_args)

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        from volmigrateclient.core import checks
        from volmigrateclient.osc import action_options, cloud, failures

        rows: list[tuple[Any, ...]] = []
        with failures.for_the_user():
            connected = cloud.connect(self.app.client_manager)
            for name in action_options.volumes(parsed_args):
                request = action_options.read(parsed_args, connected, name)
                found = checks.run(connected, request)
                if checks.blockers(found):
                    self.exit_code = exit_codes.FAILED
                rows += [
                    (name, one.name, one.result.value, one.full_text)
                    for one in found
                ]
        first = len(_OF_SEVERAL) - len(self.columns)
        return self.columns, [row[first:] for row in rows]
