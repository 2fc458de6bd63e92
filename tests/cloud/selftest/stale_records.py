# SPDX-License-Identifier: Apache-2.0
"""Cinder and Nova disagree, in each way that clouds are found in."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.cloud import CloudError
from tests.cloud.selftest.driver import Driver


def attachments(driver: Driver, volume: str) -> dict[str, Any]:
    """Attachment ID -> attachment, as Cinder's API has them."""
    manager = driver.cloud.access.cinder(microversion="3.71").attachments
    found = manager.list(search_opts={"all_tenants": 1, "volume_id": volume})
    return {one.id: manager.show(one.id) for one in found}


def in_nova(driver: Driver, server: str) -> set[str]:
    return {
        one.volumeId for one in driver.nova.volumes.get_server_volumes(server)
    }


def attached(driver: Driver) -> tuple[str, str]:
    """A server and a data volume of it."""
    server, volume = driver.server(driver.volume()), driver.volume()
    driver.attach(server, volume)
    return server, volume


def test_cinder_forgets(driver: Driver) -> None:
    server, volume = attached(driver)
    driver.cloud.stale_records.cinder_forgets(volume)
    seen = driver.get(volume)
    assert (seen.status, seen.attachments) == ("available", [])
    assert attachments(driver, volume) == {}
    assert volume in in_nova(driver, server)
    assert driver.cloud.guest_path(server, volume) == driver.cloud.volume_path(
        volume
    )


def test_nova_forgets(driver: Driver) -> None:
    server, volume = attached(driver)
    driver.cloud.stale_records.nova_forgets(volume)
    assert volume not in in_nova(driver, server)
    assert driver.get(volume).status == "in-use"
    (one,) = attachments(driver, volume).values()
    assert one.instance == server
    assert driver.cloud.volume_path(volume) in set(
        driver.cloud.guest_disks(server).values()
    )
    with pytest.raises(CloudError):
        driver.cloud.stale_records.nova_forgets(volume)


def test_a_server_goes_and_its_attachments_stay(driver: Driver) -> None:
    server, volume = attached(driver)
    driver.cloud.stale_records.delete_server(server)
    assert driver.get(volume).status == "in-use"
    (one,) = attachments(driver, volume).values()
    assert (one.instance, one.status) == (server, "attached")
    assert driver.nova.servers.list(search_opts={"uuid": server}) == []


def test_a_shelved_server_goes_and_stays_reserved(driver: Driver) -> None:
    server, volume = attached(driver)
    driver.nova.servers.shelve(server)
    driver.wait_server(server, "SHELVED_OFFLOADED")
    driver.cloud.stale_records.delete_server(server)
    assert driver.get(volume).status == "reserved"
    (one,) = attachments(driver, volume).values()
    assert (one.instance, one.status) == (server, "reserved")


def test_reserved_for_a_server_that_never_was(driver: Driver) -> None:
    volume = driver.volume()
    made = driver.cloud.stale_records.reserve(volume)
    assert driver.get(volume).status == "reserved"
    (one,) = attachments(driver, volume).values()
    assert (one.id, one.status) == (made, "reserved")
    cinder = driver.cloud.access.cinder(microversion="3.71")
    cinder.attachments.delete(made)
    driver.wait_volume(volume, "available")


def test_attached_to_a_server_that_never_was(driver: Driver) -> None:
    volume, server = driver.volume(), str(uuid.uuid4())
    made = driver.cloud.stale_records.attach_to_server(volume, server)
    assert driver.get(volume).status == "in-use"
    (one,) = attachments(driver, volume).values()
    assert (one.id, one.instance, one.status) == (made, server, "attached")


def test_attached_to_a_host(driver: Driver) -> None:
    volume = driver.volume()
    made = driver.cloud.stale_records.attach_to_host(volume, "node-7")
    seen = driver.get(volume)
    assert seen.status == "in-use"
    (listed,) = seen.attachments
    assert (listed["server_id"], listed["host_name"]) == (None, "node-7")
    assert set(attachments(driver, volume)) == {made}


def test_two_attachments(driver: Driver) -> None:
    server, volume = attached(driver)
    other = str(uuid.uuid4())
    made = driver.cloud.stale_records.add_attachment(volume, other)
    found = attachments(driver, volume)
    assert len(found) == 2
    assert found[made].instance == other
    assert {one["server_id"] for one in driver.get(volume).attachments} == {
        server,
        other,
    }


def test_databases(driver: Driver) -> None:
    volume = driver.volume()
    cinder = driver.cloud.database("cinder")
    assert cinder.rows("SELECT status FROM volumes WHERE id = ?", volume) == [
        {"status": "available"}
    ]
    sql = "UPDATE volumes SET status = ? WHERE id = ?"
    assert cinder.execute(sql, "maintenance", volume) == 1
    assert driver.get(volume).status == "maintenance"
    assert cinder.execute(sql, "available", volume) == 1
    with pytest.raises(CloudError):
        driver.cloud.database("cindre").rows("SELECT 1")
