# SPDX-License-Identifier: Apache-2.0
"""Keystone as others have configured theirs."""

from __future__ import annotations

import uuid

from tests.cloud.selftest.driver import Driver
from tests.cloud.selftest.old_apis import fresh_session

IDENTITY = {"service_type": "identity"}


def test_limits(driver: Driver) -> None:
    keystone = driver.cloud.admin_keystone
    name = f"zzz-{uuid.uuid4()}"
    project = keystone.projects.create(name, domain="default")
    with driver.cloud.limited_keystone(max_db_limit=3, list_limit=2):
        session = fresh_session(driver.cloud)

        def projects(query: str = "") -> list[str]:
            answer = session.get(f"/projects{query}", endpoint_filter=IDENTITY)
            return [one["name"] for one in answer.json()["projects"]]

        assert len(projects()) == 2
        assert len(projects("?limit=100")) == 3
        assert projects(f"?name={name}") == [name]
        # All that needs Keystone works.
        driver.server(driver.volume())
    with driver.cloud.limited_keystone(max_db_limit=4):
        assert len(projects()) == 4
    assert len(projects()) > 4
    keystone.projects.delete(project)


def test_a_role_with_a_capital(driver: Driver) -> None:
    def role_names() -> set[str]:
        session = fresh_session(driver.cloud)
        # To be asked for by a new token, and of all projects.
        for service_type, path in (
            ("volumev3", "/volumes/detail?all_tenants=1"),
            ("volumev3", "/os-services"),
            ("compute", "/servers/detail?all_tenants=1"),
            ("identity", "/roles"),
        ):
            answer = session.get(
                path, endpoint_filter={"service_type": service_type}
            )
            assert answer.status_code == 200
        return {role["name"] for role in answer.json()["roles"]}

    assert "admin" in role_names()
    with driver.cloud.renamed_role("admin", "Admin"):
        assert {"Admin"} <= role_names()
        assert "admin" not in role_names()
        driver.server(driver.volume())
    assert "admin" in role_names()
