# SPDX-License-Identifier: Apache-2.0

"""Checks of the volume itself: its state and what it is tied to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks import records
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.checks.records import Agreement
from volmigrateclient.core.model import check, wording
from volmigrateclient.core.model.check import Check

#: ``replication_status`` with which Cinder migrates
#: (services.rst, services-migrate-checks).
_NOT_REPLICATED = (None, "disabled", "not-capable")

_LOST = (
    "check again in a minute; if it stays so, leave it alone: a server may "
    "run on it, see 'An attachment that Cinder lost' in the documentation"
)

#: What somebody may have reset the status of an attached volume to.
_RESET = ("available", "error", "maintenance")

#: ``_clone_image_volume`` of ``cinder/volume/manager.py``, Cinder 29.
_CACHED_IMAGE = re.compile("image-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_CLEARED_BY = {
    "in-use": _LOST,
    "error": (
        "see 'openstack --os-volume-api-version 3.3 volume message list' and "
        "the backend first"
    ),
    "reserved": (
        "see whom 'openstack --os-volume-api-version 3.27 volume attachment "
        "list --all-projects' names"
    ),
    "awaiting-transfer": (
        "see 'openstack volume transfer request list --all-projects', and "
        "delete the request"
    ),
    "backing-up": "wait for the backup to end",
    "downloading": "wait for the image to be copied",
    "uploading": "wait for the image to be copied",
    "extending": "wait for the extension to end",
}


def detached(case: Case) -> Iterator[Check]:
    """The volume is idle, and attached to nothing by either record."""
    found = records.holders(case.survey)
    for holder in found:
        yield _held(case, holder)
    if not found:
        yield Check.ok("Attachments", "none")
    yield from records.nova(case)
    status = case.survey.volume.status
    if not found:
        yield _status(case, "available")
    elif any(holder.attached for holder in found) and status != "in-use":
        # That of an attached volume is in-use, which its attachment says.
        wanted = "in-use" if status in _RESET else "available"
        yield _status(case, wanted, held=True)
    yield from _migration(case)


def attached(case: Case) -> Iterator[Check]:
    """The volume is idle, and attached to one server by both records."""
    found = records.holders(case.survey)
    fit = [
        holder
        for holder in found
        if holder.attached and holder.agreement is Agreement.BOTH
    ]
    for holder in found:
        if holder not in fit:
            yield _held(case, holder)
    if not found:
        yield Check.blocked(
            "Attachments",
            check.SWAP_STATE,
            "the volume is attached to no server",
            _LOST
            if case.survey.volume.lost_attachment
            else "use --migration-type cold",
        )
    elif len(fit) > 1:
        servers = ", ".join(holder.label for holder in fit)
        yield Check.blocked(
            "Attachments",
            check.SWAP_STATE,
            f"the volume has {len(fit)} attachments ({servers}); Nova swaps "
            "only where there is one",
            "detach it from all servers but one",
        )
    elif fit == list(found):
        yield Check.ok("Attachments", records.told(fit[0]))
    yield from records.nova(case)
    if fit or not (found or case.survey.volume.status == "available"):
        yield _status(case, "in-use", held=bool(fit))
    yield from _migration(case)


def _held(case: Case, holder: records.Holder) -> Check:
    """Why somebody's hold on the volume keeps it from being moved."""
    lost = (
        holder.agreement is Agreement.NOVA_ONLY
        and case.survey.volume.lost_attachment
    )
    return Check.blocked(
        "Attachments",
        case.state_sentence,
        records.told(holder),
        _LOST if lost else records.remedy(case, holder),
    )


def snapshots(case: Case) -> Iterator[Check]:
    """No snapshots of the volume exist."""
    existing = case.survey.snapshots
    if not existing:
        yield Check.ok("Snapshots", "none")
        return
    listed = ", ".join(
        f"{wording.quoted(s.name) if s.name else s.id} ({s.status})"
        for s in existing
    )
    yield Check.blocked(
        "Snapshots",
        case.state_sentence,
        f"the volume has {len(existing)} "
        f"{'snapshot' if len(existing) == 1 else 'snapshots'}: {listed}",
        "openstack volume snapshot delete " + " ".join(s.id for s in existing),
    )


def group_and_replication(case: Case) -> Iterator[Check]:
    """Neither a group nor replication holds the volume where it is."""
    volume = case.survey.volume
    if volume.group_id:
        yield Check.blocked(
            "Group",
            case.state_sentence,
            f"the volume is in group {volume.group_id}",
            "cinder --os-volume-api-version 3.13 group-update "
            f"{volume.group_id} --remove-volumes {volume.id}",
        )
    else:
        yield Check.ok("Group", "none")
    if volume.replication_status not in _NOT_REPLICATED:
        yield Check.blocked(
            "Replication",
            case.state_sentence,
            f"the volume is replicated ({volume.replication_status})",
            "end its replication in place first: openstack volume set --type "
            f"<a type without replication> {volume.id}",
        )
    else:
        yield Check.ok("Replication", volume.replication_status or "none")


def image_cache(case: Case) -> Iterator[Check]:
    """Cinder's image cache does not notice that a volume of it moves.

    No API tells which volumes are in it; it is in their names.
    """
    if _CACHED_IMAGE.fullmatch(case.survey.volume.name):
        yield Check.warning(
            "Image cache",
            "the volume is named like those of Cinder's image cache, whose "
            "record of it would go on naming the old pool",
            "if it is one, delete it instead: Cinder makes another when it "
            "needs one",
        )


def _status(case: Case, wanted: str, held: bool = False) -> Check:
    volume = case.survey.volume
    # A move that is running shows as maintenance, retyping or detaching
    # and is judged by _migration alone.
    if volume.status == wanted or volume.moving:
        return Check.ok("Status", volume.status)
    if held and volume.status in _RESET:
        # Somebody reset the status alone: both services still agree on whose
        # the volume is.
        return Check.blocked(
            "Status",
            case.state_sentence,
            f"the volume is {volume.status}, although it is attached",
            f"openstack volume set --state in-use {volume.id}",
        )
    return Check.blocked(
        "Status",
        case.state_sentence,
        f"the volume is {volume.status}, not {wanted}",
        _cleared_by(case),
    )


def _cleared_by(case: Case) -> str:
    volume = case.survey.volume
    transfer_id = (case.survey.transfers or {}).get(volume.id)
    if transfer_id is not None:
        return f"openstack volume transfer request delete {transfer_id}"
    return _CLEARED_BY.get(
        volume.status,
        f"find out what is using it: openstack volume show {volume.id}",
    )


def _migration(case: Case) -> Iterator[Check]:
    volume, target = case.survey.volume, case.survey.target
    if not volume.moving:
        yield Check.ok(
            "Migration",
            f"none running (last: {volume.migration_status})"
            if volume.migration_status
            else "none running",
        )
        return
    if case.path is model.Path.SWAP_VIA_NOVA:
        yield Check.blocked(
            "Migration",
            case.state_sentence,
            "Cinder is moving the volume right now",
            "wait until it ended",
        )
        return
    where = []
    if target is not None:
        final = case.final_type
        if final is not None and target.type_id != final.id:
            where.append(f"type {target.type_name}")
        place = case.destination
        if place is not None and target.host and not place.holds(target):
            where.append(str(target.host))
    if where:
        yield Check.blocked(
            "Migration",
            case.state_sentence,
            f"Cinder is moving the volume to {' on '.join(where)} right now",
            "wait until it ended",
        )
    else:
        yield Check.warning(
            "Migration",
            "Cinder is moving the volume right now; 'run' waits for that "
            "move and judges where it ended",
        )
