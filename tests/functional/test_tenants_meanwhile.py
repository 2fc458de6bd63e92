# SPDX-License-Identifier: Apache-2.0
"""What tenants and Cinder do with volumes meanwhile: delete, give away."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

import pytest
from cinderclient import exceptions as cinder_exceptions
from novaclient import exceptions as nova_exceptions

from tests import cloud as cloud_
from tests.functional import (
    conftest,
    dead_ends,
    moves,
    pools,
    resources,
    shell,
    untouched,
)


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


def _used(make: resources.Resources) -> dict[str, int]:
    """What a project uses and has reserved, of volumes and GiB."""
    found = make.cinder.quotas.get(make.project_id("demo"), usage=True)
    return {
        name: amounts["in_use"] + amounts["reserved"]
        for name, amounts in found.to_dict().items()
        if name.startswith(("volumes", "gigabytes"))
    }


def test_what_moves_cold_cannot_be_attached(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume, server = make.volume(pool=moves.ALPHA), make.server()
    before = _used(make)
    set_faults("beta", connect="hang")
    to_beta = (moves.COLD, moves.node(moves.BETA))

    begun = moves.run(openstack, volume, *to_beta, "--timeout=2")
    with pytest.raises(nova_exceptions.BadRequest):
        make.nova.volumes.create_server_volume(server.id, volume.id)
    meanwhile = _used(make)
    set_faults.clear()
    done = moves.run(openstack, volume, *to_beta)

    assert begun.json["result"] == "still running"
    # A migration takes no quota.
    assert meanwhile == before
    assert done.exit_code == 0, done.stderr
    make.attach(server.id, volume.id)


_RETYPE = (moves.type_("gold"),)
_MIGRATE = (moves.type_("bronze"), moves.node(moves.BETA))


def _held(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    words: tuple[str, ...],
) -> moves.Attached:
    """A volume of which Nova is in the middle of the copy."""
    guest = moves.Attached.prepare(make, make.server(), moves.ALPHA)
    set_faults("nova", swap="hang")
    begun = moves.run(openstack, guest.volume, *words, "--timeout=8")
    assert begun.json["result"] == "still running"
    dead_ends.until_nova_copies(make, guest.server.id)
    return guest


@pytest.mark.parametrize(
    ("words", "extended"),
    [
        pytest.param(_RETYPE, 400, id="retype"),
        # The volume stays in-use, and Cinder 29 does not look further.
        pytest.param(_MIGRATE, 202, id="migrate"),
    ],
)
def test_what_moves_live_gets_no_snapshot_and_keeps_its_size(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    words: tuple[str, ...],
    extended: int,
) -> None:
    guest = _held(make, openstack, set_faults, words)
    volume = guest.volume

    with pytest.raises(cinder_exceptions.BadRequest):
        make.cinder_of("alice").volume_snapshots.create(volume.id, force=True)
    answered = _extend(make.cloud, volume.id, volume.size + 1)
    set_faults.clear()
    # Not in the moment in which Cinder gives the attachment to the volume.
    resources.until(
        "moved",
        lambda: (
            make.migration_status(volume.id) == "success"
            and make.seen(volume.id).attachments
        ),
    )
    done = moves.run(openstack, volume, *words)

    assert answered == extended
    assert done.exit_code == 0, done.stderr
    # What was granted is forgotten at the end of the move.
    assert make.seen(volume.id).size == volume.size


def test_a_detach_in_a_live_move_is_found_out(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    """Nova takes the request, and fails it once it has the server's lock."""
    guest = _held(make, openstack, set_faults, _RETYPE)
    volume, server = guest.volume, guest.server

    make.nova.volumes.delete_server_volume(server.id, volume.id)
    set_faults.clear()
    resources.until(
        "detached for Cinder",
        lambda: make.seen(volume.id).status == "available",
    )
    done = moves.run(openstack, volume, *_RETYPE)

    resources.until("both ended in Nova", lambda: _all_ended(make, server.id))
    assert volume.id in make.server_volumes(server.id)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Nova has the volume attached to server" in done.stderr
    assert "but Cinder has no attachment for it" in done.stderr


def _all_ended(make: resources.Resources, server_id: str) -> bool:
    """Whether Nova is through with all that was asked of a server."""
    actions = make.nova.instance_action
    events = [
        event
        for row in actions.list(server_id)
        for event in actions.get(server_id, row.request_id).to_dict()["events"]
    ]
    return all(event["result"] for event in events)


def _extend(cloud: cloud_.Cloud, volume_id: str, size: int) -> int:
    """Extend a volume that is attached; the answer's status."""
    answer = cloud.access.session("alice", direct=True).post(
        f"/volumes/{volume_id}/action",
        json={"os-extend": {"new_size": size}},
        endpoint_filter={"service_type": "volumev3", "interface": "internal"},
        # The first in which that is possible at all.
        headers={"OpenStack-API-Version": "volume 3.42"},
        raise_exc=False,
    )
    return int(answer.status_code)
