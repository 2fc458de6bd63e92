# SPDX-License-Identifier: Apache-2.0

"""The ways to carry out an action, each as the steps that it is.

:mod:`.paths.move` tells the contract that all of them keep.
"""

from volmigrateclient.core.paths.dispatch import steps, stopped_waiting
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    MoveResult,
    Outcome,
    Reading,
    Steps,
    Wait,
)

__all__ = (
    "Ending",
    "Move",
    "MoveResult",
    "Outcome",
    "Reading",
    "Steps",
    "Wait",
    "steps",
    "stopped_waiting",
)
