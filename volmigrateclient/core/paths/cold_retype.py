# SPDX-License-Identifier: Apache-2.0

"""Cold retype: a detached volume becomes one of another type."""

from __future__ import annotations

from volmigrateclient.core import move as move_
from volmigrateclient.core.paths import following, retyping


def steps(move: move_.Move) -> move_.Steps:
    """Have Cinder retype it, copying to another pool if it needs to."""
    wanted = retyping.wanted_type(move)
    yield from retyping.ask(move, wanted)
    if not move.options.wait:
        return move_.Ending(move_.Outcome.ACCEPTED)
    volume = yield from retyping.follow(move, wanted)
    volume = yield from following.verified(move, volume)
    yield from following.cleaned_up(move, volume)
    return move_.Ending(move_.Outcome.DONE, volume=volume)
