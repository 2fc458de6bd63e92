# SPDX-License-Identifier: Apache-2.0
"""The five steps on a Keystone that has rules of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell

#: As a bank would have it: all classes of characters, and long.
_STRICT = r"^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])(?=.*[^\w\s]).{16,}$"
#: What no password of ours can be.
_HOPELESS = r"^[0-9]{4}$"


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> Iterator[cloud_.Cloud]:
    """Its Nova takes direct swaps; its Keystone is put back later."""
    yield swap_cloud
    swap_cloud.reconfigure_keystone({})


@pytest.fixture
def volume(make: resources.Resources) -> Any:
    """An attached volume."""
    made = make.volume()
    make.server(made)
    return made


def _swap(openstack: shell.Openstack, volume: Any) -> shell.Completed:
    return openstack.migrate(
        "run",
        volume.id,
        "--swap-via=nova",
        "--destination-type=gold",
        "-f=json",
    )


def _rules(regex: str) -> dict[str, dict[str, Any]]:
    return {
        "security_compliance": {
            "password_regex": regex,
            "password_regex_description": "the bank's rule",
            "change_password_upon_first_use": True,
            "lockout_failure_attempts": 1,
        }
    }


def test_a_strict_keystone_is_satisfied(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> None:
    content = cloud.digest(volume.id)
    cloud.reconfigure_keystone(_rules(_STRICT))
    users = set(cloud.inventory()["users"])

    done = _swap(openstack, volume)

    assert done.exit_code == 0, done.stderr
    assert cloud.digest(done.json["new_volume_id"]) == content
    assert make.is_gone(volume.id)
    assert set(cloud.inventory()["users"]) == users


def test_a_rule_that_cannot_be_satisfied_leaves_nothing(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any
) -> None:
    cloud.reconfigure_keystone(_rules(_HOPELESS))
    before = cloud.inventory()

    done = _swap(openstack, volume)

    assert done.exit_code == 1
    assert done.last_line.startswith(
        "Keystone's rule for passwords accepts none of at least 24 random"
    )
    assert not before.difference(cloud.inventory())


def test_a_disabled_project_is_refused(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> None:
    projects, demo = make.keystone.projects, make.project_id("demo")
    projects.update(demo, enabled=False)
    try:
        before, mark = cloud.inventory(), cloud.fault_proxy.mark()

        done = _swap(openstack, volume)

        after, asked = cloud.inventory(), cloud.fault_proxy.since(mark)
    finally:
        projects.update(demo, enabled=True)
    assert done.exit_code == 1
    assert done.last_line == (
        f"Project cannot be used: project 'demo' ({demo}) is disabled (remedy"
        f": openstack project set --enable {demo})"
    )
    assert not before.difference(after)
    assert not [
        request
        for request in asked
        if request.method != "GET"
        and not request.path.endswith("/auth/tokens")
        and "os-volume_attachments" not in request.path
    ]
