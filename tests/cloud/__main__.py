# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m tests.cloud start|stop|status``."""

from __future__ import annotations

import argparse
import pathlib
import sys

from tests.cloud import cache, daemon, errors


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cloud",
        description="A real OpenStack on this machine, without root.",
    )
    parser.add_argument("action", choices=("start", "stop", "status"))
    parser.add_argument(
        "--directory",
        type=pathlib.Path,
        default=cache.root() / "cloud",
        help="Where the cloud lives (default: %(default)s)",
    )
    parser.add_argument(
        "--nova",
        choices=("current", "swap"),
        default="current",
        help="Which Nova: of the current release, or the last that lets "
        "clients swap volumes (default: %(default)s)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    arguments = _parse(argv)
    background = daemon.Daemon(arguments.directory)
    if arguments.action == "start":
        try:
            background.start(arguments.nova)
        except errors.CloudError as error:
            print(error, file=sys.stderr)
            return 1
        print(f". {background.directory / 'openrc'}")
        return 0
    if arguments.action == "stop":
        background.stop()
        return 0
    running = background.pid is not None
    print("running" if running else "stopped")
    return 0 if running else 1


if __name__ == "__main__":
    sys.exit(main())
