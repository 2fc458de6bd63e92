# SPDX-License-Identifier: Apache-2.0
"""Cinder is down at the moment when Nova's copy has ended.

QEMU has gone over to Cinder's target, Nova cannot tell Cinder so and ends
its swap with an error; Cinder, back again, waits for ever. Its records look
as if nova-compute had died in mid-copy, but the guest is on the *target*:
to end the migration with an error deletes the file that the guest runs on.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functional import moves, resources, shell
from tests.hypervisor import configuration, faults, records, repairs, scene

_RETYPE = ("--destination-type=gold",)
_BACK = (
    "--destination-type=bronze",
    f"--destination-node={configuration.BETA}",
)
#: Far more than the command waits in this state, on a busy machine too.
_PATIENCE = ("--timeout=1800",)


@pytest.fixture
def broken(
    scenes: scene.Scenes, openstack: shell.Openstack
) -> Iterator[faults.Broken]:
    """A retype whose Cinder was down when Nova's swap ended."""
    at = scenes.data_disk()
    words = (*_RETYPE, *_PATIENCE)
    with faults.cinder_down_at_end(at, openstack, words) as one:
        yield one


def test_the_guest_is_on_the_copy_and_there_is_a_way_back(
    make: resources.Resources,
    openstack: shell.Openstack,
    broken: faults.Broken,
) -> None:
    at, copy_id = broken.at, broken.copy_id
    at.assert_on(copy_id)
    assert at.guest.progress(at.target) is None
    (event,) = records.swaps(at)[0]["events"]
    assert event["result"] == "Error"
    assert make.seen(at.id).status == "retyping"
    assert make.migration_status(at.id) == "migrating"

    # The guest was seen on the copy. Cinder has to make the copy the volume:
    # only then is the copy's file not deleted.
    (of_copy,) = repairs.attachments(at, copy_id)
    repairs.complete_attachment(at, of_copy["id"])
    repairs.complete_migration(at.bed, at.id, copy_id, error=False)
    resources.until("source gone", lambda: len(at.rows()) == 1)
    at.assert_on(at.id)
    assert make.seen(at.id).volume_type == "gold"

    # Nova's attachment went with the old data; Cinder has the copy's.
    known = make.server_volumes(at.server.id)[at.id]["attachment_id"]
    (left,) = repairs.attachments(at, at.id)
    assert left["id"] == of_copy["id"] != known
    broken.writer.until_more(10)

    # A live move has Nova write down anew how to reach the disk.
    done = moves.run(openstack, make.seen(at.id), *_BACK)

    assert done.exit_code == 0, done.stderr
    at.assert_moved("bronze", configuration.BETA)
    broken.writer.assert_all_in(at.bed.volume_path(at.id))
    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")
    at.assert_moved("bronze", configuration.BETA)
    broken.writer.assert_all_in(at.bed.volume_path(at.id))


@pytest.mark.ci
def test_nothing_leads_to_the_end_of_the_copy(
    make: resources.Resources,
    openstack: shell.Openstack,
    broken: faults.Broken,
) -> None:
    at, copy_id = broken.at, broken.copy_id

    found = openstack.migrate("recover", "-f=json")

    # Somebody has to look at it.
    assert found.exit_code == 1
    (row,) = (
        row for row in found.json if row["Source"].partition(" ")[0] == at.id
    )
    assert row["Destination"].partition(" ")[0] == copy_id
    assert row["State"] == (
        "retyping, migration migrating; Nova's swap failed at a point from "
        "which the server may be running on Cinder's copy"
    )
    assert row["To Do"] == (
        f"nothing: the server may be running on Cinder's copy {copy_id}. "
        "Delete neither volume, never end the move with an error, and do not "
        "reboot, stop or live-migrate the server; see which file it has "
        "('virsh domblklist' on the server's hypervisor) and 'When Cinder was "
        "down at the end' in the documentation"
    )

    # Whoever says otherwise is not believed: Nova's record speaks against it.
    refused = openstack.migrate(
        *("recover", f"--guest-is-on-source={at.id}"),
        *("--auto-approve", "--older-than=0", "-f=json"),
    )
    assert refused.exit_code == 1
    assert {row["Result"] for row in refused.json} == {""}
    assert not make.is_gone(copy_id)
    assert make.migration_status(at.id) == "migrating"
    at.assert_on(copy_id)

    # The command does not wait for what will never come.
    done = broken.command.end()
    assert done.exit_code == 1
    assert done.json["result"] == "undecided"
    said = " ".join(done.stderr.split())
    assert "continues in the cloud" not in said
    assert "may be running on the copy that Cinder made: delete neither" in (
        said
    )
    assert "openstack volume watcher-migrate recover" in said
    at.assert_on(copy_id)
    broken.writer.assert_all_in(at.bed.volume_path(copy_id))
