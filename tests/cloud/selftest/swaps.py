# SPDX-License-Identifier: Apache-2.0
"""Swaps through Nova, and how they fail."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.cloud.selftest.driver import Driver, only, until


def test_current_nova_refuses_direct_swaps(driver: Driver) -> None:
    only(driver.cloud, "current")
    volume = driver.volume()
    server = driver.server(volume)
    answer = driver.swap(server, volume, str(uuid.uuid4()))
    assert answer.status_code == 409
    assert "is not migrating" in answer.text


def test_direct_swap(driver: Driver) -> None:
    only(driver.cloud, "swap")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    before = driver.cloud.write_guest(server, old, 5)
    refused = driver.swap(server, old, str(uuid.uuid4()))
    assert refused.status_code == 400, refused.text
    started = time.monotonic()
    assert driver.swap(server, old, new).status_code == 202
    assert driver.swap_result(server) == "Success"
    print(f"direct swap: {time.monotonic() - started:.1f} s")
    assert driver.get(new).status == "in-use"
    assert driver.get(old).status == "available"
    assert driver.cloud.guest_digest(server, new) == before
    assert driver.cloud.guest_path(server, new) == driver.cloud.volume_path(
        new
    )


@pytest.mark.parametrize(
    ("switch", "pivoted"),
    [
        ({"connector": "fail"}, False),
        ({"attachment_update": "fail"}, False),
        ({"swap": "fail-connect"}, False),
        ({"swap": "fail-before-pivot"}, False),
        ({"swap": "fail-after-pivot"}, True),
        ({"attachment_complete": "fail"}, True),
        ({"attachment_delete": "fail"}, True),
        ({"bdm_save": "fail"}, True),
    ],
)
def test_failing_swaps(
    driver: Driver, switch: dict[str, str], pivoted: bool
) -> None:
    only(driver.cloud, "swap")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    paths = driver.cloud.volume_path(old), driver.cloud.volume_path(new)
    driver.cloud.fault_switches("nova").set(**switch)
    assert driver.swap(server, old, new).status_code == 202
    assert driver.swap_result(server) == "Error"
    print(switch, driver.get(old).status, driver.get(new).status)
    assert driver.cloud.guest_path(server, "/dev/vda") == paths[pivoted]


def test_swap_that_hangs_or_is_not_consumed(driver: Driver) -> None:
    only(driver.cloud, "swap")
    switches = driver.cloud.fault_switches("nova")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    switches.set(consume="never", swap="hang")
    assert driver.swap(server, old, new).status_code == 202
    time.sleep(1)
    assert driver.swap_events(server) == []
    assert driver.get(old).status == "detaching"
    assert driver.get(new).status == "reserved"
    switches.set(consume=None)
    until(lambda: driver.get(new).status == "attaching")
    (event,) = until(lambda: driver.swap_events(server))
    assert event["result"] is None
    switches.clear()
    assert driver.swap_result(server) == "Success"


def test_failing_swap_of_cinder(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.write_guest(server, volume, 6)
    driver.cloud.fault_switches("nova").set(swap="fail-before-pivot")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    after = driver.get(volume)
    assert (after.status, after.migration_status) == ("in-use", "error")
    assert after.volume_type == "bronze"
    assert driver.cloud.guest_digest(server, volume) == before


@pytest.mark.parametrize(
    "switch",
    [
        {"swap": "fail-after-pivot"},
        {"attachment_complete": "fail"},
        {"migrate_volume_completion": "fail"},
    ],
)
def test_swap_of_cinder_fails_after_the_pivot(
    driver: Driver, switch: dict[str, str]
) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.guest_path(server, volume)
    driver.cloud.fault_switches("nova").set(**switch)
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    assert driver.swap_result(server) == "Error"
    after = driver.get(volume)
    path = driver.cloud.guest_path(server, "/dev/vda")
    print(switch, after.status, after.migration_status, path.exists())
    assert path != before


@pytest.mark.parametrize("pivoted", [False, True])
def test_nova_is_killed_during_a_swap(driver: Driver, pivoted: bool) -> None:
    only(driver.cloud, "swap")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    paths = driver.cloud.volume_path(old), driver.cloud.volume_path(new)
    driver.cloud.fault_switches("nova").set(
        **{"after_pivot" if pivoted else "swap": "hang"}
    )
    assert driver.swap(server, old, new).status_code == 202
    until(lambda: driver.get(new).status == "attaching")
    until(
        lambda: driver.cloud.guest_path(server, "/dev/vda") == paths[pivoted]
    )
    driver.cloud.service("nova").kill()
    driver.cloud.fault_switches("nova").clear()
    driver.cloud.service("nova").start()
    # Nobody can tell from the APIs on which side of the pivot it was.
    assert driver.get(old).status == "detaching"
    assert driver.get(new).status == "attaching"
    (event,) = driver.swap_events(server) or [{}]
    assert event["result"] is None
    assert driver.cloud.guest_path(server, "/dev/vda") == paths[pivoted]
