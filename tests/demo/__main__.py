# SPDX-License-Identifier: Apache-2.0
"""Show everything once, on clouds that are made for it and removed again."""

from __future__ import annotations

import pathlib
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable

from tests import cloud as cloud_
from tests.cloud import cache
from tests.demo import current, direct, screen

_INTRODUCTION = """
This demonstration starts a real OpenStack on this machine, as an ordinary
user: Keystone, Placement, Cinder and Nova from PyPI. Volumes are files, and
moves copy real bytes. Then it runs the commands as an administrator would,
and checks after each whether the data is where it should be. All it makes is
removed at the end.
"""


def main() -> int:
    """Run the demonstration; gives the exit code."""
    signal.signal(signal.SIGTERM, leave)
    began = time.monotonic()
    shown = screen.Screen()
    shown.chapter("volmigrateclient: volume migrations that end verified")
    shown.say(_INTRODUCTION)
    try:
        with tempfile.TemporaryDirectory(prefix="volmigrate-demo-") as folder:
            root = pathlib.Path(folder)
            _chapter(
                shown,
                "1. An OpenStack of the current release",
                cloud_.Cloud(root / "current"),
                lambda cloud: current.Current(shown, cloud).show(),
            )
            _chapter(
                shown,
                "2. An OpenStack whose Nova still lets clients swap volumes",
                cloud_.Cloud(root / "swap", nova="swap"),
                lambda cloud: direct.Direct(shown, cloud).show(),
            )
    except cloud_.CloudError as error:
        shown.say(f"The cloud does not start: {error}")
        return 1
    except KeyboardInterrupt:
        shown.say("Interrupted; the clouds are stopped and removed.")
        return 130
    return _summary(shown, time.monotonic() - began)


def _chapter(
    shown: screen.Screen,
    title: str,
    cloud: cloud_.Cloud,
    show: Callable[[cloud_.Cloud], None],
) -> None:
    shown.chapter(title)
    shown.say("Starting it; the first time installs the services as well.")
    began = time.monotonic()
    with cloud:
        shown.say(f"It is up after {time.monotonic() - began:.0f} s.")
        show(cloud)


def _summary(shown: screen.Screen, seconds: float) -> int:
    shown.chapter("The end")
    shown.say("Both clouds are stopped, and their folders are removed.")
    shown.say(
        f"Kept for the next time: the installed services in {cache.root()}"
    )
    if not shown.failures:
        shown.say(f"All {shown.checks} checks hold. ({seconds:.0f} s)")
        return 0
    shown.say(f"{len(shown.failures)} of {shown.checks} checks FAILED:")
    for claim in shown.failures:
        shown.line(f"- {claim}")
    return 1


def leave(number: int, frame: types.FrameType | None) -> None:
    """End as with Ctrl-C, so that nothing is left running."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
