# SPDX-License-Identifier: Apache-2.0

"""Swap via Cinder: an attached volume moves while its server runs.

Cinder makes the copy's target, has Nova swap the guest's disk to it and
lets the volume keep its ID: no temporary user, no quota taken twice.
"""

from __future__ import annotations

from collections.abc import Generator

from volmigrateclient.core import errors, model, verdict
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import traceback
from volmigrateclient.core.paths import following, patience, retyping

_Follow = Generator[move_.Wait, move_.Reading, model.Volume]


def steps(move: move_.Move) -> move_.Steps:
    """Retype where the type differs, then migrate where the pool does."""
    before, pool = move.before.volume, move.action.destination_node
    wanted = retyping.wanted_type(move)
    server_id = str(before.attachments[0].server_id)
    swaps = yield from _swaps(move, server_id, "checking", attempts=3)
    # Of a move that was running before us, the newest is its swap.
    known = set(swaps[before.moving :])
    try:
        volume = before
        if volume.type_id != wanted.id:
            yield from retyping.ask(move, wanted)
            if not move.options.wait:
                return move_.Ending(move_.Outcome.ACCEPTED)
            volume = yield from retyping.follow(move, wanted)
        if pool is not None and volume.host != pool:
            if volume is not before:
                # The retype's own, which succeeded.
                known.update((yield from _swaps(move, server_id, "checking")))
            volume = yield from _migrate(move, volume, pool)
            if not move.options.wait:
                return move_.Ending(move_.Outcome.ACCEPTED)
    except errors.FailedError as error:
        raise (yield from _judged(move, server_id, known, error)) from error
    volume = yield from following.verified(move, volume)
    yield from following.cleaned_up(move, volume)
    return move_.Ending(move_.Outcome.DONE, volume=volume)


def _migrate(move: move_.Move, volume: model.Volume, pool: str) -> _Follow:
    if not volume.moving:
        # The retype before it may not have deleted its old copy yet, which
        # does not matter: it is a row of its own by now.
        yield from patience.ask_cinder(
            move,
            lambda: move.cloud.migrate_volume(volume.id, pool, lock=False),
            volume,
        )
    else:
        move.under_way = True
    if not move.options.wait:
        return volume
    return (
        yield from following.to_the_end(
            volume.id,
            lambda now, unchanged: verdict.of_migration(
                volume, now, pool, unchanged
            ),
        )
    )


def _swaps(
    move: move_.Move, server_id: str, phase: str, attempts: int | None = None
) -> Generator[move_.Wait, move_.Reading, list[str]]:
    """The request IDs of a server's swaps, the newest first."""
    swaps = yield from patience.read(
        lambda: move.cloud.list_swaps(server_id), phase, attempts
    )
    return [swap.request_id for swap in swaps]


def _judged(
    move: move_.Move,
    server_id: str,
    known: set[str],
    error: errors.FailedError,
) -> Generator[move_.Wait, move_.Reading, errors.MigrateError]:
    """What a failure means for the guest.

    Cinder deletes its target when Nova reports an error, even one after
    which the guest already runs on that target (semantics 0.5).
    """
    phase = "looking for the cause"
    for request_id in (yield from _swaps(move, server_id, phase)):
        if request_id in known:
            continue
        swap = yield from patience.read(
            lambda request_id=request_id: move.cloud.get_swap(  # type: ignore[misc]
                server_id, request_id
            ),
            phase,
        )
        disk = traceback.disk_after(swap)
        if disk is not traceback.Disk.OLD:
            return errors.QuarantineError(
                f"{error} Nova's swap {request_id} failed at a point from "
                f"which server {server_id} may be running on the copy that "
                "Cinder deletes. Do not reboot, stop or live-migrate the "
                "server; compare 'virsh domblklist' on its hypervisor with "
                "the volume's backend now"
            )
        error = errors.FailedError(
            f"{error}. Nova's swap {request_id} failed; server {server_id} "
            "kept its disk: see nova-compute's log too"
        )
    return error
