# SPDX-License-Identifier: Apache-2.0
"""Moves whose end never comes by itself: found, told apart, and ended."""

from __future__ import annotations

from tests import cloud as cloud_
from tests.functional import conftest, dead_ends, moves, resources, shell

TO_GOLD = moves.type_("gold")


def test_nova_compute_died_in_the_middle_of_cinder_s_move(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    guest = moves.Attached.prepare(make, make.server(), moves.ALPHA)
    volume = guest.volume
    set_faults("nova", swap="hang")
    waited = moves.run(openstack, volume, TO_GOLD, "--timeout=8")
    assert waited.exit_code == 1
    assert "unless nova-compute was restarted meanwhile" in waited.stderr
    # Before that, Cinder would hear that nova-compute does not answer.
    dead_ends.until_nova_copies(make, guest.server.id)
    dead_ends.restart(cloud, "nova")
    set_faults.clear()

    # Nobody has looked on the hypervisor: nothing is done.
    _, row = dead_ends.recovered(openstack, volume, "--auto-approve")
    assert row["Kind"] == "moving volume"
    assert "Nova is copying since" in row["State"]
    assert "--guest-is-on-source" in row["To Do"]
    assert make.migration_status(volume.id) == "migrating"

    code, row = dead_ends.recovered(
        openstack,
        volume,
        f"--guest-is-on-source={volume.id}",
        "--auto-approve",
    )
    assert (code, row["Result"]) == (0, "done")
    moves.settled(make, volume)
    guest.assert_same_guest()
    assert make.seen(volume.id).volume_type == "bronze"
    again = moves.run(openstack, volume, TO_GOLD)
    assert again.exit_code == 0, again.stderr
    guest.assert_moved(None, "gold")


def test_cinder_was_down_when_nova_s_copy_ended(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    guest = moves.Attached.prepare(make, make.server(), moves.ALPHA)
    volume = guest.volume
    # Nova cannot tell Cinder that it has switched the disk.
    set_faults("nova", migrate_volume_completion="fail")

    done = moves.run(openstack, volume, TO_GOLD, "--timeout=120")

    assert done.exit_code == 1
    assert "may be running on the copy that Cinder made" in done.stderr
    # Whatever somebody says: by the records the server may be on the copy.
    code, row = dead_ends.recovered(
        openstack,
        volume,
        f"--guest-is-on-source={volume.id}",
        "--auto-approve",
    )
    assert (code, row["Result"]) == (1, "")
    assert "never end the move with an error" in row["To Do"]
    device = guest.nova["device"]
    assert cloud.guest_digest(guest.server.id, device) == guest.content
    make.forget(*(row["id"] for row in moves.rows_of(cloud, volume)))


def test_somebody_names_a_volume_that_was_not_cut_off(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume()

    done = openstack.migrate("recover", f"--guest-is-on-source={volume.id}")

    assert done.exit_code == 1
    assert f"no swap or move of volume {volume.id} was cut off" in (
        done.last_line
    )
