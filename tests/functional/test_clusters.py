# SPDX-License-Identifier: Apache-2.0
"""Active-active clusters: one pool, many names, members that come and go."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import (
    conftest,
    killable,
    moves,
    pools,
    resources,
    shell,
    untouched,
)

POOL = "cloudcluster@epsilon#pool"
MEMBER = "host-1@epsilon#pool"
TO_POOL = moves.node(POOL)


@pytest.fixture(scope="module")
def clustered_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[cloud_.Cloud]:
    directory = tmp_path_factory.mktemp("clustered")
    with cloud_.Cloud(directory, clustered=True) as cloud:
        yield cloud


@pytest.fixture
def cloud(clustered_cloud: cloud_.Cloud) -> cloud_.Cloud:
    return clustered_cloud


def _silver(make: resources.Resources, pool: str = moves.ALPHA) -> Any:
    """A volume that any pool may have."""
    return make.volume("silver", pool=pool)


@pytest.mark.parametrize("node", [POOL, MEMBER])
def test_to_a_pool_by_either_name(
    make: resources.Resources, openstack: shell.Openstack, node: str
) -> None:
    volume = _silver(make)
    digest = make.cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, moves.node(node))

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id).endswith("@epsilon#pool")
    assert make.cloud.digest(volume.id) == digest
    # Whichever member serves it, and by whichever name: it is there.
    again = moves.run(openstack, volume, moves.COLD, TO_POOL)
    assert again.json["result"] == "already there"


def test_several_pools_leave_the_choice_to_cinder(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = _silver(make)
    set_faults("epsilon", pools=["pool", "other"])

    said = untouched.refused(
        cloud, openstack, "run", volume.id, moves.COLD, TO_POOL
    )

    assert "cluster cloudcluster@epsilon has 2 pools for the type" in said
    assert "of which Cinder would choose one itself" in said


def test_a_member_that_is_down_does_not_matter(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    set_faults("epsilon", down="host-2")
    volume = make.volume("clustered")
    assert make.host(volume.id) == MEMBER
    set_faults("epsilon", down="host-1")
    # Its row names a member that is down; the other one does the move.
    digest = make.cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, moves.type_("silver"))

    assert done.exit_code == 0, done.stderr
    assert make.seen(volume.id).volume_type == "silver"
    assert make.cloud.digest(volume.id) == digest


def test_in_place_by_another_member(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    """A retype in place after which another member has the volume."""
    set_faults("epsilon", down="host-2")
    volume = make.volume("clustered")
    set_faults("epsilon", down="host-1")

    done = moves.run(openstack, volume, moves.COLD, moves.type_("silver"))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"


def test_what_is_on_the_pool_by_its_listed_name(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume("clustered")

    for node in (POOL, "cloudcluster@epsilon", MEMBER):
        done = openstack.migrate(
            "plan",
            f"--source-node={node}",
            moves.type_("silver"),
            "-f=json",
        )
        assert done.exit_code == 0, done.stderr
        assert volume.id in {row["ID"] for row in done.json}, node


def test_a_cordon_is_put_around_the_whole_cluster(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    tmp_path: pathlib.Path,
) -> None:
    volume = make.volume("clustered")
    file = tmp_path / "plan.json"
    planned = openstack.migrate(
        "plan",
        "--source-node=cloudcluster@epsilon",
        f"--name={volume.name}",
        moves.type_("bronze"),
        f"--output={file}",
    )
    assert planned.exit_code == 0, planned.stderr
    cinder = pools.client(cloud, "admin")

    def status() -> tuple[str, str]:
        (found,) = cinder.clusters.list(detailed=True, binary="cinder-volume")
        return found.status, found.disabled_reason or ""

    for backend in ("alpha", "beta"):
        set_faults(backend, create="slow:3")
    command = killable.Command(
        openstack,
        *("volume", "watcher-migrate", "apply", str(file)),
        "--auto-approve",
        "--cordon",
    )
    resources.until(
        "a cordon",
        lambda: status()[0] == "disabled" and "volmig-cordon" in status()[1],
    )
    done = command.end()

    assert done.exit_code == 0, done.stderr
    assert "cluster cloudcluster@epsilon is disabled" in done.stderr
    assert "cluster cloudcluster@epsilon is enabled again" in done.stderr
    assert status() == ("enabled", "")
    assert make.host(volume.id) in (moves.ALPHA, moves.BETA)
