# SPDX-License-Identifier: Apache-2.0
"""Services behind one address with TLS, whose links lead elsewhere.

The certificate is of a CA that only ``OS_CACERT`` knows, each service lies
under a path that it does not know of, and what it answers about where more is
to be found is wrong.
"""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import front_door
from tests.functional import moves, resources, shell

_TO_BETA = moves.node(moves.BETA)
_SERVICES = {
    "identity": "identity",
    "volumev3": "volume",
    "compute": "compute",
}


@pytest.fixture(scope="module")
def door(
    current_cloud: cloud_.Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[front_door.FrontDoor]:
    directory = tmp_path_factory.mktemp("front")
    upstream = {
        name: current_cloud.fault_proxy.url(service)
        for name, service in _SERVICES.items()
    }
    with (
        front_door.FrontDoor(directory, upstream) as door,
        current_cloud.catalogue.behind(door.url, *_SERVICES),
    ):
        yield door


@pytest.fixture
def environment(
    cloud: cloud_.Cloud, door: front_door.FrontDoor
) -> dict[str, str]:
    return {
        **cloud.environment("admin"),
        "OS_AUTH_URL": f"{door.url}/identity/v3",
        "OS_CACERT": str(door.ca),
    }


@pytest.fixture
def openstack(environment: dict[str, str]) -> shell.Openstack:
    return shell.Openstack(environment)


def test_volumes_are_planned_page_by_page_and_moved(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    name, server = make.name("door"), make.server()
    volumes = [
        make.volume(pool=moves.ALPHA, name=f"{name}-{number}")
        for number in range(3)
    ]
    make.attach(server.id, volumes[0].id)
    digests = [cloud.digest(volume.id) for volume in volumes]
    file = tmp_path / "plan.json"
    with cloud.limited_cinder(osapi_max_limit=2):
        planned = openstack.migrate(
            *("plan", f"--name={name}-*", _TO_BETA, f"--output={file}"),
            "-f=json",
        )
    assert planned.exit_code == 0, planned.stderr
    assert [row["Verdict"] for row in planned.json] == ["ready"] * 3

    done = openstack.migrate("apply", str(file), "--auto-approve")

    assert done.exit_code == 0, done.stderr
    assert {make.host(volume.id) for volume in volumes} == {moves.BETA}
    assert [cloud.digest(volume.id) for volume in volumes] == digests


def test_recover_looks_through_it(openstack: shell.Openstack) -> None:
    done = openstack.migrate("recover", "--servers", "-f=json")

    assert isinstance(done.json, list), done.stderr


@pytest.mark.parametrize("word", ["run", "check"])
def test_a_certificate_of_nobody_known_is_one_sentence(
    make: resources.Resources,
    environment: dict[str, str],
    word: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    del environment["OS_CACERT"]

    done = shell.Openstack(environment).migrate(
        word, volume.id, moves.COLD, _TO_BETA
    )

    assert (done.exit_code, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "certificate" in done.last_line.lower()
    assert make.host(volume.id) == moves.ALPHA


@pytest.fixture
def application(
    make: resources.Resources, environment: dict[str, str]
) -> Iterator[dict[str, str]]:
    """The same, by an application credential of the admin's."""
    credentials = make.keystone.application_credentials
    secret = uuid.uuid4().hex
    made: Any = credentials.create(make.name("application"), secret=secret)
    kept = ("OS_AUTH_URL", "OS_CACERT", "OS_REGION_NAME", "OS_INTERFACE")
    yield {
        **{name: environment[name] for name in kept},
        "OS_AUTH_TYPE": "v3applicationcredential",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_APPLICATION_CREDENTIAL_ID": made.id,
        "OS_APPLICATION_CREDENTIAL_SECRET": secret,
    }
    credentials.delete(made)


def test_an_application_credential_will_do(
    make: resources.Resources, application: dict[str, str]
) -> None:
    openstack = shell.Openstack(application)
    volume = make.volume(pool=moves.ALPHA)

    done = moves.run(openstack, volume, moves.COLD, _TO_BETA)
    looked = openstack.migrate("recover", "-f=json")

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) == moves.BETA
    assert isinstance(looked.json, list), looked.stderr
