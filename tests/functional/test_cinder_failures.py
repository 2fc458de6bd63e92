# SPDX-License-Identifier: Apache-2.0
"""What fails inside Cinder, where nobody says so, is told all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import databases, http_messages
from tests.functional import conftest, moves, resources, shell

TO_BETA = (moves.COLD, moves.node(moves.BETA))
TO_GOLD = (moves.COLD, moves.type_("gold"))


@pytest.mark.parametrize(
    ("request_", "destination"), [("migrate", TO_BETA), ("retype", TO_GOLD)]
)
def test_a_copy_that_fails_leaves_the_volume_as_it_was(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    request_: str,
    destination: tuple[str, ...],
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    for backend in ("beta", "gamma", "delta"):
        set_faults(backend, connect="fail")

    done = moves.run(openstack, volume, *destination)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert done.last_line.startswith("Cinder ended the ")
    assert "with an error" in done.last_line
    seen = moves.settled(make, volume)
    assert (seen.status, seen.volume_type) == ("available", "bronze")
    assert make.host(volume.id) == moves.ALPHA
    assert cloud.digest(volume.id) == content


@pytest.mark.parametrize(
    ("backend", "switch"),
    [("alpha", {"migrate": "assisted-fail"}), ("beta", {"create": "fail"})],
)
def test_a_migration_that_never_copied_has_failed(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    backend: str,
    switch: dict[str, Any],
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    set_faults(backend, **switch)

    done = moves.run(openstack, volume, *TO_BETA)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert done.json["destination_node"] == moves.ALPHA
    assert "Cinder ended the migration with an error" in done.last_line
    assert moves.settled(make, volume).status == "available"
    assert make.host(volume.id) == moves.ALPHA
    assert cloud.digest(volume.id) == content


@pytest.mark.parametrize("stale", ["success", "error"])
def test_a_retype_that_is_dropped_in_silence_has_failed(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    stale: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    make.cinder.volumes.reset_state(
        volume.id, "available", migration_status=stale
    )

    def drain(request: http_messages.Request) -> None:
        make.disable("cloud@gamma")
        make.disable("cloud@delta")

    try:
        with cloud.fault_proxy.fault(body_pattern="os-retype", call=drain):
            done = moves.run(openstack, volume, *TO_GOLD)
    finally:
        make.enable("cloud@gamma")
        make.enable("cloud@delta")

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert "Cinder restored the volume without giving a" in done.last_line
    assert "Likely causes: the scheduler found no pool" in done.last_line
    assert make.seen(volume.id).volume_type == "bronze"
    assert cloud.digest(volume.id) == content


def test_another_pool_than_asked_for_has_failed(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    # A volume of this type may be on any pool.
    volume = make.volume("silver", pool=moves.ALPHA)

    def astray(request: http_messages.Request) -> None:
        request.body = request.body.replace(b"gamma", b"delta")

    with cloud.fault_proxy.fault(body_pattern="os-migrate", call=astray):
        done = moves.run(
            openstack, volume, moves.COLD, moves.node(moves.GAMMA)
        )

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert done.last_line == (
        f"Cinder moved the volume to {moves.DELTA}, not to {moves.GAMMA}"
    )


def test_an_old_copy_that_stays_is_a_warning(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    set_faults("alpha", delete="fail")

    done = moves.run(openstack, volume, *TO_BETA)

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    (leftover,) = [
        row for row in moves.rows_of(cloud, volume) if row["id"] != volume.id
    ]
    assert (
        f"the volume moved, but its old copy {leftover['id']} on "
        f"{moves.ALPHA} could not be deleted" in done.stderr
    )
    assert make.host(volume.id) == moves.BETA
    assert cloud.digest(volume.id) == content
    set_faults.clear()
    make.cinder.volumes.reset_state(leftover["id"], "error")
    make.delete(leftover["id"])


def test_a_volume_may_vanish_meanwhile(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", connect="hang")

    def delete(request: http_messages.Request) -> None:
        with databases.opened(cloud.directory, "cinder") as connection:
            connection.execute(
                "UPDATE volumes SET deleted = 1 WHERE id = ?", (volume.id,)
            )

    with cloud.fault_proxy.fault(
        method="GET", path="/volumes/detail", nth=5, call=delete
    ):
        done = moves.run(openstack, volume, *TO_BETA)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert "was deleted while it was moving" in done.last_line
    (copy,) = (
        row["id"]
        for row in cloud.inventory()["volumes"].values()
        if row["migration_status"] == f"target:{volume.id}"
    )
    set_faults.clear()
    make.forget(copy)
