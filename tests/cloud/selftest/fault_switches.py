# SPDX-License-Identifier: Apache-2.0
"""Storage that fails, hangs or is slow."""

from __future__ import annotations

import time
import uuid

import pytest
from cinderclient import exceptions

from tests.cloud.selftest.driver import Driver, until


def test_create_switch(driver: Driver) -> None:
    for name in ("gamma", "delta"):
        driver.cloud.fault_switches(name).set(create="fail")
    volume = driver.cinder.volumes.create(1, volume_type="gold").id
    until(lambda: driver.get(volume).status == "error")
    for name in ("gamma", "delta"):
        driver.cloud.fault_switches(name).set(create="hang")
    volume = driver.cinder.volumes.create(1, volume_type="gold").id
    time.sleep(2)
    assert driver.get(volume).status == "creating"
    for name in ("gamma", "delta"):
        driver.cloud.fault_switches(name).clear()
    driver.wait_volume(volume, "available")


def test_deleting_takes_a_moment(driver: Driver) -> None:
    took = {}
    for switch in (None, "at-once"):
        volume = driver.volume()
        path = driver.cloud.volume_path(volume)
        driver.cloud.fault_switches(path.parent.name).set(delete=switch)
        driver.cinder.volumes.delete(volume)
        started = time.monotonic()
        while path.exists():
            time.sleep(0.005)
        took[switch] = time.monotonic() - started
    print(took)
    assert took[None] > 0.2
    assert took["at-once"] < took[None]


