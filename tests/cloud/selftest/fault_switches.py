# SPDX-License-Identifier: Apache-2.0
"""Storage that fails, hangs or is slow."""

from __future__ import annotations

import time

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
