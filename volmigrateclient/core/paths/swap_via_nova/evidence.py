# SPDX-License-Identifier: Apache-2.0

"""What the cloud shows of a swap via Nova, and what that proves.

(services.rst, services-swap-failures; services.rst, services-evidence)
Nothing here changes anything.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.reading import read_concurrently
from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths import nova_traceback

#: migration_status of a volume that Cinder is not moving.
_AT_REST = (None, "success", "error")


class Resolution(enum.Enum):
    """What is provably right to do next."""

    COMPLETE = "complete"
    ROLLBACK = "rollback"
    WAIT = "wait"
    QUARANTINE = "quarantine"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the cloud shows of one swap; None is what does not exist.

    :param swap: Nova's action for this swap, if it took it
    :param server_volumes: None is a server that is gone
    :param holders: the servers of the project that list the source
    :param guest_is_on_source: an operator has seen on the hypervisor that the
        guest's disk is the source, and that no block job is left
    """

    marker: SwapMarker
    user: model.User | None = None
    source: model.Volume | None = None
    source_attachments: Sequence[model.Attachment] = ()
    source_snapshots: Sequence[model.Snapshot] = ()
    destination: model.Volume | None = None
    destination_attachments: Sequence[model.Attachment] = ()
    server_volumes: Sequence[model.ServerVolume] | None = ()
    swap: model.SwapAction | None = None
    holders: Sequence[str] = ()
    guest_is_on_source: bool = False

    def row_in_nova(self, volume: model.Volume) -> model.ServerVolume | None:
        """What Nova has for a volume; None where the server has it not."""
        return next(
            (
                row
                for row in self.server_volumes or ()
                if row.volume_id == volume.id
            ),
            None,
        )

    def attachment_in_nova(self, volume: model.Volume) -> str | None:
        """Cinder's attachment ID that Nova has, and tells, for a volume."""
        row = self.row_in_nova(volume)
        return None if row is None else row.attachment_id


@dataclasses.dataclass(frozen=True)
class Decision:
    """What to do, and everything that speaks for it."""

    resolution: Resolution
    reasons: tuple[str, ...]


def gather(
    cloud: Cloud,
    marker: SwapMarker,
    destination_id: str | None,
    user: model.User | None = None,
    guest_is_on_source: bool = False,
) -> Evidence:
    """Read everything that the evidence needs; only GETs.

    It is all of one time. The records of a swap that ended are read after its
    end; those of one that had not ended hold only if Nova says the same of it
    afterwards, and are read again otherwise. What a swap changes meanwhile
    would look like a contradiction for a human to resolve.

    :param destination_id: None where none is known to exist
    :param guest_is_on_source: what an operator has seen
    """
    swap = _swap_or_none(cloud, marker)
    while True:
        evidence = dataclasses.replace(
            _records(cloud, marker, destination_id),
            user=user,
            swap=swap,
            guest_is_on_source=guest_is_on_source,
        )
        if swap is not None and swap.result is not None:
            return evidence
        now = _swap_or_none(cloud, marker)
        if now == swap:
            return evidence
        swap = now


def _swap_or_none(cloud: Cloud, marker: SwapMarker) -> model.SwapAction | None:
    try:
        return find_swap(cloud, marker)
    except errors.NotFoundError:
        return None  # the server is gone


def _records(
    cloud: Cloud, marker: SwapMarker, destination_id: str | None
) -> Evidence:
    """What the services have of the volumes and of the server."""
    ids = [i for i in (marker.source_id, destination_id) if i]
    volumes = cloud.get_volumes(ids)
    source = volumes.get(marker.source_id)
    destination = volumes.get(destination_id) if destination_id else None
    reads: dict[str, Callable[[], Any]] = {
        "server_volumes": lambda: _server_volumes(cloud, marker.server_id),
    }
    if source is not None:
        source_id = source.id
        reads |= {
            "source_attachments": lambda: cloud.list_attachments(source_id),
            "source_snapshots": lambda: cloud.list_snapshots(source_id),
        }
    if destination is not None:
        new_id = destination.id
        reads["destination_attachments"] = lambda: cloud.list_attachments(
            new_id
        )
    known = destination or source
    if known is not None:
        project_id = known.project_id
        reads["holders"] = lambda: [
            server.id
            for server in cloud.servers_of_volume(marker.source_id, project_id)
        ]
    return Evidence(
        marker=marker,
        source=source,
        destination=destination,
        **read_concurrently(reads),
    )


def _server_volumes(
    cloud: Cloud, server_id: str
) -> Sequence[model.ServerVolume] | None:
    try:
        return cloud.list_server_volumes(server_id)
    except errors.NotFoundError:
        return None


