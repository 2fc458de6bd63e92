# SPDX-License-Identifier: Apache-2.0
"""Measures all peers on clouds of their own; see ``--help``."""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys
import time

from bench import compare, moves, report

_QUICK = {1: 1}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Migrations of volumes: ours, others', and the floor.",
    )
    parser.add_argument(
        "--sizes",
        default="1,10,50",
        metavar="<numbers>",
        help="how many volumes at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--repeats",
        default="3",
        metavar="<numbers>",
        help="how often, for each size (default: %(default)s)",
    )
    parser.add_argument(
        "--kinds",
        default=",".join(kind.name.lower() for kind in moves.Kind),
        metavar="<kinds>",
        help="which moves, in these sizes (default: %(default)s)",
    )
    parser.add_argument(
        "--parallel",
        type=int,
        default=4,
        metavar="<number>",
        help="volumes at once, for everybody (default: %(default)s)",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="<seconds>",
        help="leave a peer out that would need longer for many volumes "
        "(default: %(default)g)",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=40.0,
        metavar="<seconds>",
        help="end a peer that waits longer for what cannot succeed "
        "(default: %(default)g)",
    )
    parser.add_argument(
        "--no-long",
        dest="long",
        action="store_false",
        help="leave out the moves that take half a minute",
    )
    parser.add_argument(
        "--no-injections",
        dest="inject",
        action="store_false",
        help="leave out the moves that cannot succeed",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one volume, once: to see that the bench itself works",
    )
    parser.add_argument(
        "--plugin",
        type=pathlib.Path,
        metavar="<folder>",
        help="where our plugin is installed, if not with this Python",
    )
    parser.add_argument(
        "--title",
        default="Measured side by side",
        metavar="<text>",
        help="the report's title (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path(__file__).with_name("results.rst"),
        metavar="<file>",
        help="where the results go (default: bench/results.rst)",
    )
    return parser.parse_args()


def _options(parsed: argparse.Namespace) -> compare.Options:
    sizes = [int(one) for one in parsed.sizes.split(",")]
    repeats = [int(one) for one in parsed.repeats.split(",")]
    # The last one is for all further sizes.
    repeats += [repeats[-1]] * len(sizes)
    own = {}
    if parsed.plugin:
        own["PYTHONPATH"] = str(parsed.plugin.resolve(strict=True))
    return compare.Options(
        title=parsed.title,
        sizes=_QUICK
        if parsed.quick
        else dict(zip(sizes, repeats, strict=False)),
        kinds=frozenset(
            moves.Kind[one.upper()] for one in parsed.kinds.split(",")
        ),
        parallel=parsed.parallel,
        patience=parsed.patience,
        limit=parsed.limit,
        long=parsed.long,
        inject=parsed.inject,
        own=own,
    )


def main() -> int:
    # Nothing of whoever runs this may reach the clients in this process.
    for name in list(os.environ):
        if name.startswith("OS_"):
            del os.environ[name]
    # Stops the clouds and whoever is being measured.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parsed = _parse()
    began = time.monotonic()
    for results in compare.compare(_options(parsed)):
        results.seconds = time.monotonic() - began
        # After each part: what takes long may be interrupted.
        report.write(results, parsed.output)
    print(parsed.output, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
