# SPDX-License-Identifier: Apache-2.0
"""What tenants and Cinder do with volumes meanwhile: delete, give away."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

from tests import cloud as cloud_
from tests.functional import moves, pools, resources, shell, untouched


def test_what_its_tenant_deleted_is_gone(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    prefix = make.name("gone")
    stays, goes = pools.fill(make, prefix, [{}] * 2)
    file = tmp_path / "plan.json"
    planned = openstack.migrate(
        *("plan", f"--name={prefix}-*", moves.node(moves.BETA)),
        f"--output={file}",
    )
    assert planned.exit_code == 0, planned.stderr
    make.delete(goes.id)

    done = openstack.migrate(
        *("apply", str(file), "--auto-approve", "--canary=1", "-f=json")
    )

    assert done.exit_code == 0, done.stderr
    results = {row["ID"]: (row["Result"], row["Reason"]) for row in done.json}
    assert results == {
        stays.id: ("done", ""),
        goes.id: ("gone", "the volume was deleted since it was planned"),
    }
    assert "1 of 2 done, 1 gone" in done.last_line


def test_an_id_that_somebody_wrote_may_be_misspelt(
    cloud: cloud_.Cloud, openstack: shell.Openstack, tmp_path: pathlib.Path
) -> None:
    file, wrong = (
        tmp_path / "plan.json",
        "4eeba4f2-61e6-4685-9a65-e5397e920ef1",
    )
    action = {
        "resource_id": wrong,
        "migration_type": "cold",
        "destination_node": moves.BETA,
    }
    plan: dict[str, Any] = {
        "version": 1,
        "cloud": {"auth_url": cloud.auth_url},
        "actions": [action],
    }
    file.write_text(json.dumps(plan))

    done = openstack.migrate("apply", str(file), "--auto-approve", "-f=json")

    assert done.exit_code == 3, done.stderr
    assert [row["Result"] for row in done.json] == ["blocked"]


def test_a_name_in_a_plan_is_told_from_an_id(
    cloud: cloud_.Cloud, openstack: shell.Openstack, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "plan.json"
    plan = {
        "version": 1,
        "cloud": {"auth_url": cloud.auth_url},
        "actions": [{"resource_id": "my-volume"}],
    }
    file.write_text(json.dumps(plan))

    said = untouched.refused(
        cloud, openstack, "apply", str(file), "--auto-approve"
    )

    assert said == (
        f"{file} is not a valid plan: $.actions[0].resource_id: 'my-volume' "
        "is not a volume's ID"
    )


def test_a_transfer_is_deleted_by_its_remedy(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    transfer = make.cinder_of("alice").transfers.create(volume.id, "a present")
    words = (volume.id, moves.COLD, moves.node(moves.BETA))

    said = untouched.refused(cloud, openstack, "run", *words)
    planned = openstack.migrate(
        *("plan", f"--name={volume.name}", moves.node(moves.BETA)), "-f=json"
    )

    assert said == (
        "Invalid state for cold migration: the volume is awaiting-transfer, "
        "not available (remedy: openstack volume transfer request delete "
        f"{transfer.id})"
    )
    assert [row["Reasons"] for row in planned.json] == [[said]]
    untouched.apply_remedy(openstack, said)
    done = openstack.migrate("check", *words)
    assert done.exit_code == 0, done.stdout


def test_the_image_cache_is_warned_of(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    # Without images there is no cache here; a name is all that tells of it.
    volume = make.volume(name=f"image-{uuid.uuid4()}", pool=moves.ALPHA)

    done = openstack.migrate(
        "check", volume.id, moves.COLD, moves.node(moves.BETA), "-f=json"
    )

    assert done.exit_code == 0, done.stdout
    (row,) = (row for row in done.json if row["Check"] == "Image cache")
    assert row["Result"] == "warning"
    assert "delete it instead" in row["Detail"]
