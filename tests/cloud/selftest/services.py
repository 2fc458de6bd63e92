# SPDX-License-Identifier: Apache-2.0
"""Processes come and go; servers and people are there."""

from __future__ import annotations

import pathlib
import socket
import subprocess
import sys
import time

import pytest
from keystoneauth1 import exceptions

from tests.cloud import Cloud
from tests.cloud.selftest.driver import Driver, until


def test_cinder_is_killed_during_a_copy(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    driver.cloud.fault_switches(backend).set(connect="hang")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_migration(volume, "migrating")
    targets = until(
        lambda: [
            one
            for one in driver.cinder.volumes.list(
                search_opts={"all_tenants": 1}
            )
            if one.migration_status == f"target:{volume}"
            and one.status == "available"
        ]
    )
    driver.cloud.service("cinder").kill()
    driver.cloud.fault_switches(backend).clear()
    driver.cloud.service("cinder").start()
    after = driver.get(volume)
    assert (after.status, after.migration_status) == ("retyping", "migrating")
    driver.cinder.volumes.migrate_volume_completion(
        volume, targets[0].id, True
    )
    driver.wait_migration(volume, "error")


def test_services_can_be_killed(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    for name in ("cinder", "nova", "keystone"):
        service = driver.cloud.service(name)
        service.kill()
        assert not service.running
        started = time.monotonic()
        service.start()
        print(f"{name}: back in {time.monotonic() - started:.1f} s")
    assert driver.get(volume).status == "in-use"
    assert driver.nova.servers.get(server).status == "ACTIVE"
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "gold"


def test_server_states(driver: Driver) -> None:
    server = driver.server(driver.volume())
    nova = driver.nova.servers
    for act, status in (
        (nova.pause, "PAUSED"),
        (nova.unpause, "ACTIVE"),
        (nova.stop, "SHUTOFF"),
        (nova.start, "ACTIVE"),
        (nova.lock, "ACTIVE"),
        (nova.unlock, "ACTIVE"),
        (lambda one: nova.resize(one, "small"), "VERIFY_RESIZE"),
        (nova.confirm_resize, "ACTIVE"),
        (nova.shelve, "SHELVED_OFFLOADED"),
        (nova.unshelve, "ACTIVE"),
    ):
        act(server)
        driver.wait_server(server, status)
        until(lambda: not getattr(nova.get(server), "OS-EXT-STS:task_state"))
    nova.delete(server)
    until(lambda: not nova.list(search_opts={"uuid": server}))


def test_users(cloud: Cloud) -> None:
    for user in ("alice", "bob", "reader"):
        answer = cloud.session(user).get(
            "/volumes", endpoint_filter={"service_type": "volumev3"}
        )
        assert answer.status_code == 200
        refused = cloud.session(user).get(
            "/os-services",
            endpoint_filter={"service_type": "volumev3"},
            raise_exc=False,
        )
        assert refused.status_code == 403


def test_inventory(driver: Driver) -> None:
    before = driver.cloud.inventory()
    assert before == driver.cloud.inventory()
    volume = driver.volume()
    user = driver.cloud.admin_keystone.users.create("temporary")
    (one, two) = before.difference(driver.cloud.inventory())
    assert (one.kind, one.id) == ("users", user.id)
    assert (two.kind, two.id, two.before) == ("volumes", volume, None)
    driver.cloud.admin_keystone.users.delete(user)


def test_keystone_overrides(cloud: Cloud) -> None:
    cloud.reconfigure_keystone(
        {"security_compliance": {"password_regex": "^.{40,}$"}}
    )
    keystone = cloud.admin_keystone
    with pytest.raises(exceptions.BadRequest):
        keystone.users.create("weak", password="weak")
    cloud.reconfigure_keystone({})
    keystone.users.delete(keystone.users.create("weak", password="weak"))


def test_two_clouds_and_no_leftovers(
    cloud: Cloud, tmp_path: pathlib.Path
) -> None:
    pids, ports = [], []
    with Cloud(tmp_path / "second") as second:
        volume = second.admin_cinder.volumes.create(1)
        until(
            lambda: (
                second.admin_cinder.volumes.get(volume.id).status
                == "available"
            )
        )
        assert not [
            one
            for one in cloud.admin_cinder.volumes.list()
            if one.id == volume.id
        ]
        for name in ("keystone", "placement", "cinder", "nova"):
            pids.append(second.service(name).pid)
            ports.append(second._ports[name].number)
    for pid in pids:
        assert not pathlib.Path(f"/proc/{pid}").exists()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    # The directory is kept, and starts again with what it holds.
    with second:
        assert second.admin_cinder.volumes.get(volume.id)


_OWNER = """
import sys, time
from tests.cloud import Cloud
cloud = Cloud(sys.argv[1])
cloud.start()
print(*(one.pid for one in cloud._services.values()), flush=True)
time.sleep(600)
"""


def test_services_end_with_their_owner(tmp_path: pathlib.Path) -> None:
    owner = subprocess.Popen(
        (sys.executable, "-c", _OWNER, str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pids = owner.stdout.readline().split()
    assert len(pids) == 4
    owner.kill()
    owner.wait()
    until(
        lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids),
        5,
    )
