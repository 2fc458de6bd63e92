# SPDX-License-Identifier: Apache-2.0

"""What became of an action, in as many characters as Watcher has room for."""

from __future__ import annotations

from volmigrateclient import api
from volmigrateclient.core.model import wording

#: Of the 255 of the column ``status_message``, what is left beside Watcher's
#: own words before ours ("Action was skipped automatically: "). Watcher does
#: not trim: its database would refuse more, and with it the action's state.
ROOM = 215

_CUT = " [...]"


def line(text: str) -> str:
    """A text of ours in one line, with no control of a terminal in it."""
    return " ".join(wording.escaped(part) for part in text.splitlines())


def shortened(text: str) -> str:
    """As much of a text as there is room for, from its start."""
    whole = line(text)
    if len(whole) <= ROOM:
        return whole
    return whole[: ROOM - len(_CUT)].rstrip() + _CUT


def reason(result: api.MoveResult) -> str:
    """Why an action did not do what it was to do, the sentence first."""
    if result.outcome in (api.Outcome.BLOCKED, api.Outcome.FAILED):
        return result.reason
    # That it still runs, or was never started, is what matters.
    return f"{result.outcome.value}: {result.reason}"
