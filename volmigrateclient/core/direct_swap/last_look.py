# SPDX-License-Identifier: Apache-2.0

"""The last look before Nova is asked, and what is noted before it is."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Generator

from volmigrateclient.core import errors
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import marks
from volmigrateclient.core.direct_swap import run as run_
from volmigrateclient.core.paths import patience

_T = typing.TypeVar("_T")
_Waits = Generator[move_.Wait, move_.Reading, _T]

_ATTEMPTS = 3
_CHECKING = "checking again"


def before_swapping(run: run_.Run) -> _Waits[None]:
    """Look once more: what was checked may have changed meanwhile."""
    cloud, source, new_id = run.move.cloud, run.source, str(run.destination_id)
    asking = dataclasses.replace(
        run.mark,
        request_id=marks.PENDING,
        after=(yield from _until_no_other_swap(run)),
    )
    # Written ahead, so that what a killed run has left can be told apart
    # from what never reached Nova.
    yield from patience.read(
        lambda: cloud.set_metadata(new_id, asking.metadata),
        "preparing the swap",
        _ATTEMPTS,
    )
    reserved = yield from patience.read(
        lambda: cloud.list_attachments(new_id), _CHECKING, _ATTEMPTS
    )
    # The last wait, and so the last way out.
    reading = yield move_.Wait((source.id, new_id), _CHECKING, closely=True)
    now, new = reading.volumes.get(source.id), reading.volumes.get(new_id)
    if new is None or new.status != "available" or reserved:
        raise errors.FailedError(
            f"somebody else uses the destination volume {new_id}: it is "
            f"{new.status if new else 'gone'}"
        )
    kept = ("status", "migration_status", "attachments", "size")
    changed = [
        f"its {field} is {getattr(now, field)}"
        for field in kept
        if getattr(now, field, None) != getattr(source, field)
    ]
    if now is None or changed:
        raise errors.FailedError(
            f"volume {source.id} is no longer as it was checked: "
            + ("; ".join(changed) if now else "it is gone")
        )
    run.mark = asking


def _until_no_other_swap(run: run_.Run) -> _Waits[str]:
    """Nova does one swap per server at a time, and so do we.

    Gives the request ID of the server's last swap.
    """
    cloud, server_id = run.move.cloud, run.mark.server_id
    while True:
        swaps = yield from patience.read(
            lambda: cloud.list_swaps(server_id), _CHECKING, _ATTEMPTS
        )
        if not swaps:
            return marks.NO_SWAP
        last = swaps[0].request_id
        seen = yield from patience.read(
            lambda last=last: cloud.get_swap(server_id, last),  # type: ignore[misc]
            _CHECKING,
            _ATTEMPTS,
        )
        if seen is None or seen.result is not None:
            return last
        # One that nova-compute died over stays without a result for ever;
        # but it is only alive while some volume is on its way.
        if (yield from _settled(run)):
            return last
        yield move_.Wait((), "waiting for another swap of the server")


def _settled(run: run_.Run) -> _Waits[bool]:
    cloud, server_id = run.move.cloud, run.mark.server_id
    rows = yield from patience.read(
        lambda: cloud.list_server_volumes(server_id), _CHECKING, _ATTEMPTS
    )
    volumes = yield from patience.read(
        lambda: cloud.get_volumes([row.volume_id for row in rows]),
        _CHECKING,
        _ATTEMPTS,
    )
    return all(
        volume.status == "in-use" and not volume.moving
        for volume in volumes.values()
    )
