# SPDX-License-Identifier: Apache-2.0

"""Swap via Cinder: an attached volume moves while its server runs.

Cinder makes the copy's target, has Nova swap the guest's disk to it and
lets the volume keep its ID: no temporary user, no quota taken twice.
"""

from __future__ import annotations

from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import (
    follow,
    migrate,
    nova_traceback,
    retry,
    retype,
)
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Waits,
)


def steps(move: Move) -> Steps:
    """Retype where the type differs, then migrate where the pool does."""
    before, pool = move.before.volume, move.action.destination_node
    swaps = yield from _swaps(move, "checking", attempts=3)
    # Of a move that was running before us, the newest is its swap.
    known = set(swaps[before.moving :])
    try:
        volume = before
        if volume.type_id != move.destination_type.id:
            yield from retype.request(move)
            if not move.options.wait:
                return Ending(Outcome.ACCEPTED)
            volume = yield from retype.to_the_end(move)
        if pool is not None and not move.destination.holds(volume):
            if volume is not before:
                # The retype's own, which succeeded. It may not have deleted
                # its old copy yet, which does not matter: that is a row of
                # its own by now.
                known.update((yield from _swaps(move, "checking")))
            yield from migrate.request(move, volume)
            if not move.options.wait:
                return Ending(Outcome.ACCEPTED)
            volume = yield from migrate.to_the_end(move, volume)
    except errors.FailedError as error:
        raise (yield from _judged(move, known, error)) from error
    return (yield from follow.verified_and_cleaned_up(move, volume))


def _swaps(
    move: Move, phase: str, attempts: int | None = None
) -> Waits[list[str]]:
    """The request IDs of a server's swaps, the newest first."""
    swaps = yield from retry.read(
        lambda: move.cloud.list_swaps(move.server_id), phase, attempts
    )
    return [swap.request_id for swap in swaps]


def _judged(
    move: Move,
    known: set[str],
    error: errors.FailedError,
) -> Waits[errors.MigrateError]:
    """What a failure means for the guest.

    Cinder deletes its target when Nova reports an error, even one after
    which the guest already runs on that target
    (services.rst, services-error-deletes-target).
    """
    phase, server_id = "looking for the cause", move.server_id
    for request_id in (yield from _swaps(move, phase)):
        if request_id in known:
            continue
        swap = yield from retry.read(
            lambda request_id=request_id: move.cloud.get_swap(  # type: ignore[misc]
                server_id, request_id
            ),
            phase,
        )
        disk = nova_traceback.disk_after(swap)
        if disk is not nova_traceback.Disk.OLD:
            return errors.UndecidedError(
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
