# SPDX-License-Identifier: Apache-2.0
"""Volumes move, in use or not, with all their bytes."""

from __future__ import annotations

import time
from concurrent import futures

import pytest

from tests.cloud.selftest.driver import Driver, until
from tests.cloud.services.testcloud import seed


@pytest.mark.parametrize("backend", seed.BACKENDS)
def test_every_backend_takes_volumes(driver: Driver, backend: str) -> None:
    others = [name for name in seed.BACKENDS if name != backend]
    for name in others:
        driver.cloud.fault_switches(name).set(free_capacity_gb=0)
    volume = driver.volume(seed.BACKENDS[backend])
    assert driver.host(volume) == f"cloud@{backend}#pool"
    assert f"volume-{volume}" in driver.cloud.backend_files(backend)


def test_cold_migrate_copies_the_bytes(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 1)
    target = "beta" if "alpha" in driver.host(volume) else "alpha"
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "success"
    assert driver.host(volume) == f"cloud@{target}#pool"
    assert driver.cloud.digest(volume) == before
    assert driver.cloud.volume_path(volume).parent.name == target


def test_cold_retype_copies_the_bytes(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 2)
    started = time.monotonic()
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    print(f"cold retype: {time.monotonic() - started:.1f} s")
    assert driver.get(volume).volume_type == "gold"
    assert driver.cloud.digest(volume) == before
    assert driver.cloud.volume_path(volume).parent.name in ("gamma", "delta")


def test_in_use_retype_through_nova(driver: Driver) -> None:
    cloud = driver.cloud
    started = time.monotonic()
    root = driver.volume()
    server = driver.server(root)
    print(f"server: {time.monotonic() - started:.1f} s")
    volume = driver.volume()
    before = cloud.write_volume(volume, 3)
    driver.attach(server, volume)
    assert cloud.guest_path(server, volume) == cloud.volume_path(volume)
    started = time.monotonic()
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    print(f"in-use retype: {time.monotonic() - started:.1f} s")
    after = driver.get(volume)
    assert (after.status, after.migration_status) == ("in-use", "success")
    assert after.volume_type == "gold"
    assert cloud.guest_digest(server, volume) == before
    assert cloud.guest_path(server, volume) == cloud.volume_path(volume)
    assert driver.swap_result(server) == "Success"


def test_in_use_migrate_of_a_root_disk(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.write_guest(server, "/dev/vda", 4)
    target = "beta" if "alpha" in driver.host(volume) else "alpha"
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, False
    )
    assert driver.wait_migration(volume) == "success"
    assert driver.cloud.guest_path(server, volume).parent.name == target
    assert driver.cloud.guest_digest(server, volume) == before


def test_twenty_retypes_at_once(driver: Driver) -> None:
    volumes = [driver.volume() for _ in range(20)]
    digests = [driver.cloud.write_volume(one, one) for one in volumes]
    started = time.monotonic()
    with futures.ThreadPoolExecutor(20) as pool:
        list(
            pool.map(
                lambda one: driver.cinder.volumes.retype(
                    one, "gold", "on-demand"
                ),
                volumes,
            )
        )
    print(f"posted in {time.monotonic() - started:.1f} s")
    for one in volumes:
        driver.wait_retype(one)
    print(f"20 retypes: {time.monotonic() - started:.1f} s")
    assert [driver.get(one).volume_type for one in volumes] == ["gold"] * 20
    assert [driver.cloud.digest(one) for one in volumes] == digests


def test_snapshots_clones_and_extending(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 8)
    snapshot = driver.cinder.volume_snapshots.create(volume).id
    until(
        lambda: (
            driver.cinder.volume_snapshots.get(snapshot).status == "available"
        )
    )
    from_snapshot = driver.volume(snapshot_id=snapshot)
    clone = driver.volume(source_volid=volume)
    assert driver.cloud.digest(from_snapshot) == before
    assert driver.cloud.digest(clone) == before
    driver.cinder.volumes.extend(clone, 2)
    driver.wait_volume(clone, "available")
    assert driver.cloud.volume_path(clone).stat().st_size == 2 << 30


def test_encrypted_volumes_can_be_attached(driver: Driver) -> None:
    volume = driver.volume("luks")
    assert driver.get(volume).encrypted
    driver.attach(driver.server(driver.volume()), volume)
