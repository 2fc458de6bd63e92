# SPDX-License-Identifier: Apache-2.0
"""A backend that keeps volumes in files, whose format no API tells.

What Cinder makes of such a file is in ``tests/hypervisor/test_qcow2.py``.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched

TO_BETA = moves.node(moves.BETA)
ALLOWED = "--allow-file-copy"


@pytest.fixture(autouse=True)
def _alpha_is_nfs(set_faults: conftest.SetFaults) -> None:
    set_faults("alpha", capabilities={"storage_protocol": "nfs"})


@pytest.fixture
def volume(make: resources.Resources) -> Any:
    """A detached volume in a file."""
    return make.volume(pool=moves.ALPHA)


def test_it_is_refused_and_said_before(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any
) -> None:
    said = untouched.refused(
        cloud, openstack, "run", volume.id, moves.COLD, TO_BETA
    )

    assert said.startswith(
        f"The data might not be moved: {moves.ALPHA} keeps volumes in files "
        "(NFS)"
    )
    done = openstack.migrate(
        "check", volume.id, moves.COLD, moves.type_("gold"), "-f=json"
    )
    rows = {row["Check"]: row for row in done.json}
    assert rows["Format"]["Result"] == "blocked"
    assert ALLOWED in rows["Format"]["Detail"]


def test_a_retype_within_the_pool_is_a_copy_too(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    new_type: Callable[[dict[str, str]], Any],
    volume: Any,
) -> None:
    # Of alpha and beta, as bronze is; the extra spec is nobody's.
    other = new_type({"volume_backend_name": "bronze", "vendor:tier": "b"})

    said = untouched.refused(
        cloud,
        openstack,
        "run",
        volume.id,
        moves.COLD,
        moves.type_(other.name),
    )

    assert "keeps volumes in files (NFS)" in said


@pytest.mark.parametrize(
    "destination",
    [
        pytest.param(TO_BETA, id="migrate"),
        pytest.param(moves.type_("gold"), id="retype"),
    ],
)
def test_it_is_allowed_by_who_knows_that_it_is_raw(
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
    destination: str,
) -> None:
    digest = make.cloud.digest(volume.id)

    done = moves.run(openstack, volume, moves.COLD, destination, ALLOWED)

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) != moves.ALPHA
    assert make.cloud.digest(volume.id) == digest


def test_a_plan_and_its_application(
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
    tmp_path: pathlib.Path,
) -> None:
    path = str(tmp_path / "plan.json")
    what = ("plan", f"--name={volume.name}", TO_BETA, f"--output={path}")
    (row,) = openstack.migrate(*what, "-f=json").json
    assert row["Verdict"] == "blocked"
    (reason,) = row["Reasons"]
    assert "which no API tells" in reason

    allowed = openstack.migrate(*what, ALLOWED, "--force", "-f=json")
    assert [row["Verdict"] for row in allowed.json] == ["ready"]

    # A plan is no permission: who applies it gives that.
    words = ("apply", path, "--auto-approve", "-f=json")
    refused = openstack.migrate(*words)
    assert refused.exit_code != 0
    assert make.host(volume.id) == moves.ALPHA
    done = openstack.migrate(*words, ALLOWED)
    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) == moves.BETA


def test_an_attached_one_moves(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    guest = moves.Attached.prepare(make, make.server(), moves.ALPHA)

    done = moves.run(openstack, guest.volume, moves.type_("gold"))

    assert done.exit_code == 0, done.stderr
    guest.assert_moved(None, "gold")
