# SPDX-License-Identifier: Apache-2.0
"""What ``recover`` only advises is carried out; then it shows it no more."""

from __future__ import annotations

from typing import Any

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched


def _advised(openstack: shell.Openstack, subject: str) -> dict[str, Any]:
    done = openstack.migrate("recover", "-f=json")
    (row,) = (row for row in done.json if row["Source"] == subject)
    assert done.exit_code == 1
    return row


def _gone_from_recover(openstack: shell.Openstack, subject: str) -> bool:
    done = openstack.migrate("recover", "-f=json")
    return subject not in {row["Source"] for row in done.json}


def test_recover_s_old_copy_is_deleted(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("alpha", delete="fail")
    moved = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))
    assert moved.exit_code == 0, moved.stderr
    (old,) = (r for r in moves.rows_of(cloud, volume) if r["id"] != volume.id)
    set_faults.clear()

    row = _advised(openstack, old["id"])

    assert row["Kind"] == "old copy"
    untouched.run(openstack, row["To Do"])
    resources.until("gone", lambda: make.is_gone(old["id"]))
    assert _gone_from_recover(openstack, old["id"])
    assert cloud.digest(volume.id)
    assert make.seen(volume.id).status == "available"


def test_recover_s_orphan_is_deleted(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume, orphan = make.volume(), make.volume()
    cloud.database("cinder").execute(
        "UPDATE volumes SET migration_status = ? WHERE id = ?",
        f"target:{volume.id}",
        orphan.id,
    )

    row = _advised(openstack, orphan.id)

    assert row["Kind"] == "orphaned copy"
    untouched.run(openstack, row["To Do"])
    resources.until("gone", lambda: make.is_gone(orphan.id))
    assert _gone_from_recover(openstack, orphan.id)
    assert make.seen(volume.id).status == "available"


def test_recover_s_admin_can_be_looked_at(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    users = make.keystone.users
    (admin,) = make.keystone.roles.list(name="admin")
    forged = users.create("cB3dE5gH7j", domain="default", password="x")
    try:
        make.keystone.roles.grant(
            admin, user=forged, project=make.project_id("demo")
        )
        done = openstack.migrate("recover", "-f=json")
        (row,) = (r for r in done.json if r["Source"] == forged.id)
        (shown,) = untouched.run(openstack, row["To Do"])
    finally:
        users.delete(forged)

    assert "cB3dE5gH7j" in shown.stdout
