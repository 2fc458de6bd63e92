# SPDX-License-Identifier: Apache-2.0

"""Nova, through python-novaclient."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib import parse

from novaclient import exceptions as nova_exceptions

from volmigrateclient.core import model
from volmigrateclient.gateway import connection, failures, microversions

#: The last before an update of an attachment may write more than its volume.
_SWAP_MICROVERSION = model.Microversion(2, 84)

#: Of every server but one in a cell that is down.
_VM_STATE = "OS-EXT-STS:vm_state"

#: A patched Nova's words for: only Cinder may call this (OSSN-0094). They
#: differ between releases (services.rst, services-guard).
_GUARD = re.compile(
    r"is not migrating.*should only be called by cinder", re.IGNORECASE
)


@failures.translated_class("Nova")
class Compute:
    """See :class:`volmigrateclient.core.cloud.Compute`."""

    def __init__(self, link: connection.Connection) -> None:
        self._nova_link = link
        self._nova_version = microversions.Negotiated(microversions.NOVA, link)

    @functools.cached_property
    def _nova(self) -> Any:
        return _client(self._nova_version.get(), self._nova_link)

    @functools.cached_property
    def _nova_swap(self) -> Any:
        version = min(self._nova_version.get(), _SWAP_MICROVERSION)
        return _client(version, self._nova_link)

    def compute_version(self) -> model.Microversion:
        return self._nova_version.get()

    def get_server(self, server_id: str) -> model.Server:
        return _server(self._nova.servers.get(server_id).to_dict())

    def list_servers(self, **filters: str) -> Sequence[model.Server]:
        return [_server(body) for body in self._servers(**filters)]

    def servers_of_volume(
        self, volume_id: str, project_id: str
    ) -> Sequence[model.Server]:
        return [
            server
            for server in self.list_servers(project_id=project_id)
            if volume_id in (server.volume_ids or ())
        ]

    def _servers(self, **filters: str) -> Iterator[dict[str, Any]]:
        """All servers, page by page.

        Only without a filter, and only on the first page, Nova lists the
        servers of cells that are down, if there is room for them: the
        services tell of such a cell (services.rst, services-servers).
        """
        asked = {"all_tenants": "1", **filters}
        while True:
            _, body = self._nova.client.get(
                f"/servers/detail?{parse.urlencode(asked)}"
            )
            page = body["servers"]
            yield from page
            # None of those marks a place in the list.
            known = [row["id"] for row in page if _VM_STATE in row]
            if not known or not body.get("servers_links"):
                return
            asked["marker"] = known[-1]

    def list_compute_services(self) -> Sequence[model.Service]:
        return [
            model.Service(
                host=body["host"],
                enabled=body["status"] == "enabled",
                # In a cell that is down there is no state.
                up=body.get("state") == "up",
                told="state" in body,
                disabled_reason=body.get("disabled_reason"),
                zone=body.get("zone"),
            )
            for body in (
                row.to_dict()
                for row in self._nova.services.list(binary="nova-compute")
            )
        ]

    def list_server_volumes(
        self, server_id: str
    ) -> Sequence[model.ServerVolume]:
        return [
            model.ServerVolume(
                volume_id=body["volumeId"],
                attachment_id=(
                    body["attachment_id"] or ""
                    if "attachment_id" in body
                    else None
                ),
                device=body.get("device"),
                delete_on_termination=body.get("delete_on_termination"),
                tag=body.get("tag"),
            )
            for body in (
                row.to_dict()
                for row in self._nova.volumes.get_server_volumes(server_id)
            )
        ]

    def probe_swap(self, server_id: str, volume_id: str) -> bool:
        # No volume has this ID. Nova answers 400 for that, after its guard
        # (409) and before it changes anything (services.rst, services-guard).
        nowhere = str(uuid.uuid4())
        try:
            self._nova_swap.volumes.update_server_volume(
                server_id, volume_id, nowhere
            )
        except nova_exceptions.BadRequest as error:
            if nowhere in str(error):
                return True
            raise
        except nova_exceptions.Conflict as error:
            if _GUARD.search(str(error)):
                return False
            raise
        raise RuntimeError("Nova took a volume that does not exist")

    def swap_volume(self, server_id: str, old_id: str, new_id: str) -> str:
        answer = self._nova_swap.volumes.update_server_volume(
            server_id, old_id, new_id
        )
        return next(iter(getattr(answer, "request_ids", [])), "")

    def get_swap(
        self, server_id: str, request_id: str
    ) -> model.SwapAction | None:
        try:
            body = self._nova.instance_action.get(
                server_id, request_id
            ).to_dict()
        except nova_exceptions.NotFound:
            return None
        events = body.get("events") or []
        last = events[-1] if events else {}
        return model.SwapAction(
            request_id=body["request_id"],
            started_at=body["start_time"],
            events=bool(events),
            result=last.get("result"),
            traceback=last.get("traceback") or "",
        )

    def list_actions(self, server_id: str) -> Sequence[model.ServerAction]:
        return [
            model.ServerAction(
                row.action, row.start_time, failed=row.message == "Error"
            )
            for row in self._nova.instance_action.list(server_id)
        ]

    def list_swaps(self, server_id: str) -> Sequence[model.SwapAction]:
        return [
            model.SwapAction(row.request_id, row.start_time)
            for row in self._nova.instance_action.list(server_id)
            if row.action == "swap_volume"
        ]


def _client(version: model.Microversion, link: connection.Connection) -> Any:
    # Some 30 ms that a detached volume's move has no use for.
    from novaclient import client as nova_client

    return nova_client.Client(
        str(version),
        session=link.gated(),
        region_name=link.region_name,
        endpoint_type=link.interface,
        endpoint_override=link.endpoint_overrides.get("compute"),
    )


def _server(body: dict[str, Any]) -> model.Server:
    # In a cell that is down there are a few of these keys only.
    known = _VM_STATE in body
    extra_specs = (body.get("flavor") or {}).get("extra_specs")
    return model.Server(
        id=body["id"],
        name=body["name"] if known else None,
        project_id=body["tenant_id"],
        status=body["status"],
        vm_state=body.get(_VM_STATE),
        task_state=body.get("OS-EXT-STS:task_state"),
        power_state=body["OS-EXT-STS:power_state"] if known else None,
        locked=body.get("locked"),
        host=body.get("OS-EXT-SRV-ATTR:host"),
        availability_zone=body.get("OS-EXT-AZ:availability_zone"),
        tpm=None if extra_specs is None else "hw:tpm_version" in extra_specs,
        volume_ids=_volume_ids(body) if known else None,
    )


def _volume_ids(body: dict[str, Any]) -> frozenset[str] | None:
    # Policy may hide them, too.
    rows = body.get("os-extended-volumes:volumes_attached")
    return None if rows is None else frozenset(row["id"] for row in rows)
