# SPDX-License-Identifier: Apache-2.0
"""Services that are older than they are, or not there at all."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from keystoneauth1 import discover, exceptions
from keystoneauth1 import session as sessions
from keystoneauth1.identity import v3

from tests.cloud import Cloud
from tests.cloud.selftest.driver import Driver
from tests.cloud.services.testcloud import seed


def fresh_session(cloud: Cloud) -> sessions.Session:
    """One that has to get a token, and a catalogue with it."""
    return sessions.Session(
        v3.Password(
            cloud.auth_url,
            username="admin",
            password=seed.password("admin"),
            user_domain_name="Default",
            project_name="admin",
            project_domain_name="Default",
        )
    )


def get(
    session: sessions.Session, service_type: str, path: str, version: str
) -> requests.Response:
    return session.get(
        path,
        endpoint_filter={"service_type": service_type},
        microversion=version,
        raise_exc=False,
    )


@pytest.mark.parametrize(
    ("service", "service_type", "path", "limit", "above"),
    [
        ("volume", "volumev3", "/volumes", "3.59", "3.60"),
        ("compute", "compute", "/servers", "2.60", "2.61"),
    ],
)
def test_limited_microversions(
    driver: Driver,
    service: str,
    service_type: str,
    path: str,
    limit: str,
    above: str,
) -> None:
    proxy = driver.cloud.fault_proxy

    def highest() -> list[Any]:
        """By the unversioned document, and as clients discover it."""
        session = fresh_session(driver.cloud)
        assert session.auth is not None
        data = session.auth.get_endpoint_data(
            session, service_type=service_type, discover_versions=True
        )
        assert data is not None
        found = discover.Discover(session, proxy.url(service))
        return [
            data.max_microversion,
            found.version_data()[-1]["max_microversion"],
        ]

    numbers = tuple(int(part) for part in limit.split("."))
    before = highest()
    assert before[0] == before[1] > numbers
    real = get(driver.cloud.session(), service_type, path, "3.999")
    with proxy.limit_microversions(**{service: limit}):
        assert highest() == [numbers, numbers]
        session = driver.cloud.session()
        assert get(session, service_type, path, limit).status_code == 200
        refused = get(session, service_type, path, above)
        assert refused.status_code == 406
        assert refused.headers["Content-Type"].startswith("application/json")
        error = refused.json()["computeFault"]
        assert error["message"].endswith(f" and maximum is {limit}.")
        latest = get(session, service_type, path, "latest")
        assert latest.status_code == 200
        assert latest.headers["OpenStack-API-Version"] == f"{service} {limit}"
        # The other service is as it was.
        assert get(session, "placement", "/", "1.36").status_code == 200
    # It refuses as the service itself does.
    assert real.status_code == 406
    told = real.json()["computeFault"]
    assert told.keys() == error.keys()
    assert (
        told["message"].split(". ")[1].split()[:3]
        == (error["message"].split(". ")[1].split()[:3])
    )
    assert highest() == before
    assert get(session, service_type, path, above).status_code == 200


def test_a_catalogue_without_compute(driver: Driver) -> None:
    where = {"service_type": "compute", "interface": "public"}
    with driver.cloud.catalogue.without("compute"):
        session = fresh_session(driver.cloud)
        with pytest.raises(exceptions.EndpointNotFound):
            session.get("/servers", endpoint_filter=where)
        assert get(session, "volumev3", "/volumes", "3.0").status_code == 200
    session = fresh_session(driver.cloud)
    assert session.get("/servers", endpoint_filter=where).status_code == 200


def test_a_catalogue_without_public_compute(driver: Driver) -> None:
    with driver.cloud.catalogue.without("compute", ("public",)):
        session = fresh_session(driver.cloud)
        with pytest.raises(exceptions.EndpointNotFound):
            session.get_endpoint(service_type="compute", interface="public")
        assert session.get_endpoint(
            service_type="compute", interface="internal"
        )


def test_compute_of_old(driver: Driver) -> None:
    where = {"service_type": "compute"}
    with driver.cloud.catalogue.with_path("compute", "/v2"):
        session = fresh_session(driver.cloud)
        endpoint = session.get_endpoint(service_type="compute")
        assert endpoint == driver.cloud.fault_proxy.url("compute") + "/v2"
        document = session.get(endpoint).json()["version"]
        assert (document["id"], document["version"]) == ("v2.0", "")
        answer = session.get(
            "/servers/detail", endpoint_filter=where, microversion="2.90"
        )
        assert "OpenStack-API-Version" not in answer.headers
    session = fresh_session(driver.cloud)
    endpoint = session.get_endpoint(service_type="compute")
    assert endpoint == driver.cloud.fault_proxy.url("compute") + "/v2.1"
