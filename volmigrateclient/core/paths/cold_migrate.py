# SPDX-License-Identifier: Apache-2.0

"""Cold migration: a detached volume goes to another pool."""

from __future__ import annotations

from volmigrateclient.core import move as move_
from volmigrateclient.core import verdict
from volmigrateclient.core.paths import following, patience


def steps(move: move_.Move) -> move_.Steps:
    """Have Cinder migrate it, locked, so that nobody attaches meanwhile.

    Unlocked it would stay ``available`` and a tenant could attach it and
    write what the copy then loses (semantics 0.7).
    """
    before = move.before.volume
    pool = str(move.action.destination_node)
    if not before.moving:
        yield from patience.ask_cinder(
            move,
            lambda: move.cloud.migrate_volume(before.id, pool, lock=True),
            before,
        )
    else:
        move.under_way = True
    if not move.options.wait:
        return move_.Ending(move_.Outcome.ACCEPTED)
    volume = yield from following.to_the_end(
        before.id,
        lambda now, unchanged: verdict.of_migration(
            before, now, pool, unchanged
        ),
    )
    volume = yield from following.verified(move, volume)
    yield from following.cleaned_up(move, volume)
    return move_.Ending(move_.Outcome.DONE, volume=volume)
