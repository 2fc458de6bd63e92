# SPDX-License-Identifier: Apache-2.0

"""``openstack volume watcher-migrate control``."""

from __future__ import annotations

import argparse
import pathlib
import typing
from typing import Any, ClassVar

from osc_lib import exceptions

from volmigrateclient.i18n import _
from volmigrateclient.osc import command, exit_codes

if typing.TYPE_CHECKING:
    from volmigrateclient.core.engine.throttle import Instruction

_COLUMNS = (
    "message",
    "paused",
    "running",
    "waiting",
    "max_parallel",
    "max_per_source",
    "max_per_destination",
)

#: As Verb has them, which is not imported by every 'openstack' call.
_VERBS = ("status", "pause", "resume", "caps", "skip", "next")
_OF_VOLUMES = ("skip", "next")


class Control(command.ShowOne):
    columns = _COLUMNS
    exit_meanings: ClassVar[dict[int, str]] = {
        exit_codes.DONE: _("done, or told how it gets on"),
        exit_codes.FAILED: _("nothing was changed, or no apply is at work"),
    }
    _description = _(
        "Pause, resume or steer an 'apply' that runs on this machine; what "
        "is in flight is never touched"
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            "plan",
            metavar="<plan>",
            type=pathlib.Path,
            help=_("File of the plan that is being applied"),
        )
        parser.add_argument(
            "instruction",
            metavar="<instruction>",
            choices=_VERBS,
            nargs="?",
            default="status",
            help=_(
                "status: how it gets on (default); pause: start nothing more "
                "for now; resume; caps: change the caps that are given; "
                "skip: leave volumes out of this run; next: move volumes up"
            ),
        )
        parser.add_argument(
            "volumes",
            metavar="<volume>",
            nargs="*",
            help=_("Volumes to skip or to move up (name or ID)"),
        )
        for option in (
            "--max-parallel",
            "--max-per-source",
            "--max-per-destination",
        ):
            parser.add_argument(
                option,
                metavar="<number>",
                type=_cap,
                help=_(
                    "With 'caps': moves at once from now on; what is in "
                    "flight beyond that goes on"
                )
                if option == "--max-parallel"
                else _("The same; 'none' is no limit"),
            )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        from volmigrateclient.osc import control_socket, failures

        answer: dict[str, Any] = {}
        with failures.for_the_user():
            for instruction in _instructions(parsed_args):
                answer = dict(
                    control_socket.ask(parsed_args.plan, instruction)
                )
                if "later" in answer:
                    raise exceptions.CommandError(
                        _(
                            "it was told, and does it as soon as the cloud "
                            "answers what it was asked before"
                        )
                    )
                if not answer["heeded"]:
                    raise exceptions.CommandError(answer["text"])
        return _COLUMNS, (
            answer["text"],
            answer["paused"],
            answer["running"],
            answer["waiting"],
            answer["parallel"],
            answer["per_source"],
            answer["per_destination"],
        )


def _instructions(parsed: argparse.Namespace) -> list[Instruction]:
    from volmigrateclient.core.engine.throttle import Instruction, Verb

    limits = {
        name: None if number == "none" else number
        for name, number in (
            ("parallel", parsed.max_parallel),
            ("per_source", parsed.max_per_source),
            ("per_destination", parsed.max_per_destination),
        )
        if number is not None
    }
    verb = Verb(parsed.instruction)
    _refuse_unfit(parsed, bool(limits))
    if parsed.volumes:
        # Each is put before all others: so the first comes first.
        order = parsed.volumes
        if verb is Verb.NEXT:
            order = order[::-1]
        return [Instruction(verb, volume) for volume in order]
    return [Instruction(verb, limits=limits)]


def _refuse_unfit(parsed: argparse.Namespace, limits: bool) -> None:
    if (parsed.instruction in _OF_VOLUMES) != bool(parsed.volumes):
        raise exceptions.CommandError(
            _("name volumes with 'skip' and 'next', and only with these")
        )
    if (parsed.instruction == "caps") != limits:
        raise exceptions.CommandError(
            _("give at least one cap with 'caps', and only with it")
        )
    if parsed.max_parallel == "none":
        raise exceptions.CommandError(
            _("--max-parallel must be a number; 'pause' starts nothing")
        )


def _cap(text: str) -> int | str:
    if text == "none":
        return text
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            _("'%s' is neither a number from 1 on nor 'none'") % text
        )
    return int(text)
