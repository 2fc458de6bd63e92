# SPDX-License-Identifier: Apache-2.0
"""What the services' APIs, and the hypervisor, say of a disk that moves."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import exceptions

from tests.cloud.services.testcloud import seed
from tests.hypervisor import scene, virsh

_SECRET = ("connection_info",)


def of(at: scene.Scene, *others: str) -> dict[str, Any]:
    """Return all records of a disk, as an admin's requests give them.

    :param others: volumes that it is being moved to
    """
    volumes = (at.id, *others, *(row["id"] for row in at.rows()))
    return {
        "volumes": [_volume(at, one) for one in dict.fromkeys(volumes)],
        "attachments": [
            {key: row[key] for key in sorted(row) if key not in _SECRET}
            for row in _cinder(at, "/attachments/detail?all_tenants=1")[
                "attachments"
            ]
            if row["volume_id"] in volumes
        ],
        "server": _server(at),
        "server volumes": list(at.make.server_volumes(at.server.id).values()),
        "swaps": swaps(at),
        "compute services": [
            {
                key: one.to_dict()[key]
                for key in ("id", "host", "state", "status", "updated_at")
            }
            for one in at.make.nova.services.list(binary="nova-compute")
        ],
        "volume services": [
            {
                key: one.to_dict()[key]
                for key in ("host", "state", "status", "updated_at")
            }
            for one in at.make.cinder.services.list(binary="cinder-volume")
        ],
        "hypervisor": hypervisor(at),
    }


def _cinder(at: scene.Scene, path: str) -> Any:
    """Ask Cinder as an admin, at the newest version of its API."""
    answer = at.bed.access.session(direct=True).get(
        path,
        endpoint_filter={
            "service_type": "volumev3",
            "interface": "internal",
            "region_name": seed.REGION,
        },
        headers={"OpenStack-API-Version": "volume 3.71"},
    )
    return answer.json()


def _volume(at: scene.Scene, volume_id: str) -> dict[str, Any]:
    try:
        row = _cinder(at, f"/volumes/{volume_id}")["volume"]
    except exceptions.NotFound:
        return {"id": volume_id, "gone": True}
    return {key: row[key] for key in sorted(row) if key != "links"}


def _server(at: scene.Scene) -> dict[str, Any]:
    row = at.make.nova.servers.get(at.server.id).to_dict()
    return {
        key: row[key]
        for key in (
            "id",
            "status",
            "updated",
            "OS-EXT-STS:task_state",
            "OS-EXT-STS:vm_state",
            "OS-EXT-STS:power_state",
            "OS-EXT-SRV-ATTR:host",
            "os-extended-volumes:volumes_attached",
        )
    }


def swaps(at: scene.Scene) -> list[dict[str, Any]]:
    """Return Nova's swaps of the server, the newest first."""
    actions = at.make.nova.instance_action
    return [
        actions.get(at.server.id, one.request_id).to_dict()
        for one in actions.list(at.server.id)
        if one.action == "swap_volume"
    ]


def messages(at: scene.Scene) -> list[str]:
    """Return what Cinder tells users of the volume's failures."""
    found = _cinder(at, f"/messages?resource_uuid={at.id}")["messages"]
    return [row["user_message"] for row in found]


def hypervisor(at: scene.Scene) -> dict[str, Any]:
    """Return the truth, which no API has."""
    try:
        return {
            "state": at.guest.state(),
            "persistent": at.guest.is_persistent(),
            "domblklist": at.guest.virsh("domblklist", at.guest.domain),
            "blockjob": at.guest.virsh(
                "blockjob", at.guest.domain, at.target, "--raw"
            ),
            "file": str(at.guest.file(at.target)),
        }
    except virsh.VirshError as error:
        return {"error": str(error)}
