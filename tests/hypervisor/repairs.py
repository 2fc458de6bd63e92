# SPDX-License-Identifier: Apache-2.0
"""What an operator does by hand, as the documentation says it."""

from __future__ import annotations

from typing import Any

from tests.cloud.services.testcloud import seed
from tests.functional import resources
from tests.hypervisor import bed as bed_
from tests.hypervisor import scene


def cinder(
    bed: bed_.Bed, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """Ask Cinder as an admin; ``openstack`` has no command for it.

    :returns: the answer's document, None if it has none
    """
    answer = bed.access.session(direct=True).request(
        path,
        method,
        json=body,
        endpoint_filter={
            "service_type": "volumev3",
            "interface": "internal",
            "region_name": seed.REGION,
        },
        headers={"OpenStack-API-Version": "volume 3.71"},
    )
    return answer.json() if answer.content else None


def abort_copy(at: scene.Scene) -> None:
    """``virsh blockjob --abort``: the guest stays on what it is on."""
    at.guest.virsh("blockjob", at.guest.domain, at.target, "--abort")
    resources.until("no copy", lambda: at.guest.progress(at.target) is None)


def complete_migration(
    bed: bed_.Bed, volume_id: str, copy_id: str, *, error: bool
) -> None:
    """``os-migrate_volume_completion``, which nobody else will send.

    :param error: Cinder deletes the copy; else it becomes the volume
    """
    cinder(
        bed,
        "POST",
        f"/volumes/{volume_id}/action",
        {
            "os-migrate_volume_completion": {
                "new_volume": copy_id,
                "error": error,
            }
        },
    )


def roll_detaching(at: scene.Scene) -> None:
    """``os-roll_detaching``: a volume is in-use again."""
    path = f"/volumes/{at.id}/action"
    cinder(at.bed, "POST", path, {"os-roll_detaching": {}})


def complete_attachment(at: scene.Scene, attachment_id: str) -> None:
    """``openstack volume attachment complete``."""
    path = f"/attachments/{attachment_id}/action"
    cinder(at.bed, "POST", path, {"os-complete": attachment_id})


def delete_attachments(at: scene.Scene, volume_id: str) -> None:
    """Delete all attachments that Cinder has of a volume."""
    for row in attachments(at, volume_id):
        cinder(at.bed, "DELETE", f"/attachments/{row['id']}")


def attachments(at: scene.Scene, volume_id: str) -> list[dict[str, Any]]:
    """Return all attachments of a volume, whatever their status."""
    rows: list[dict[str, Any]] = cinder(
        at.bed,
        "GET",
        f"/attachments/detail?all_tenants=1&volume_id={volume_id}",
    )["attachments"]
    return rows
