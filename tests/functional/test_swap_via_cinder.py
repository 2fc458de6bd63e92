# SPDX-License-Identifier: Apache-2.0
"""Swaps that Cinder leads: attached volumes move, their servers run on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import conftest, moves, resources, shell


@pytest.fixture(scope="module")
def server(current_cloud: cloud_.Cloud) -> Any:
    """An active server, the same for all tests; each brings its volume."""
    return resources.Resources(current_cloud).server()


@contextlib.contextmanager
def _paused(make: resources.Resources, server: Any) -> Iterator[None]:
    make.nova.servers.pause(server.id)
    make.until_server(server.id, "PAUSED")
    yield
    make.nova.servers.unpause(server.id)
    make.until_server(server.id, "ACTIVE")


@contextlib.contextmanager
def _resized(make: resources.Resources, server: Any) -> Iterator[None]:
    small = next(f for f in make.nova.flavors.list() if f.name == "small")
    make.nova.servers.resize(server.id, small.id)
    make.until_server(server.id, "VERIFY_RESIZE")
    yield
    make.nova.servers.revert_resize(server.id)
    make.until_server(server.id, "ACTIVE")


@contextlib.contextmanager
def _active(make: resources.Resources, server: Any) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _over_gamma(
    cloud: cloud_.Cloud, make: resources.Resources, fails: bool = False
) -> Iterator[None]:
    """Have a retype to gold end on gamma, so that delta takes a migration.

    :param fails: the migration's swap fails
    """

    def only_gamma(request: http_messages.Request) -> None:
        make.disable("cloud@delta")

    def delta_too(request: http_messages.Request) -> None:
        make.enable("cloud@delta")
        if fails:
            cloud.fault_switches("nova").set(swap="fail-before-pivot")

    try:
        with (
            cloud.fault_proxy.fault(body_pattern="os-retype", call=only_gamma),
            cloud.fault_proxy.fault(body_pattern="os-migrate", call=delta_too),
        ):
            yield
    finally:
        make.enable("cloud@delta")
        cloud.fault_switches("nova").clear()


@pytest.mark.parametrize("state", [_active, _paused, _resized])
def test_retypes_under_a_running_server(
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
    state: Any,
) -> None:
    attached = moves.Attached.prepare(make, server)

    with state(make, server):
        done = moves.run(openstack, attached.volume, moves.type_("gold"))

        assert done.exit_code == 0, done.stderr
        assert done.json["result"] == "done"
        assert done.json["path"] == "swap via cinder"
        assert done.json["server_id"] == server.id
        assert done.json["new_volume_id"] == attached.volume.id
        attached.assert_moved(None, "gold")
        assert make.host(attached.volume.id) in (moves.GAMMA, moves.DELTA)


@pytest.mark.smoke
def test_retypes_and_then_goes_to_the_pool(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    attached = moves.Attached.prepare(make, server)

    with (
        _over_gamma(cloud, make),
        moves.requests_within(cloud) as requests,
    ):
        done = moves.run(
            openstack,
            attached.volume,
            moves.type_("gold"),
            moves.node(moves.DELTA),
        )

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert done.json["destination_node"] == moves.DELTA
    attached.assert_moved(moves.DELTA, "gold")
    retype, migrate = moves.acting(requests)
    assert "os-retype" in retype
    assert migrate["os-migrate_volume"]["host"] == moves.DELTA


def test_a_migration_that_fails_after_its_retype_is_no_mystery(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    attached = moves.Attached.prepare(make, server)

    with _over_gamma(cloud, make, fails=True):
        done = moves.run(
            openstack,
            attached.volume,
            moves.type_("gold"),
            moves.node(moves.DELTA),
        )

    assert done.exit_code == 1
    assert done.json["result"] == "failed", done.stderr
    assert done.json["destination_type"] == "gold"
    assert done.json["destination_node"] == moves.GAMMA
    assert f"server {server.id} kept its disk" in done.stderr
    moves.settled(make, attached.volume)
    attached.assert_moved(moves.GAMMA, "gold")


def test_goes_to_the_pool_with_its_type(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = moves.run(
            openstack,
            attached.volume,
            moves.type_("bronze"),
            moves.node(moves.BETA),
        )

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    attached.assert_moved(moves.BETA, "bronze")
    assert len(moves.acting(requests)) == 1


def test_a_type_that_is_the_same_moves_nothing(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = moves.run(
            openstack, attached.volume, moves.type_("bronze-copy")
        )

    assert done.exit_code == 0, done.stderr
    attached.assert_moved(moves.ALPHA, "bronze-copy")
    (request,) = moves.acting(requests)
    assert request["os-retype"]["migration_policy"] == "never"


@pytest.mark.parametrize("point", ["fail-connect", "fail-before-pivot"])
def test_a_failure_before_the_pivot_leaves_the_guest_alone(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    server: Any,
    point: str,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    set_faults("nova", swap=point)

    done = moves.run(openstack, attached.volume, moves.type_("gold"))

    assert done.exit_code == 1
    assert done.json["result"] == "failed", done.stderr
    assert "Cinder ended the retype with an error" in done.stderr
    assert f"server {server.id} kept its disk" in done.stderr
    moves.settled(make, attached.volume)
    attached.assert_moved(moves.ALPHA, "bronze")


def test_a_failure_after_the_pivot_is_called_undecided(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    # Its own server: nothing good comes of that one any more.
    lost = make.server()
    attached = moves.Attached.prepare(make, lost, moves.ALPHA)
    set_faults("nova", swap="fail-after-pivot")

    done = moves.run(openstack, attached.volume, moves.type_("gold"))

    assert done.exit_code == 1
    assert done.json["result"] == "undecided"
    assert "Do not reboot, stop or live-migrate the server" in done.stderr
    assert lost.id in done.stderr
    # It says so because it is so: Nova and Cinder both say otherwise.
    guest = cloud.guest_path(lost.id, attached.nova["device"])
    assert guest != cloud.volume_path(attached.volume.id)
    assert make.host(attached.volume.id) == moves.ALPHA
