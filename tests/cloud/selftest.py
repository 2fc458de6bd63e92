# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Shows that the test cloud does what it promises.

Not collected by default: ``pytest tests/cloud/selftest.py``, with
``--nova current`` or ``--nova swap`` through TEST_CLOUD_NOVA.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import pytest
import requests
from keystoneauth1 import exceptions

from tests.cloud import Cloud, Request
from tests.cloud.services.testcloud import seed

NOVAS = os.environ.get("TEST_CLOUD_NOVA", "current,swap").split(",")


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

    def swap_events(self, server: str) -> list[dict[str, Any]]:
        for action in self.nova.instance_action.list(server):
            if action.action == "swap_volume":
                return self.nova.instance_action.get(
                    server, action.request_id
                ).events
        raise AssertionError("no swap was asked for")

    def swap_result(self, server: str) -> str:
        return until(
            lambda: (self.swap_events(server) or [{}])[0].get("result")
        )


@pytest.fixture(scope="module", params=NOVAS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    started = time.monotonic()
    with Cloud(tmp_path_factory.mktemp("cloud"), request.param) as cloud:
        print(f"{request.param}: up in {time.monotonic() - started:.1f} s")
        yield cloud
        assert not [
            line
            for log in (cloud.directory / "logs").iterdir()
            for line in log.read_text().splitlines()
            if "database is locked" in line
        ]


@pytest.fixture
def driver(cloud: Cloud) -> Iterator[Driver]:
    yield Driver(cloud)
    for owner in (*seed.BACKENDS, "nova"):
        cloud.knobs(owner).clear()


def only(cloud: Cloud, nova: str) -> None:
    if cloud.nova != nova:
        pytest.skip(f"is about nova {nova}")


@pytest.mark.parametrize("backend", seed.BACKENDS)
def test_every_backend_takes_volumes(driver: Driver, backend: str) -> None:
    others = [name for name in seed.BACKENDS if name != backend]
    for name in others:
        driver.cloud.knobs(name).set(free_capacity_gb=0)
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
    ("knob", "pivoted"),
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
    driver: Driver, knob: dict[str, str], pivoted: bool
) -> None:
    only(driver.cloud, "swap")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    paths = driver.cloud.volume_path(old), driver.cloud.volume_path(new)
    driver.cloud.knobs("nova").set(**knob)
    assert driver.swap(server, old, new).status_code == 202
    assert driver.swap_result(server) == "Error"
    print(knob, driver.get(old).status, driver.get(new).status)
    assert driver.cloud.guest_path(server, "/dev/vda") == paths[pivoted]


def test_swap_that_hangs_or_is_not_consumed(driver: Driver) -> None:
    only(driver.cloud, "swap")
    knobs = driver.cloud.knobs("nova")
    old, new = driver.volume(), driver.volume("gold")
    server = driver.server(old)
    knobs.set(consume="never", swap="hang")
    assert driver.swap(server, old, new).status_code == 202
    time.sleep(1)
    assert driver.swap_events(server) == []
    assert driver.get(old).status == "detaching"
    assert driver.get(new).status == "reserved"
    knobs.set(consume=None)
    until(lambda: driver.get(new).status == "attaching")
    assert driver.swap_events(server)[0]["result"] is None
    knobs.clear()
    assert driver.swap_result(server) == "Success"


def test_failing_swap_of_cinder(driver: Driver) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.write_guest(server, volume, 6)
    driver.cloud.knobs("nova").set(swap="fail-before-pivot")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    after = driver.get(volume)
    assert (after.status, after.migration_status) == ("in-use", "error")
    assert after.volume_type == "bronze"
    assert driver.cloud.guest_digest(server, volume) == before


@pytest.mark.parametrize(
    "knob",
    [
        {"swap": "fail-after-pivot"},
        {"attachment_complete": "fail"},
        {"migrate_volume_completion": "fail"},
    ],
)
def test_swap_of_cinder_fails_after_the_pivot(
    driver: Driver, knob: dict[str, str]
) -> None:
    volume = driver.volume()
    server = driver.server(volume)
    before = driver.cloud.guest_path(server, volume)
    driver.cloud.knobs("nova").set(**knob)
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    assert driver.swap_result(server) == "Error"
    after = driver.get(volume)
    path = driver.cloud.guest_path(server, "/dev/vda")
    print(knob, after.status, after.migration_status, path.exists())
    assert path != before


