# SPDX-License-Identifier: Apache-2.0
"""OSC's own options, with commands of ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, resources, shell

_THERE = (
    "-f=json",
    moves.COLD,
    moves.node(moves.ALPHA),
)


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A volume that is where it is asked to go."""
    return resources.Resources(current_cloud).volume(pool=moves.ALPHA)


@pytest.mark.parametrize(
    "option",
    [
        "--os-volume-api-version=3",
        "--os-volume-api-version=3.70",
        "--os-region-name=RegionOne",
        "--os-compute-api-version=2.1",
    ],
)
def test_works_with(
    openstack: shell.Openstack, volume: Any, option: str
) -> None:
    done = openstack(
        option, "volume", "watcher-migrate", "run", volume.id, *_THERE
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "already there"


def test_the_interface_is_heeded(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any
) -> None:
    with moves.requests_within(cloud) as requests:
        done = openstack(
            "--os-interface=internal",
            "volume",
            "watcher-migrate",
            "run",
            volume.id,
            *_THERE,
        )

    assert done.exit_code == 0, done.stderr
    # Only public endpoints are behind the fault proxy.
    assert [r for r in requests if r.service == "volume"] == []


def test_an_unknown_region_is_one_sentence(
    openstack: shell.Openstack, volume: Any
) -> None:
    done = openstack(
        "--os-region-name=Nowhere",
        "volume",
        "watcher-migrate",
        "run",
        volume.id,
        *_THERE,
    )

    assert done.exit_code == 1
    assert "Nowhere" in done.last_line
    assert "Traceback" not in done.stderr


def test_timing_sees_every_request(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = openstack(
            "--timing",
            "volume",
            "watcher-migrate",
            "run",
            volume.id,
            moves.COLD,
            moves.node(moves.BETA),
            "-f=value",
        )

    assert done.exit_code == 0, done.stderr
    asked = [r for r in requests if r.service == "volume"]
    assert done.stdout.count("/volumes/detail?") == sum(
        r.path.endswith("/volumes/detail") for r in asked
    )
    assert f"POST {_url(asked, 'POST')}" in done.stdout


def _url(requests: list[Any], method: str) -> str:
    request = next(r for r in requests if r.method == method)
    return f"http://{request.request_headers['Host']}{request.path}"
