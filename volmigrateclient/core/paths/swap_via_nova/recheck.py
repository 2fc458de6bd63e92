# SPDX-License-Identifier: Apache-2.0

"""The last look before Nova is asked, and what is noted before it is."""

from __future__ import annotations

import dataclasses

from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.paths import retry
from volmigrateclient.core.paths.move import Wait, Waits
from volmigrateclient.core.paths.swap_via_nova.run import Run

_CHECKING = "checking again"


def before_swapping(run: Run) -> Waits[None]:
    """Look once more: what was checked may have changed meanwhile."""
    cloud, source, new_id = run.move.cloud, run.source, run.new_id
    asking = dataclasses.replace(
        run.marker,
        request_id=swap_marker.PENDING,
        after=(yield from _until_no_other_swap(run)),
    )
    # Written ahead, so that what a killed run has left can be told apart
    # from what never reached Nova.
    yield from retry.read(
        lambda: cloud.set_metadata(new_id, asking.metadata),
        "preparing the swap",
        retry.FEW,
    )
    reserved = yield from retry.read(
        lambda: cloud.list_attachments(new_id), _CHECKING, retry.FEW
    )
    # The last wait, and so the last way out.
    reading = yield Wait((source.id, new_id), _CHECKING, poll_fast=True)
    now, new = reading.volumes.get(source.id), reading.volumes.get(new_id)
    if new is None or new.status != "available" or reserved:
        raise errors.DestinationTakenError(new_id, new.status if new else None)
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
    run.marker = asking


def _until_no_other_swap(run: Run) -> Waits[str]:
    """Nova does one swap per server at a time, and so do we.

    Gives the request ID of the server's last swap.
    """
    cloud, server_id = run.move.cloud, run.marker.server_id
    while True:
        swaps = yield from retry.read(
            lambda: cloud.list_swaps(server_id), _CHECKING, retry.FEW
        )
        if not swaps:
            return swap_marker.NO_SWAP
        last = swaps[0].request_id
        swap = yield from retry.read(
            lambda last=last: cloud.get_swap(server_id, last),  # type: ignore[misc]
            _CHECKING,
            retry.FEW,
        )
        if swap is None or swap.result is not None:
            return last
        # One that nova-compute died over stays without a result for ever;
        # but it is only alive while some volume is on its way.
        if (yield from _settled(run)):
            return last
        yield Wait((), "waiting for another swap of the server")


def _settled(run: Run) -> Waits[bool]:
    cloud, server_id = run.move.cloud, run.marker.server_id
    rows = yield from retry.read(
        lambda: cloud.list_server_volumes(server_id), _CHECKING, retry.FEW
    )
    volumes = yield from retry.read(
        lambda: cloud.get_volumes([row.volume_id for row in rows]),
        _CHECKING,
        retry.FEW,
    )
    return all(
        volume.status == "in-use" and not volume.moving
        for volume in volumes.values()
    )
