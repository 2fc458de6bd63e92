# SPDX-License-Identifier: Apache-2.0

"""What the commands exit with."""

from __future__ import annotations

import typing
from collections.abc import Collection

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths

#: Everything that was asked for is done and verified, or was so before.
DONE = 0
#: Something was refused, failed, or is not known to be done.
FAILED = 1
#: The user interrupted: what a shell itself exits with after Ctrl-C.
INTERRUPTED = 130


def of(outcomes: Collection[paths.Outcome]) -> int:
    """The exit code of a command that ended so."""
    from volmigrateclient.core import paths

    if paths.Outcome.INTERRUPTED in outcomes:
        return INTERRUPTED
    if all(outcome.success for outcome in outcomes):
        return DONE
    return FAILED
