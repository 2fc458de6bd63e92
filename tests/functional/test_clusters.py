# SPDX-License-Identifier: Apache-2.0
"""Active-active clusters: one pool, many names, members that come and go."""

from __future__ import annotations

import pathlib
import re
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
    assert "(remedy: choose a pool of a backend that has one" in said
    elsewhere = openstack.migrate(
        "check", volume.id, moves.COLD, moves.node(moves.BETA)
    )
    assert elsewhere.exit_code == 0, elsewhere.stdout


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


def _make_scheduler_name(
    member: str, make: resources.Resources, set_faults: conftest.SetFaults
) -> None:
    """Have the scheduler give the cluster's work to this member.

    It keeps the one that it saw first, until the cluster has been away.
    """
    other = "host-2" if member == "host-1" else "host-1"

    def is_listed() -> bool:
        return POOL in [pool.name for pool in make.cinder.pools.list()]

    set_faults("epsilon", down=True)
    resources.until("away", lambda: not is_listed())
    set_faults("epsilon", down=other)
    resources.until("back", is_listed)


def test_in_place_by_another_member(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    """A retype in place after which another member has the volume."""
    _make_scheduler_name("host-1", make, set_faults)
    volume = make.volume("clustered")
    digest = make.cloud.digest(volume.id)
    assert make.host(volume.id) == MEMBER
    _make_scheduler_name("host-2", make, set_faults)
    set_faults("epsilon", retype="in-place")

    done = moves.run(openstack, volume, moves.COLD, moves.type_("silver"))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    # No copy was made: the row names the same data, and no migration.
    seen = make.seen(volume.id)
    assert getattr(seen, "os-vol-mig-status-attr:name_id") is None
    assert make.migration_status(volume.id) is None
    assert seen.volume_type == "silver"
    assert make.host(volume.id) == "host-2@epsilon#pool"
    assert make.cloud.digest(volume.id) == digest


@pytest.mark.parametrize("node", [POOL, "cloudcluster@epsilon", MEMBER])
def test_it_is_empty_by_any_name_once_nothing_is_left(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
    node: str,
) -> None:
    pools.clear(make, "epsilon")
    first, second = make.volume("clustered"), make.volume("clustered")

    def applied(volume: Any) -> shell.Completed:
        file = tmp_path / f"{volume.id}.json"
        planned = openstack.migrate(
            "plan",
            *(f"--source-node={node}", f"--name={volume.name}"),
            *(moves.type_("bronze"), f"--output={file}"),
        )
        assert planned.exit_code == 0, planned.stderr
        return openstack.migrate("apply", str(file), "--auto-approve")

    one, both = applied(first), applied(second)

    assert one.exit_code == both.exit_code == 0, one.stderr
    assert "1 of 1 done; 1 volume remains on" in " ".join(one.stderr.split())
    assert both.last_line.endswith(f" {node} is empty")


def test_another_pool_of_the_same_cluster_cannot_be_asked_for(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = _silver(make)
    there = moves.run(openstack, volume, moves.COLD, TO_POOL)
    assert there.exit_code == 0, there.stderr
    set_faults("epsilon", pools=["pool", "other"])
    node = "cloudcluster@epsilon#other"
    resources.until(
        "the scheduler knows",
        lambda: node in [one.name for one in make.cinder.pools.list()],
    )

    said = untouched.refused(
        cloud, openstack, "run", volume.id, moves.COLD, moves.node(node)
    )

    assert "(remedy: choose a pool of another backend)" in said
    elsewhere = openstack.migrate(
        "check", volume.id, moves.COLD, moves.node(moves.BETA)
    )
    assert elsewhere.exit_code == 0, elsewhere.stdout


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


def test_a_cordon_that_is_kept_ends_by_its_remedy(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    volume = make.volume("clustered")
    file = tmp_path / "plan.json"
    planned = openstack.migrate(
        "plan",
        *("--source-node=cloudcluster@epsilon", f"--name={volume.name}"),
        *(moves.type_("bronze"), f"--output={file}"),
    )
    assert planned.exit_code == 0, planned.stderr

    done = openstack.migrate(
        "apply", str(file), "--auto-approve", "--cordon", "--keep-cordon"
    )

    assert done.exit_code == 0, done.stderr
    stays, remedy = "cloudcluster@epsilon stays disabled; ", "to enable it: "
    said = " ".join(done.stderr.split())
    assert stays + remedy in said
    (command,) = re.findall(
        rf"{remedy}(cinder .*? cluster-enable [^ ]+)", said
    )
    untouched.run(openstack, command)
    (found,) = pools.client(cloud, "admin").clusters.list(
        detailed=True, binary="cinder-volume"
    )
    assert found.status == "enabled"
