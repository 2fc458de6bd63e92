# SPDX-License-Identifier: Apache-2.0
"""An active-active cluster: two services, one backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud import Cloud
from tests.cloud.selftest.driver import Driver, until

POOL = "cloudcluster@epsilon#pool"


@pytest.fixture(scope="module")
def clustered_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("clustered")
    with Cloud(directory, clustered=True) as cloud:
        yield cloud


@pytest.fixture
def driver(clustered_cloud: Cloud) -> Iterator[Driver]:
    yield Driver(clustered_cloud)
    clustered_cloud.fault_switches("epsilon").clear()


def cluster_state(driver: Driver) -> str:
    cinder = driver.cloud.access.cinder(microversion="3.7")
    (cluster,) = cinder.clusters.list(detailed=True)
    assert cluster.name == "cloudcluster@epsilon"
    return str(cluster.state)


def states(driver: Driver) -> dict[str, str]:
    found = driver.cinder.services.list(binary="cinder-volume")
    return {
        one.host: one.state for one in found if one.host.startswith("host-")
    }


def made_by(driver: Driver, member: str) -> str:
    """A volume whose host is that member of the cluster."""
    other = "host-2" if member == "host-1" else "host-1"
    driver.cloud.fault_switches("epsilon").set(down=other)
    volume = driver.volume("clustered")
    driver.cloud.fault_switches("epsilon").clear()
    assert driver.host(volume) == f"{member}@epsilon#pool"
    return volume


def test_pools_and_services(driver: Driver) -> None:
    names = {pool.name for pool in driver.cinder.pools.list()}
    assert POOL in names
    assert not any(name.startswith("host-") for name in names)
    assert states(driver) == {"host-1@epsilon": "up", "host-2@epsilon": "up"}
    assert cluster_state(driver) == "up"
    services = driver.cloud.access.cinder(microversion="3.7").services.list()
    clusters = {one.host: one.cluster for one in services}
    assert clusters["host-1@epsilon"] == "cloudcluster@epsilon"
    assert clusters["cloud@alpha"] is None


def test_only_its_own_type_goes_there(driver: Driver) -> None:
    volume = driver.volume("clustered")
    seen = driver.cloud.access.cinder(microversion="3.61").volumes.get(volume)
    assert seen.cluster_name == POOL
    assert driver.cloud.volume_path(volume).parent.name == "epsilon"
    assert "@epsilon" not in driver.host(driver.volume("bronze"))


@pytest.mark.parametrize("member", ["host-1", "host-2"])
def test_one_member_down(driver: Driver, member: str) -> None:
    volume = made_by(driver, member)
    before = driver.cloud.write_volume(volume, member)
    driver.cloud.fault_switches("epsilon").set(down=member)
    assert states(driver)[f"{member}@epsilon"] == "down"
    assert cluster_state(driver) == "up"
    assert POOL in {pool.name for pool in driver.cinder.pools.list()}
    # The other one serves it, whose ever it was.
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "gold"
    assert driver.cloud.digest(volume) == before


def test_a_member_that_comes_back_serves(driver: Driver) -> None:
    for member in ("host-1", "host-2", "host-1"):
        made_by(driver, member)


def test_all_down(driver: Driver) -> None:
    driver.cloud.fault_switches("epsilon").set(down=True)
    assert set(states(driver).values()) == {"down"}
    assert cluster_state(driver) == "down"
    driver.cloud.fault_switches("epsilon").clear()
    until(lambda: cluster_state(driver) == "up")


def test_volumes_move_into_it_and_under_a_server(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.write_guest(server, volume, 9)
    driver.cinder.volumes.retype(volume, "clustered", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "clustered"
    path = driver.cloud.guest_path(server, volume)
    assert path == driver.cloud.volume_path(volume)
    assert path.parent.name == "epsilon"
    assert driver.cloud.guest_digest(server, volume) == before