def find_swap(cloud: Cloud, marker: SwapMarker) -> model.SwapAction | None:
    """Nova's action for a swap: by its request ID, or since it was asked.

    A run that died, or was not answered, has no request ID. Nova's actions
    do not name their volumes; so of several that came after the last one
    before ours, that one counts which leaves the most open.
    """
    if not marker.request_id:
        return None
    if marker.request_id != swap_marker.PENDING:
        return cloud.get_swap(marker.server_id, marker.request_id)
    newer = itertools.takewhile(
        lambda swap: swap.request_id != marker.after,
        cloud.list_swaps(marker.server_id),
    )
    actions = [
        cloud.get_swap(marker.server_id, swap.request_id) for swap in newer
    ]
    return nova_traceback.most_open(actions)


def decide(evidence: Evidence) -> Decision:
    """What is provably right to do with what a swap has left."""
    destination = evidence.destination
    if destination is None:
        return _without_destination(evidence)
    if not evidence.marker.request_id:
        # The journal is written ahead: Nova was never asked.
        doubts = _doubts_of_unused(evidence, destination)
        why = "Nova was not asked to swap yet"
        if doubts:
            return Decision(Resolution.QUARANTINE, (why, *doubts))
        return Decision(Resolution.ROLLBACK, (why,))
    unproven = not_proven(evidence, destination)
    if not unproven:
        return Decision(
            Resolution.COMPLETE,
            ("every record says that the server has the destination",),
        )
    return _unfinished(evidence, destination, unproven)


class _Swap(enum.Enum):
    """How far a swap that is not proven got in Nova, as it is told."""

    NO_RECORD = "Nova has no record of the swap"
    NOT_TAKEN_UP = "nova-compute never took up the swap"
    UNDER_WAY = "Nova has not ended the swap; it may be copying"
    CUT_OFF = "the guest was seen on the source, and no swap is running"
    NOT_SWITCHED = "Nova's swap failed before the guest's disk was switched"
    SWITCHED = "Nova's swap failed at or after the switch of the guest's disk"
    ENDED = "Nova reports success, but not every record agrees"


def _swap_in_nova(evidence: Evidence) -> _Swap:
    swap = evidence.swap
    if swap is None:
        return _Swap.NO_RECORD
    if not swap.events:
        return _Swap.NOT_TAKEN_UP
    if swap.result is None:
        seen = evidence.guest_is_on_source
        return _Swap.CUT_OFF if seen else _Swap.UNDER_WAY
    if nova_traceback.disk_after(swap) is nova_traceback.Disk.OLD:
        return _Swap.NOT_SWITCHED
    return _Swap.SWITCHED if swap.result == "Error" else _Swap.ENDED


def _unfinished(
    evidence: Evidence, destination: model.Volume, unproven: tuple[str, ...]
) -> Decision:
    swap = _swap_in_nova(evidence)
    if swap is _Swap.UNDER_WAY:
        return Decision(Resolution.WAIT, (swap.value,))
    doubts = {
        _Swap.NO_RECORD: _doubts_of_no_record,
        _Swap.NOT_TAKEN_UP: _doubts_of_no_swap,
        _Swap.CUT_OFF: _doubts_of_cut_off,
        _Swap.NOT_SWITCHED: _doubts_of_no_swap,
        _Swap.SWITCHED: lambda *_: unproven,
        _Swap.ENDED: lambda *_: unproven,
    }[swap](evidence, destination)
    if doubts:
        return Decision(Resolution.QUARANTINE, (swap.value, *doubts))
    return Decision(Resolution.ROLLBACK, (swap.value,))


def _doubts_of_no_swap(
    evidence: Evidence, destination: model.Volume
) -> tuple[str, ...]:
    """What contradicts the guest being on the source, as before."""
    return (
        *_doubts_of_unused(evidence, destination),
        *_doubts_of_source(evidence),
    )


def _doubts_of_no_record(
    evidence: Evidence, destination: model.Volume
) -> tuple[str, ...]:
    """What contradicts Nova never having taken the swap."""
    doubts = _doubts_of_no_swap(evidence, destination)
    if evidence.marker.request_id != swap_marker.PENDING:
        doubts += ("Nova did answer that it took it",)
    return doubts


