# SPDX-License-Identifier: Apache-2.0

"""Asking before anything is changed."""

from __future__ import annotations

import sys
import termios
from typing import Any

from osc_lib import exceptions

from volmigrateclient.i18n import _


def refuse_unasked(auto_approve: bool, stdin_taken: bool = False) -> None:
    """Without a terminal there is nobody to ask.

    :param auto_approve: whether that is not wanted
    :param stdin_taken: whether standard input is read for something else
    :raises CommandError: nothing was changed
    """
    if not auto_approve and (stdin_taken or not sys.stdin.isatty()):
        raise exceptions.CommandError(
            _(
                "there is no terminal to ask on: give --auto-approve to start "
                "without a question; nothing was changed"
            )
        )


def ask(app: Any, question: str) -> bool:
    """Put a question on stderr; anything but yes is no."""
    # What was typed before nobody has asked is no answer.
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    app.stderr.write(f"{question} [y/N] ")
    app.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