def test_delete_switch(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    switches = driver.cloud.fault_switches(backend)
    switches.set(delete="busy")
    driver.cinder.volumes.delete(volume)
    until(lambda: driver.get(volume).status == "available")
    switches.set(delete="fail")
    driver.cinder.volumes.delete(volume)
    until(lambda: driver.get(volume).status == "error_deleting")
    switches.set(delete="slow:2")
    driver.cinder.volumes.reset_state(volume, "error")
    driver.cinder.volumes.delete(volume)
    time.sleep(1)
    assert driver.get(volume).status == "deleting"
    until(
        lambda: f"volume-{volume}" not in driver.cloud.backend_files(backend)
    )


def test_connect_switch(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    driver.cloud.fault_switches(backend).set(connect="fail")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "bronze"
    assert driver.get(volume).migration_status == "error"
    driver.cloud.fault_switches(backend).set(connect="hang")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_migration(volume, "migrating")
    time.sleep(3)
    assert driver.get(volume).status == "retyping"
    driver.cloud.fault_switches(backend).clear()
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "gold"


def test_migrate_switch(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 7)
    backend = driver.cloud.volume_path(volume).parent.name
    target = "beta" if backend == "alpha" else "alpha"
    driver.cloud.fault_switches(backend).set(migrate="assisted-fail")
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "error"
    driver.cloud.fault_switches(backend).set(migrate="assisted")
    started = time.monotonic()
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "success"
    print(f"assisted migrate: {time.monotonic() - started:.1f} s")
    assert driver.cloud.digest(volume) == before
    assert driver.cloud.volume_path(volume).parent.name == target


def test_rename_switch(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 7)
    backend = driver.cloud.volume_path(volume).parent.name
    target = "beta" if backend == "alpha" else "alpha"
    driver.cloud.fault_switches(target).set(rename="never")
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "success"
    name_id = getattr(driver.get(volume), "os-vol-mig-status-attr:name_id")
    assert name_id not in (None, volume)
    path = driver.cloud.volume_path(volume)
    assert (path.parent.name, path.name) == (target, f"volume-{name_id}")
    assert driver.cloud.digest(volume) == before


def test_capacity_and_capability_switches(driver: Driver) -> None:
    driver.cloud.fault_switches("gamma").set(
        free_capacity_gb=5, capabilities={"colour": "red"}
    )
    pools = {
        pool.name: pool for pool in driver.cinder.pools.list(detailed=True)
    }
    assert pools["cloud@gamma#pool"].free_capacity_gb == 5
    assert pools["cloud@gamma#pool"].colour == "red"
    driver.cloud.fault_switches("gamma").clear()
    pools = {
        pool.name: pool for pool in driver.cinder.pools.list(detailed=True)
    }
    assert not hasattr(pools["cloud@gamma#pool"], "colour")


@pytest.mark.parametrize("shared", [False, True])
def test_migrate_switch_relabel(driver: Driver, shared: bool) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 8)
    source = driver.cloud.volume_path(volume)
    backend = source.parent.name
    target = "beta" if backend == "alpha" else "alpha"

    def migrate() -> None:
        driver.cinder.volumes.migrate_volume(
            volume, f"cloud@{target}#pool", False, True
        )
        assert driver.wait_migration(volume) == "success"
        assert driver.host(volume) == f"cloud@{target}#pool"

    for name in (backend, target):
        driver.cloud.fault_switches(name).set(
            capabilities={"location_info": "ceph:one-fsid:volumes"}
        )
    driver.cloud.fault_switches(backend).set(
        migrate="relabel-shared" if shared else "relabel"
    )
    migrate()
    assert source.exists()
    path = driver.cloud.volume_path(volume)
    assert path.parent.name == target
    assert path.exists() == shared
    assert shared == (shared and driver.cloud.digest(volume) == before)


def test_migrate_switch_relabel_of_other_storage(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 9)
    source = driver.cloud.volume_path(volume)
    target = "beta" if source.parent.name == "alpha" else "alpha"
    driver.cloud.fault_switches(source.parent.name).set(migrate="relabel")
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "success"
    assert driver.cloud.volume_path(volume).parent.name == target
    assert driver.cloud.digest(volume) == before


def test_pools_switch(driver: Driver) -> None:
    driver.cloud.fault_switches("gamma").set(pools=["nfs:/exports/a", "b#c"])
    names = {pool.name for pool in driver.cinder.pools.list()}
    assert {"cloud@gamma#nfs:/exports/a", "cloud@gamma#b#c"} <= names
    assert "cloud@gamma#pool" not in names
    driver.cloud.fault_switches("gamma").set(pools=["nfs:/exports/a"])
    driver.cloud.fault_switches("delta").set(free_capacity_gb=0)
    volume = driver.volume("gold")
    assert driver.host(volume) == "cloud@gamma#nfs:/exports/a"
    assert driver.cloud.volume_path(volume).exists()
    driver.cinder.volumes.retype(volume, "bronze", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "bronze"


def test_filter_function(driver: Driver) -> None:
    for name in ("gamma", "delta"):
        driver.cloud.fault_switches(name).set(
            capabilities={"filter_function": "volume.size > 1"}
        )
    volume = driver.volume()
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "bronze"
    driver.cinder.volumes.extend(volume, 2)
    driver.wait_volume(volume, "available")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "gold"


def test_front_end_qos_of_an_attached_volume(driver: Driver) -> None:
    kind = driver.cloud.add_volume_type(
        f"slow-{uuid.uuid4()}",
        {"volume_backend_name": "gold"},
        {"total_iops_sec": "100"},
    )
    root = driver.volume()
    driver.server(root)
    with pytest.raises(exceptions.BadRequest, match="front-end qos"):
        driver.cinder.volumes.retype(root, kind.name, "on-demand")
    detached = driver.volume()
    driver.cinder.volumes.retype(detached, kind.name, "on-demand")
    driver.wait_retype(detached)
    assert driver.get(detached).volume_type == kind.name


def test_a_type_for_large_volumes(driver: Driver) -> None:
    kind = driver.cloud.add_volume_type(
        f"large-{uuid.uuid4()}",
        {
            "volume_backend_name": "gold",
            "provisioning:min_vol_size": "2",
        },
    )
    volume = driver.volume()
    with pytest.raises(exceptions.BadRequest, match="minimum required size"):
        driver.cinder.volumes.retype(volume, kind.name, "on-demand")


def test_down_switch(driver: Driver) -> None:
    def state() -> str:
        services = driver.cinder.services.list(host="cloud@beta")
        return services[0].state

    assert state() == "up"
    driver.cloud.fault_switches("beta").set(down=True)
    assert state() == "down"
    time.sleep(6)
    assert state() == "down"
    driver.cloud.fault_switches("beta").clear()
    assert state() == "up"
