# SPDX-License-Identifier: Apache-2.0

"""os-migrate_volume: the volume goes to another pool and keeps its type."""

from __future__ import annotations

from volmigrateclient.core import model
from volmigrateclient.core.paths import follow, retry, verdict
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Waits,
)


def steps(move: Move) -> Steps:
    """Cold migration: a detached volume goes to another pool."""
    volume = move.before.volume
    yield from request(move, volume)
    if not move.options.wait:
        return Ending(Outcome.ACCEPTED)
    volume = yield from to_the_end(move, volume)
    return (yield from follow.verified_and_cleaned_up(move, volume))


def request(move: Move, volume: model.Volume) -> Waits[None]:
    """Send os-migrate_volume, unless the volume is moving already.

    A detached volume is locked: unlocked it would stay ``available``, and a
    tenant could attach it and write what the copy then loses
    (services.rst, services-lock). An attached one is guarded by being in use.

    :param volume: as it is now, the baseline of what comes after
    """
    if volume.moving:
        move.under_way = True
        return
    place = move.destination
    yield from retry.ask_cinder(
        move,
        lambda: move.cloud.migrate_volume(
            volume.id,
            place.listed_name,
            lock=not move.before.volume.attachments,
            clustered=place.cluster is not None,
            force_host_copy=move.options.force_host_copy,
        ),
        volume,
    )


def to_the_end(
    move: Move, volume: model.Volume, besides: follow.Besides | None = None
) -> Waits[model.Volume]:
    """Wait for the migration's end; gives the volume in its new pool.

    :param volume: as it was before the request
    :param besides: as in :func:`.follow.to_the_end`
    """
    place = move.destination
    return (
        yield from follow.to_the_end(
            move,
            volume.id,
            lambda now, unchanged: verdict.of_migration(
                volume, now, place, unchanged
            ),
            besides,
        )
    )
