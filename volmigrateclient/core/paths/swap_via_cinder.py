# SPDX-License-Identifier: Apache-2.0

"""Swap via Cinder: an attached volume moves while its server runs.

Cinder makes the copy's target, has Nova swap the guest's disk to it and
lets the volume keep its ID: no temporary user, no quota taken twice.
"""

from __future__ import annotations

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import (
    follow,
    migrate,
    nova_traceback,
    retry,
    retype,
    verdict,
)
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Waits,
)

#: Seconds until Nova is looked at first, and at least between two looks.
_FIRST_LOOK = 15.0
#: A look's interval as a share of the move's age.
_SHARE = 0.1
#: Seconds until it is looked at again once it has failed.
_SOON = 5.0
#: Seconds, and more for each GiB, after which a copy is worth a word.
_LONG, _LONG_PER_GIB = 300.0, 30.0


def steps(move: Move) -> Steps:
    """Retype where the type differs, then migrate where the pool does."""
    before, pool = move.before.volume, move.action.destination_node
    swaps = yield from _swaps(move, "checking", attempts=3)
    # Of a move that was running before us, the newest is its swap.
    known = set(swaps[before.moving :])
    watch = _Watch(move, known)
    try:
        volume = before
        if volume.type_id != move.destination_type.id:
            yield from retype.request(move)
            if not move.options.wait:
                return Ending(Outcome.ACCEPTED)
            volume = yield from retype.to_the_end(move, watch)
        if pool is not None and not move.destination.holds(volume):
            if volume is not before:
                # The retype's own, which succeeded. It may not have deleted
                # its old copy yet, which does not matter: that is a row of
                # its own by now.
                known.update((yield from _swaps(move, "checking")))
                watch = _Watch(move, known)
            yield from migrate.request(move, volume)
            if not move.options.wait:
                return Ending(Outcome.ACCEPTED)
            volume = yield from migrate.to_the_end(move, volume, watch)
    except errors.FailedError as error:
        raise (yield from _judged(move, known, error)) from error
    return (yield from follow.verified_and_cleaned_up(move, volume))


class _Watch:
    """Looks at Nova's side now and then while Cinder is waited for.

    Cinder ends a move upon Nova's word. If cinder-volume is down when that
    comes, Cinder stays migrating for ever, and the guest may be on its copy;
    if nova-compute is restarted in the middle, that word never comes.
    """

    def __init__(self, move: Move, known: set[str]) -> None:
        self._move = move
        self._known = known
        self._began: float | None = None
        self._next = 0.0
        self._failed_since: float | None = None
        self._told = False

    def __call__(self, at: float) -> Waits[None]:
        """Look, if it is time.

        :raises UndecidedError: Nova's part has failed, and Cinder has not
            noticed
        """
        if self._began is None:
            self._began, self._next = at, at + _FIRST_LOOK
        if at < self._next:
            return
        age = at - self._began
        self._next = at + max(_FIRST_LOOK, age * _SHARE)
        swap = yield from self._newest()
        if swap is None or swap.result == "Success":
            return
        if swap.result == "Error":
            self._next = at + _SOON
            if self._failed_since is None:
                self._failed_since = at
            elif at - self._failed_since > verdict.SETTLE:
                raise errors.UndecidedError(_stranded(self._move, swap))
        elif not self._told and age > self._patience:
            self._told = True
            yield from self._tell(swap)

    @property
    def _patience(self) -> float:
        """Seconds after which a copy is worth a word."""
        size = self._move.before.volume.size
        return _LONG + _LONG_PER_GIB * size

    def _newest(self) -> Waits[model.SwapAction | None]:
        cloud, server_id = self._move.cloud, self._move.server_id
        swaps = yield from _swaps(self._move, "copying")
        fresh = [one for one in swaps if one not in self._known]
        if not fresh:
            return None
        return (
            yield from retry.read(
                lambda: cloud.get_swap(server_id, fresh[0]), "copying"
            )
        )

    def _tell(self, swap: model.SwapAction) -> Waits[None]:
        host = next(
            (
                server.host
                for server in self._move.before.servers
                if server.id == self._move.server_id
            ),
            None,
        )
        services = yield from retry.read(
            self._move.cloud.list_compute_services, "copying"
        )
        down = any(s.host == host and not s.up for s in services)
        state = "is down" if down else "may have been restarted"
        self._move.warn(
            f"Nova has been copying since {swap.started_at}; nova-compute on "
            f"{host} {state}{'' if down else ' since'}: if so, the copy will "
            "never end, and the server stays on its volume. See 'openstack "
            "volume watcher-migrate recover'"
        )


def _stranded(move: Move, swap: model.SwapAction) -> str:
    """What is to be known where Nova ended and Cinder did not notice."""
    volume = move.before.volume
    kept = nova_traceback.disk_after(swap) is nova_traceback.Disk.OLD
    where = (
        f"server {move.server_id} kept its disk"
        if kept
        else f"server {move.server_id} may be running on the copy that Cinder "
        "made: delete neither, and do not reboot, stop or live-migrate the "
        "server"
    )
    return (
        f"Nova's swap {swap.request_id} failed, but Cinder still says that it "
        f"is moving volume {volume.id} (was cinder-volume restarted?); "
        f"{where}. What to do: openstack volume watcher-migrate recover"
    )


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
