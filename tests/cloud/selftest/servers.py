# SPDX-License-Identifier: Apache-2.0
"""Servers in states that an API shows in its own way."""

from __future__ import annotations

import time
from typing import Any

import requests

from tests.cloud.selftest.driver import Driver, until


def get(driver: Driver, path: str, version: str = "2.96") -> requests.Response:
    return driver.cloud.session().get(
        path,
        endpoint_filter={"service_type": "compute"},
        microversion=version,
        raise_exc=False,
    )


def listed(driver: Driver, version: str = "2.96") -> dict[str, Any]:
    answer = get(driver, "/servers/detail?all_tenants=1", version)
    servers = answer.json()["servers"]
    assert len({one["id"] for one in servers}) == len(servers)
    return {one["id"]: one for one in servers}


def test_a_cell_that_is_down(driver: Driver) -> None:
    lost, other = (driver.server(driver.volume()) for _ in range(2))
    volume = driver.volume()
    driver.attach(lost, volume)
    before = listed(driver)
    started = time.monotonic()
    with driver.cloud.cells.down(lost):
        seen = listed(driver)
        print(f"listed in {time.monotonic() - started:.1f} s")
        assert seen[lost].keys() == {
            "id",
            "status",
            "tenant_id",
            "created",
            "links",
        }
        assert seen[lost]["status"] == "UNKNOWN"
        assert seen[other] == before[other]
        assert seen.keys() == before.keys()
        # Older microversions leave it out.
        assert listed(driver, "2.60").keys() == before.keys() - {lost}
        one = get(driver, f"/servers/{lost}").json()["server"]
        assert one["status"] == "UNKNOWN"
        assert "name" not in one
        failed = get(driver, f"/servers/{lost}/os-volume_attachments")
        print(failed.status_code, failed.text)
        assert failed.status_code >= 500
        # Cinder knows nothing of it.
        assert driver.get(volume).status == "in-use"
        # And servers come up as ever.
        driver.server(driver.volume())
    assert listed(driver)[lost] == before[lost]
    assert get(driver, f"/servers/{lost}").json()["server"]["name"] == "server"
    driver.nova.volumes.delete_server_volume(lost, volume)
    driver.wait_volume(volume, "available")


def test_soft_deleted_servers(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    path = driver.cloud.guest_path(server, volume)
    driver.cloud.fault_switches("nova").set(soft_delete=True)
    driver.nova.servers.delete(server)
    driver.wait_server(server, "SOFT_DELETED")
    assert driver.get(volume).status == "in-use"
    assert driver.cloud.guest_path(server, volume) == path
    # No list has it, unless an admin asks for what is deleted.
    assert server not in listed(driver)
    asked = "/servers/detail?all_tenants=1&deleted=True"
    assert server in {
        one["id"] for one in get(driver, asked).json()["servers"]
    }
    driver.nova.servers.restore(server)
    driver.wait_server(server, "ACTIVE")
    assert driver.get(volume).status == "in-use"
    driver.nova.servers.delete(server)
    driver.wait_server(server, "SOFT_DELETED")
    driver.nova.servers.force_delete(server)
    driver.wait_volume(volume, "available")


def test_servers_are_deleted_at_once_otherwise(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    driver.nova.servers.delete(server)
    until(lambda: server not in listed(driver))
    driver.wait_volume(volume, "available")
