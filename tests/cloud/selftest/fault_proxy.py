# SPDX-License-Identifier: Apache-2.0
"""What the fault proxy sees, and how it interferes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from typing import Any

import pytest
import requests
from keystoneauth1 import exceptions

from tests.cloud import Cloud, Request
from tests.cloud.selftest.driver import Driver, until


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


def test_openstack_goes_through_the_fault_proxy(driver: Driver) -> None:
    proxy = driver.cloud.fault_proxy
    volume = driver.volume()
    mark = proxy.mark()
    listed = openstack(
        driver.cloud, "volume", "list", "--all-projects", "-f", "json"
    )
    assert volume in {row["ID"] for row in json.loads(listed.stdout)}
    openstack(driver.cloud, "server", "list", "--all-projects")
    seen = [str(request) for request in proxy.since(mark)]
    print("\n".join(seen))
    assert any(line.startswith("volume GET /v3/") for line in seen)
    assert any(line.startswith("compute GET /v2.1/") for line in seen)
    assert any(line.startswith("identity POST /v3/auth") for line in seen)
    request = proxy.since(mark)[-1]
    assert request.request_id is not None
    assert request.finished is not None
    assert request.finished > request.started


@pytest.mark.parametrize("service", ["identity", "volume", "compute"])
def test_links_lead_back_to_the_fault_proxy(
    cloud: Cloud, service: str
) -> None:
    url = cloud.fault_proxy.url(service)
    text = requests.get(url).text
    assert "http://" in text
    direct = text.replace(url, "")
    assert "http://127.0.0.1" not in direct


def test_fault_proxy_is_quick(cloud: Cloud) -> None:
    took = {}
    for url in (cloud.fault_proxy.url("placement"), cloud._url("placement")):
        with requests.Session() as session:
            session.get(url)
            started = time.perf_counter()
            for _ in range(100):
                session.get(url)
            took[url] = (time.perf_counter() - started) * 10
    proxy, direct = took.values()
    print(f"fault proxy: {proxy:.2f} ms a request, direct {direct:.2f} ms")
    assert proxy - direct < 2


def test_faults(driver: Driver) -> None:
    proxy = driver.cloud.fault_proxy
    session = driver.cloud.session()
    where = {"service_type": "volumev3"}

    def get(**kwargs: Any) -> requests.Response:
        return session.get("/volumes", endpoint_filter=where, **kwargs)

    get()
    with proxy.fault(
        service="volume", path="/volumes$", nth=2, answer=503, body="no"
    ) as rule:
        assert get().status_code == 200
        answer = get(raise_exc=False)
        assert (answer.status_code, answer.text) == (503, "no")
        assert get().status_code == 200
        assert rule.hits == 1
    with proxy.fault(path="/volumes$", drop="before", every=True) as rule:
        with pytest.raises(exceptions.ConnectFailure):
            get(connect_retries=0)
        assert rule.hits >= 1
        assert proxy.requests[-1].status is None
    name = uuid.uuid4().hex
    with (
        proxy.fault(
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
        with proxy.fault(path="/volumes$", hang=point, seconds=0.5):
            started = time.monotonic()
            assert get().status_code == 200
            assert time.monotonic() - started >= 0.5
    with proxy.fault(path="/volumes$", hang="before") as rule:
        thread = threading.Thread(target=get)
        thread.start()
        assert rule.applied.wait(5)
        time.sleep(0.3)
        assert thread.is_alive()
        rule.release()
        thread.join(5)
        assert not thread.is_alive()
    called: list[Request] = []
    with proxy.fault(path="/volumes$", call=called.append, when="after"):
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
    with driver.cloud.fault_proxy.fault(
        method="POST",
        path="/volumes$",
        call=lambda request: client.kill(),
        when="after",
        drop="after",
    ) as rule:
        assert client.wait(60) == -signal.SIGKILL
        assert rule.hits == 1
    assert driver.cinder.volumes.list(search_opts={"name": name})
