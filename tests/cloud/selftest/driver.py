# SPDX-License-Identifier: Apache-2.0
"""Does with a cloud what tests do with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.cloud import Cloud


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.1)
    return value


class Driver:
    """Does with a cloud what tests do with it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.cinder = cloud.admin_cinder
        self.nova = cloud.admin_nova

    def volume(self, volume_type: str = "bronze", **kwargs: Any) -> str:
        created = self.cinder.volumes.create(
            1, volume_type=volume_type, **kwargs
        )
        self.wait_volume(created.id, "available")
        return created.id

    def wait_volume(self, volume: str, *wanted: str) -> str:
        def reached() -> str | None:
            status = self.cinder.volumes.get(volume).status
            if status in wanted:
                return status
            assert status != "error"
            return None

        return until(reached)

    def get(self, volume: str) -> Any:
        return self.cinder.volumes.get(volume)

    def host(self, volume: str) -> str:
        return getattr(self.get(volume), "os-vol-host-attr:host")

    def wait_migration(self, volume: str, *ends: str) -> str:
        return until(lambda: self._ended(volume, ends or ("success", "error")))

    def _ended(self, volume: str, ends: tuple[str, ...]) -> str | None:
        status = self.get(volume).migration_status
        return status if status in ends else None

    def wait_retype(self, volume: str) -> None:
        until(lambda: self.get(volume).status != "retyping")

    def server(self, volume: str) -> str:
        self.cinder.volumes.set_bootable(volume, True)
        server = self.nova.servers.create(
            "server",
            image=None,
            flavor="tiny",
            nics="none",
            block_device_mapping_v2=[
                {
                    "uuid": volume,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "boot_index": 0,
                }
            ],
        )
        self.wait_server(server.id, "ACTIVE")
        return server.id

    def wait_server(self, server: str, status: str) -> None:
        until(lambda: self.nova.servers.get(server).status == status)

    def attach(self, server: str, volume: str) -> None:
        self.nova.volumes.create_server_volume(server, volume)
        self.wait_volume(volume, "in-use")

    def swap(self, server: str, old: str, new: str) -> requests.Response:
        """PUT as a client would, at the microversion of old."""
        return self.cloud.session().put(
            f"/servers/{server}/os-volume_attachments/{old}",
            json={"volumeAttachment": {"volumeId": new}},
            endpoint_filter={"service_type": "compute"},
            raise_exc=False,
        )

    def swap_events(self, server: str) -> list[dict[str, Any]] | None:
        """Return what the last swap did so far; None before it is known."""
        for action in self.nova.instance_action.list(server):
            if action.action == "swap_volume":
                return self.nova.instance_action.get(
                    server, action.request_id
                ).events
        return None

    def swap_result(self, server: str) -> str:
        return until(
            lambda: (self.swap_events(server) or [{}])[0].get("result")
        )


def only(cloud: Cloud, nova: str) -> None:
    if cloud.nova != nova:
        pytest.skip(f"is about nova {nova}")
