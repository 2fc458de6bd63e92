# SPDX-License-Identifier: Apache-2.0
"""Cold migration and cold retype, on the real services."""

from __future__ import annotations

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell


@pytest.mark.smoke
def test_migrates_to_the_pool_with_its_content(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA, metadata={"keep": "me"})
    content = cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert done.json["path"] == "migrate"
    assert done.json["source_node"] == moves.ALPHA
    assert done.json["destination_node"] == moves.BETA
    assert make.host(volume.id) == moves.BETA
    assert cloud.digest(volume.id) == content
    after = make.seen(volume.id)
    assert (after.name, after.metadata, after.status) == (
        volume.name,
        {"keep": "me"},
        "available",
    )
    assert len(moves.rows_of(cloud, volume)) == 1


def test_nobody_can_attach_the_volume_meanwhile(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))

    assert done.exit_code == 0, done.stderr
    (request,) = moves.acting(requests)
    assert request["os-migrate_volume"]["lock_volume"] is True


@pytest.mark.parametrize(
    ("before", "after", "pools"),
    [
        ("bronze", "gold", (moves.GAMMA, moves.DELTA)),
        ("silver", "bronze", (moves.ALPHA, moves.BETA)),
    ],
)
def test_retypes_with_its_content(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    before: str,
    after: str,
    pools: tuple[str, ...],
) -> None:
    volume = make.volume(before, metadata={"keep": "me"})
    content = cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, moves.type_(after))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert done.json["path"] == "retype"
    assert done.json["source_type"] == before
    assert done.json["destination_type"] == after
    assert done.json["volume_id"] == done.json["new_volume_id"] == volume.id
    seen = make.seen(volume.id)
    assert (seen.volume_type, seen.status) == (after, "available")
    assert seen.metadata == {"keep": "me"}
    assert make.host(volume.id) in pools
    assert cloud.digest(volume.id) == content
    assert len(moves.rows_of(cloud, volume)) == 1


@pytest.mark.parametrize("stale", ["success", "error"])
@pytest.mark.parametrize(
    "destination", [moves.node(moves.BETA), moves.type_("gold")]
)
def test_an_earlier_migration_decides_nothing(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    stale: str,
    destination: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    make.cinder.volumes.reset_state(
        volume.id, "available", migration_status=stale
    )

    done = moves.run(openstack, volume, moves.COLD, destination)

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert make.host(volume.id) != moves.ALPHA
    assert cloud.digest(volume.id) == content


def test_the_driver_may_move_the_volume_itself(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    set_faults("alpha", migrate="assisted")

    done = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert make.host(volume.id) == moves.BETA
    assert cloud.digest(volume.id) == content


def test_types_that_are_the_same_are_never_migrated(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume("bronze", pool=moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = moves.run(
            openstack, volume, moves.COLD, moves.type_("bronze-copy")
        )

    assert done.exit_code == 0, done.stderr
    assert make.seen(volume.id).volume_type == "bronze-copy"
    assert make.host(volume.id) == moves.ALPHA
    (request,) = moves.acting(requests)
    assert request["os-retype"]["migration_policy"] == "never"


def test_a_drained_backend_keeps_what_is_retyped_to_the_same(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume("bronze", pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    make.disable("cloud@alpha")
    try:
        done = moves.run(
            openstack, volume, moves.COLD, moves.type_("bronze-copy")
        )
    finally:
        make.enable("cloud@alpha")

    # With another policy Cinder would write another pool into the row, and
    # leave the data where it is.
    assert done.exit_code == 1, done.stderr
    assert make.host(volume.id) == moves.ALPHA
    assert cloud.digest(volume.id) == content
