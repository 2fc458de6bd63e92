# SPDX-License-Identifier: Apache-2.0

"""Checks of the volume itself: its state and what it is tied to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, wording
from volmigrateclient.core.model.check import Check

#: ``replication_status`` with which Cinder migrates
#: (services.rst, services-migrate-checks).
_NOT_REPLICATED = (None, "disabled", "not-capable")

_LOST = (
    "check again in a minute; if it stays so, leave it alone: a server may "
    "run on it, see 'An attachment that Cinder lost' in the documentation"
)

_CLEARED_BY = {
    "in-use": _LOST,
    "error": "see 'openstack volume message list' and the backend first",
    "reserved": (
        "see whom 'openstack --os-volume-api-version 3.27 volume attachment "
        "list --all-projects' names"
    ),
    "awaiting-transfer": "openstack volume transfer request delete",
    "backing-up": "wait for the backup to end",
    "downloading": "wait for the image to be copied",
    "uploading": "wait for the image to be copied",
    "extending": "wait for the extension to end",
}


def detached(case: Case) -> Iterator[Check]:
    """The volume is attached to nothing and idle."""
    volume = case.survey.volume
    for attachment in volume.attachments:
        yield Check.blocked(
            "Attachments",
            check.COLD_STATE,
            _attached_to(attachment.server_id),
            f"use --migration-type swap, or {_detach(case, attachment)}"
            if attachment.server_id
            else _detach(case, attachment),
        )
    yield from _held(case, lambda holder: _detach(case, holder))
    if not volume.attachments and not case.survey.holders:
        yield Check.ok("Attachments", "none")
    # The status of an attached volume is what its attachment says.
    if not (
        case.survey.holders
        or (volume.attachments and volume.status == "in-use")
    ):
        yield _status(case, "available")
    yield from _migration(case)


def attached(case: Case) -> Iterator[Check]:
    """The volume is attached to exactly one server, and idle."""
    volume, sentence = case.survey.volume, check.SWAP_STATE
    attachments = volume.attachments
    if case.survey.holders:
        yield from _held(case, _given_back)
    elif not attachments:
        yield Check.blocked(
            "Attachments",
            sentence,
            "the volume is attached to no server",
            _LOST if volume.lost_attachment else "use --migration-type cold",
        )
    elif len(attachments) > 1:
        servers = ", ".join(str(a.server_id) for a in attachments)
        yield Check.blocked(
            "Attachments",
            sentence,
            f"the volume has {len(attachments)} attachments ({servers}); "
            "Nova swaps only where there is one",
            "detach it from all servers but one",
        )
    elif attachments[0].server_id is None:
        yield Check.blocked(
            "Attachments",
            sentence,
            _attached_to(None),
            _detach(case, attachments[0]),
        )
    else:
        yield Check.ok("Attachments", _attached_to(attachments[0].server_id))
    if attachments or not (
        case.survey.holders or volume.status == "available"
    ):
        yield _status(case, "in-use")
    yield from _migration(case)


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
            f"cinder group-update {volume.group_id} --remove-volumes "
            f"{volume.id}",
        )
    else:
        yield Check.ok("Group", "none")
    if volume.replication_status not in _NOT_REPLICATED:
        yield Check.blocked(
            "Replication",
            case.state_sentence,
            f"the volume is replicated ({volume.replication_status})",
            "retype it to a type without replication first",
        )
    else:
        yield Check.ok("Replication", volume.replication_status or "none")


def _status(case: Case, wanted: str) -> Check:
    volume = case.survey.volume
    # A move that is running shows as maintenance, retyping or detaching
    # and is judged by _migration alone.
    if volume.status == wanted or volume.moving:
        return Check.ok("Status", volume.status)
    return Check.blocked(
        "Status",
        case.state_sentence,
        f"the volume is {volume.status}, not {wanted}",
        _CLEARED_BY.get(
            volume.status,
            f"find out what is using it: openstack volume show {volume.id}",
        ),
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
        node = case.action.destination_node
        if node is not None and target.host not in (None, node):
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


def _held(
    case: Case, remedy: Callable[[model.Attachment], str]
) -> Iterator[Check]:
    """Attachments that the volume itself does not show.

    A server that is shelved or is being resized has such.
    """
    for holder in case.survey.holders:
        whom = f"server {holder.server_id}" if holder.server_id else "a host"
        yield Check.blocked(
            "Attachments",
            case.state_sentence,
            f"the volume is not attached, but {holder.status} for {whom}",
            remedy(holder),
        )


def _detach(case: Case, attachment: model.Attachment) -> str:
    if attachment.server_id is None:
        return f"openstack volume attachment delete {attachment.id}"
    return (
        f"openstack server remove volume {attachment.server_id} "
        f"{case.survey.volume.id}"
    )


def _given_back(holder: model.Attachment) -> str:
    if holder.server_id is None:
        return f"openstack volume attachment delete {holder.id}"
    return (
        "wait until the server has it again; a shelved one needs: openstack "
        f"server unshelve {holder.server_id}"
    )


def _attached_to(server_id: str | None) -> str:
    if server_id is None:
        return "the volume is attached to a host, not to a server"
    return f"the volume is attached to server {server_id}"
