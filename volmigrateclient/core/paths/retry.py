# SPDX-License-Identifier: Apache-2.0

"""Requests that may not be answered, repeated only where that is safe."""

from __future__ import annotations

import typing
from collections.abc import Callable

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths.move import Move, Wait, Waits

_T = typing.TypeVar("_T")

#: How many looks an unanswered request gets to show its effect.
_LOOKS = 4
#: How often a request is sent whose failure changes nothing: rather give up
#: than have somebody wait for long.
FEW = 3
#: How often a request is sent at most: with somebody who waits, and without.
_ATTEMPTS, _PATIENT = 2, 6


def read(
    request: Callable[[], _T], phase: str, attempts: int | None = None
) -> Waits[_T]:
    """What a read gives, repeated while the service does not answer.

    It is for writes, too, that may be repeated without harm.

    :param attempts: how often at most; None is until the move's time ends
    :raises UnansweredError: on the last attempt
    """
    tried = 0
    while True:
        try:
            return request()
        except errors.UnansweredError:
            tried += 1
            if tried == attempts:
                raise
        # The pause grows as the engine's intervals do.
        for _ in range(min(tried, 8)):
            yield Wait((), phase)


def ask_cinder(
    move: Move, request: Callable[[], str], before: model.Volume
) -> Waits[None]:
    """Send Cinder a request that moves a volume, and be sure of it.

    Cinder takes it with an atomic compare-and-swap of the volume's state
    (services.rst, services-migrate-checks), so a second one cannot act
    twice: after no answer the volume shows whether the first one did, and
    only if it did not the request is sent once more; for one of many in a
    plan, which nobody watches, ever later and for some two minutes.

    :raises CloudError: Cinder refused; the volume is as it was
    """
    unattended = move.options.unattended
    for attempt in range(1, (_PATIENT if unattended else _ATTEMPTS) + 1):
        try:
            move.request_sent(request())
        except errors.UnansweredError as error:
            unanswered = error
            # From here on something may go on in the cloud, whatever ends
            # this wait.
            move.request_sent(error.request_id)
            move.warn(f"{error}; checking whether Cinder took the request")
        except errors.CloudError:
            if attempt > 1 and (yield from _took_effect(before)):
                return
            raise
        else:
            return
        looks = _LOOKS * (attempt if unattended else 1)
        if (yield from _took_effect(before, looks)):
            return
    raise unanswered


def _took_effect(before: model.Volume, looks: int = _LOOKS) -> Waits[bool]:
    for _ in range(looks):
        reading = yield Wait((before.id,), "looking")
        now = reading.volumes.get(before.id)
        if now is not None and (
            now.moving
            or (now.host, now.type_id, now.migration_status)
            != (before.host, before.type_id, before.migration_status)
        ):
            return True
    return False
