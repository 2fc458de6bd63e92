# SPDX-License-Identifier: Apache-2.0
"""What ``plan`` says of a volume is what ``check`` says of it."""

from __future__ import annotations

from typing import Any

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell

GAMMA = "cloud@gamma#pool"


def _planned(openstack: shell.Openstack, volume: Any) -> dict[str, Any]:
    done = openstack.migrate(
        "plan", f"--name={volume.name}", moves.node(moves.BETA), "-f=json"
    )
    assert done.exit_code == 0, done.stderr
    (row,) = done.json
    return row


def _assert_alike(
    openstack: shell.Openstack, volume: Any, *, says: str
) -> None:
    """The same verdict, by the same reasons."""
    row = _planned(openstack, volume)
    words = [f"--migration-type={row['Migration Type']}"]
    if row["Migration Type"] == "swap":
        words.append(f"--destination-type={volume.volume_type}")
    done = openstack.migrate(
        "check", volume.id, *words, moves.node(moves.BETA), "-f=json"
    )
    blocked = [r["Detail"] for r in done.json if r["Result"] == "blocked"]
    assert done.exit_code == bool(blocked), done.stderr
    assert row["Verdict"] == ("blocked" if blocked else "ready")
    for detail in blocked:
        assert detail.partition(": ")[2] in "\n".join(row["Reasons"])
    assert any(says in detail for detail in blocked), blocked


def test_a_volume_that_cinder_is_moving_to_another_pool(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume("silver", pool=moves.ALPHA)
    set_faults("gamma", connect="hang")
    make.cinder.volumes.migrate_volume(volume, GAMMA, False, True)
    resources.until(
        "target",
        lambda: make.cinder.volumes.list(
            search_opts={
                "all_tenants": 1,
                "migration_status": f"target:{volume.id}",
            }
        ),
    )

    _assert_alike(
        openstack,
        volume,
        says=f"Cinder is moving the volume to {GAMMA} right now",
    )

    set_faults.clear()
    resources.until(
        "moved", lambda: make.migration_status(volume.id) == "success"
    )


def test_a_volume_of_a_shelved_server(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    server = make.server(volume)
    make.nova.servers.shelve(server.id)
    make.until_server(server.id, "SHELVED_OFFLOADED")

    _assert_alike(
        openstack,
        volume,
        says=f"reserved for server '{server.name}' ({server.id})",
    )