def _doubts_of_cut_off(
    evidence: Evidence, destination: model.Volume
) -> tuple[str, ...]:
    """What contradicts a swap having died before it was switched.

    nova-compute was restarted in its middle: the source stays detaching and
    the destination attaching, whatever becomes of it.
    """
    claims = {
        f"the destination is {destination.status}": (
            destination.status in ("available", "attaching", "reserved")
        ),
        "the destination is attached": all(
            a.status in ("attaching", "reserved")
            for a in evidence.destination_attachments
        ),
        "the server lists the destination": (
            evidence.attachment_in_nova(destination) is None
        ),
    }
    return tuple(
        claim for claim, holds in claims.items() if not holds
    ) + _doubts_of_source(evidence)


def not_proven(
    evidence: Evidence, destination: model.Volume
) -> tuple[str, ...]:
    """Everything that is missing to say that the data has moved."""
    source = evidence.source
    attached = evidence.destination_attachments
    rows = {row.volume_id for row in evidence.server_volumes or ()}
    claims = {
        "Nova's swap_volume action did not end in Success": (
            evidence.swap is not None and evidence.swap.result == "Success"
        ),
        "the server does not list the destination": destination.id in rows,
        "the server still lists the source": evidence.marker.source_id
        not in rows,
        "the destination is not in-use": destination.status == "in-use",
        "the destination is not attached to that server alone": (
            len(attached) == 1
            and attached[0].status == "attached"
            and attached[0].server_id == evidence.marker.server_id
        ),
        "Nova and Cinder differ on the destination's attachment": (
            len(attached) == 1
            and evidence.attachment_in_nova(destination) == attached[0].id
        ),
        "another server lists the source": not evidence.holders,
    }
    if source is not None:
        claims |= {
            # Who had proven it before may have been killed while Cinder
            # was deleting the source.
            "the source is not available": (
                source.status in ("available", "deleting")
            ),
            "the source still has an attachment": (
                not evidence.source_attachments
            ),
            "Cinder is moving the source": (
                source.migration_status in _AT_REST
            ),
            "source and destination are of different projects": (
                source.project_id == destination.project_id
            ),
            "the destination is smaller": destination.size >= source.size,
            "source and destination are the same": (
                source.id != destination.id
            ),
        }
    return tuple(claim for claim, holds in claims.items() if not holds)


def source_needed(evidence: Evidence) -> tuple[str, ...]:
    """Why the source stays although the data has moved.

    (services.rst, services-delete-checks)
    """
    source = evidence.source
    if source is None:
        return ()
    claims = {
        f"it has {len(evidence.source_snapshots)} snapshot(s)": (
            not evidence.source_snapshots
        ),
        f"it is in group {source.group_id}": source.group_id is None,
    }
    return tuple(claim for claim, holds in claims.items() if not holds)


def _without_destination(evidence: Evidence) -> Decision:
    if not evidence.marker.request_id:
        return Decision(Resolution.ROLLBACK, ("no destination volume exists",))
    if (
        evidence.swap is not None
        and evidence.swap.events
        and not evidence.swap.result
    ):
        return Decision(Resolution.WAIT, (_Swap.UNDER_WAY.value,))
    doubts = _doubts_of_source(evidence)
    if doubts:
        # Somebody deleted it during the swap, or the whole server.
        return Decision(
            Resolution.QUARANTINE,
            ("the destination volume does not exist any more", *doubts),
        )
    return Decision(Resolution.ROLLBACK, ("no destination volume exists",))


def _doubts_of_unused(
    evidence: Evidence, destination: model.Volume
) -> tuple[str, ...]:
    """What contradicts nothing ever having used the destination."""
    # Cinder deletes no volume that is attached: whoever asked, it is unused.
    allowed = {"available", "error", "creating", "reserved", "deleting"}
    claims = {
        f"the destination is {destination.status}": (
            destination.status in allowed
        ),
        "the destination is attached or was connected": all(
            a.status == "reserved" for a in evidence.destination_attachments
        ),
        "the server lists the destination": (
            evidence.row_in_nova(destination) is None
        ),
    }
    return tuple(claim for claim, holds in claims.items() if not holds)


def _doubts_of_source(evidence: Evidence) -> tuple[str, ...]:
    """What contradicts the guest being on the source."""
    source = evidence.source
    if source is None:
        return ("the source volume does not exist",)
    attached = [
        a for a in evidence.source_attachments if a.status == "attached"
    ]
    claims = {
        f"the source is {source.status}": (
            source.status in ("in-use", "detaching")
        ),
        "the source is not attached to that server alone": (
            len(attached) == 1
            and attached[0].server_id == evidence.marker.server_id
        ),
        "Nova and Cinder differ on the source's attachment": (
            len(attached) == 1
            and evidence.attachment_in_nova(source) == attached[0].id
        ),
    }
    return tuple(claim for claim, holds in claims.items() if not holds)