def test_cinder_is_killed_during_a_copy(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    driver.cloud.knobs(backend).set(connect="hang")
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
    driver.cloud.knobs(backend).clear()
    driver.cloud.service("cinder").start()
    after = driver.get(volume)
    assert (after.status, after.migration_status) == ("retyping", "migrating")
    driver.cinder.volumes.migrate_volume_completion(
        volume, targets[0].id, True
    )
    driver.wait_migration(volume, "error")


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


def test_create_knob(driver: Driver) -> None:
    for name in ("gamma", "delta"):
        driver.cloud.knobs(name).set(create="fail")
    volume = driver.cinder.volumes.create(1, volume_type="gold").id
    until(lambda: driver.get(volume).status == "error")
    for name in ("gamma", "delta"):
        driver.cloud.knobs(name).set(create="hang")
    volume = driver.cinder.volumes.create(1, volume_type="gold").id
    time.sleep(2)
    assert driver.get(volume).status == "creating"
    for name in ("gamma", "delta"):
        driver.cloud.knobs(name).clear()
    driver.wait_volume(volume, "available")


def test_delete_knob(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    knobs = driver.cloud.knobs(backend)
    knobs.set(delete="busy")
    driver.cinder.volumes.delete(volume)
    until(lambda: driver.get(volume).status == "available")
    knobs.set(delete="fail")
    driver.cinder.volumes.delete(volume)
    until(lambda: driver.get(volume).status == "error_deleting")
    knobs.set(delete="slow:2")
    driver.cinder.volumes.reset_state(volume, "error")
    driver.cinder.volumes.delete(volume)
    time.sleep(1)
    assert driver.get(volume).status == "deleting"
    until(
        lambda: f"volume-{volume}" not in driver.cloud.backend_files(backend)
    )


def test_connect_knob(driver: Driver) -> None:
    volume = driver.volume()
    backend = driver.cloud.volume_path(volume).parent.name
    driver.cloud.knobs(backend).set(connect="fail")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "bronze"
    assert driver.get(volume).migration_status == "error"
    driver.cloud.knobs(backend).set(connect="hang")
    driver.cinder.volumes.retype(volume, "gold", "on-demand")
    driver.wait_migration(volume, "migrating")
    time.sleep(3)
    assert driver.get(volume).status == "retyping"
    driver.cloud.knobs(backend).clear()
    driver.wait_retype(volume)
    assert driver.get(volume).volume_type == "gold"


def test_migrate_knob(driver: Driver) -> None:
    volume = driver.volume()
    before = driver.cloud.write_volume(volume, 7)
    backend = driver.cloud.volume_path(volume).parent.name
    target = "beta" if backend == "alpha" else "alpha"
    driver.cloud.knobs(backend).set(migrate="assisted-fail")
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "error"
    driver.cloud.knobs(backend).set(migrate="assisted")
    started = time.monotonic()
    driver.cinder.volumes.migrate_volume(
        volume, f"cloud@{target}#pool", False, True
    )
    assert driver.wait_migration(volume) == "success"
    print(f"assisted migrate: {time.monotonic() - started:.1f} s")
    assert driver.cloud.digest(volume) == before
    assert driver.cloud.volume_path(volume).parent.name == target


def test_capacity_and_capability_knobs(driver: Driver) -> None:
    driver.cloud.knobs("gamma").set(
        free_capacity_gb=5, capabilities={"colour": "red"}
    )
    pools = {
        pool.name: pool for pool in driver.cinder.pools.list(detailed=True)
    }
    assert pools["cloud@gamma#pool"].free_capacity_gb == 5
    assert pools["cloud@gamma#pool"].colour == "red"
    driver.cloud.knobs("gamma").clear()
    pools = {
        pool.name: pool for pool in driver.cinder.pools.list(detailed=True)
    }
    assert not hasattr(pools["cloud@gamma#pool"], "colour")


def test_down_knob(driver: Driver) -> None:
    def state() -> str:
        services = driver.cinder.services.list(host="cloud@beta")
        return services[0].state

    assert state() == "up"
    driver.cloud.knobs("beta").set(down=True)
    assert state() == "down"
    time.sleep(6)
    assert state() == "down"
    driver.cloud.knobs("beta").clear()
    assert state() == "up"


def openstack(
    cloud: Cloud, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "openstackclient.shell", *arguments),
        env={**os.environ, **cloud.environment()},
        capture_output=True,
        text=True,
        check=True,
    )


def test_openstack_goes_through_the_front_door(driver: Driver) -> None:
    door = driver.cloud.front_door
    volume = driver.volume()
    mark = door.mark()
    listed = openstack(
        driver.cloud, "volume", "list", "--all-projects", "-f", "json"
    )
    assert volume in {row["ID"] for row in json.loads(listed.stdout)}
    openstack(driver.cloud, "server", "list", "--all-projects")
    seen = [str(request) for request in door.since(mark)]
    print("\n".join(seen))
    assert any(line.startswith("volume GET /v3/") for line in seen)
    assert any(line.startswith("compute GET /v2.1/") for line in seen)
    assert any(line.startswith("identity POST /v3/auth") for line in seen)
    request = door.since(mark)[-1]
    assert request.request_id is not None
    assert request.finished is not None
    assert request.finished > request.started


@pytest.mark.parametrize("service", ["identity", "volume", "compute"])
def test_links_lead_back_to_the_front_door(cloud: Cloud, service: str) -> None:
    url = cloud.front_door.url(service)
    text = requests.get(url).text
    assert "http://" in text
    direct = text.replace(url, "")
    assert "http://127.0.0.1" not in direct


def test_front_door_is_quick(cloud: Cloud) -> None:
    took = {}
    for url in (cloud.front_door.url("placement"), cloud._url("placement")):
        with requests.Session() as session:
            session.get(url)
            started = time.perf_counter()
            for _ in range(100):
                session.get(url)
            took[url] = (time.perf_counter() - started) * 10
    door, direct = took.values()
    print(f"front door: {door:.2f} ms a request, direct {direct:.2f} ms")
    assert door - direct < 2


def test_faults(driver: Driver) -> None:
    door = driver.cloud.front_door
    session = driver.cloud.session()
    where = {"service_type": "volumev3"}

    def get(**kwargs: Any) -> requests.Response:
        return session.get("/volumes", endpoint_filter=where, **kwargs)

    get()
    with door.fault(
        service="volume", path="/volumes$", nth=2, answer=503, body="no"
    ) as rule:
        assert get().status_code == 200
        answer = get(raise_exc=False)
        assert (answer.status_code, answer.text) == (503, "no")
        assert get().status_code == 200
        assert rule.hits == 1
    with door.fault(path="/volumes$", drop="before", every=True) as rule:
        with pytest.raises(exceptions.ConnectFailure):
            get(connect_retries=0)
        assert rule.hits >= 1
        assert door.requests[-1].status is None
    name = uuid.uuid4().hex
    with (
        door.fault(
            method="POST", path="/volumes$", body_pattern=name, drop="after"
        ),
        pytest.raises(exceptions.ConnectFailure),
    ):
        session.post(
            "/volumes",
            json={"volume": {"size": 1, "name": name}},
            endpoint_filter=where,
            connect_retries=0,
        )
    until(lambda: driver.cinder.volumes.list(search_opts={"name": name}))
    for point in ("before", "after"):
        with door.fault(path="/volumes$", hang=point, seconds=0.5):
            started = time.monotonic()
            assert get().status_code == 200
            assert time.monotonic() - started >= 0.5
    with door.fault(path="/volumes$", hang="before") as rule:
        thread = threading.Thread(target=get)
        thread.start()
        assert rule.applied.wait(5)
        time.sleep(0.3)
        assert thread.is_alive()
        rule.release()
        thread.join(5)
        assert not thread.is_alive()
    called: list[Request] = []
    with door.fault(path="/volumes$", call=called.append, when="after"):
        assert get().status_code == 200
    assert called[0].status == 200
    assert called[0].path.endswith("/volumes")


def test_a_client_is_killed_at_a_point(driver: Driver) -> None:
    name = uuid.uuid4().hex
    client = subprocess.Popen(
        (
            sys.executable,
            "-m",
            "openstackclient.shell",
            "volume",
            "create",
            "--size",
            "1",
            name,
        ),
        env={**os.environ, **driver.cloud.environment()},
    )
    with driver.cloud.front_door.fault(
        method="POST",
        path="/volumes$",
        call=lambda request: client.kill(),
        when="after",
        drop="after",
    ) as rule:
        assert client.wait(60) == -signal.SIGKILL
        assert rule.hits == 1
    assert driver.cinder.volumes.list(search_opts={"name": name})


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
