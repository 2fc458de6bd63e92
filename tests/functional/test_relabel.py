# SPDX-License-Identifier: Apache-2.0
"""A driver that answers "moved" and has copied nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched

TO_BETA = moves.node(moves.BETA)
#: As Cinder's RBD driver reports: cluster, configuration, fsid, user, pool.
HERE = "ceph:/etc/ceph/a.conf:6d2f:cinder:volumes"


@pytest.fixture
def volume(make: resources.Resources, set_faults: conftest.SetFaults) -> Any:
    """A volume on alpha, which says that it is the same storage as beta."""
    made = make.volume(pool=moves.ALPHA)
    for backend in ("alpha", "beta"):
        set_faults(
            backend,
            capabilities={"location_info": HERE},
            migrate="relabel-shared",
        )
    return made


def test_it_is_refused_and_said_before(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any
) -> None:
    said = untouched.refused(
        cloud, openstack, "run", volume.id, moves.COLD, TO_BETA
    )

    assert said.startswith(
        f"The data might not be moved: {moves.ALPHA} and {moves.BETA} report "
        "that they are the same storage"
    )
    assert f"(location_info {HERE})" in said
    done = openstack.migrate(
        "plan", f"--name={volume.name}", TO_BETA, "-f=json"
    )
    (row,) = done.json
    assert row["Verdict"] == "blocked"
    assert "copy nothing" in "; ".join(row["Reasons"])


def test_cinder_copies_if_it_is_told_to(
    make: resources.Resources, openstack: shell.Openstack, volume: Any
) -> None:
    digest = make.cloud.digest(volume.id)

    done = moves.run(
        openstack, volume, moves.COLD, TO_BETA, "--force-host-copy"
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["moved_by"] == "copied by the host"
    assert make.host(volume.id) == moves.BETA
    assert make.cloud.digest(volume.id) == digest


def test_it_is_allowed_by_who_knows_better(
    make: resources.Resources, openstack: shell.Openstack, volume: Any
) -> None:
    digest = make.cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, TO_BETA, "--allow-relabel")

    assert done.exit_code == 0, done.stderr
    assert "warning: " in done.stderr
    assert "report that they are the same storage" in done.stderr
    assert done.json["moved_by"] == (
        "by the driver, it seems: no copy was seen"
    )
    assert make.host(volume.id) == moves.BETA
    assert make.cloud.digest(volume.id) == digest
    make.delete(volume.id)


def test_a_retype_that_may_not_copy(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    done = moves.run(
        openstack,
        volume,
        moves.COLD,
        moves.type_("gold"),
        "--migration-policy=never",
    )

    assert done.exit_code == 1
    assert "it keeps type bronze" in done.stderr
    assert make.host(volume.id) == moves.ALPHA
