# SPDX-License-Identifier: Apache-2.0
"""nova-compute dies in the middle of the five steps: the way back."""

from __future__ import annotations

import signal

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, dead_ends, moves, resources, shell


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """Its Nova accepts direct swaps."""
    return swap_cloud


def test_nova_compute_died_in_the_middle(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    guest = moves.Attached.prepare(make, make.server(), moves.ALPHA)
    words = moves.type_("gold"), "--swap-via=nova"
    set_faults("nova", swap="hang")
    waiting = openstack.start(
        *("volume", "watcher-migrate", "run", guest.volume.id, *words)
    )
    dead_ends.until_nova_copies(make, guest.server.id)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=120)
    assert waiting.returncode == 130, said
    assert "unless nova-compute was restarted meanwhile" in said
    dead_ends.restart(cloud, "nova")
    set_faults.clear()

    # Refused as long as it is unknown where the guest is.
    code, row = dead_ends.recovered(
        openstack, guest.volume, "--older-than=0", "--auto-approve"
    )
    assert "--guest-is-on-source" in row["To Do"]
    assert row["Result"] == ""
    assert make.seen(guest.volume.id).status == "detaching"

    code, row = dead_ends.recovered(
        openstack,
        guest.volume,
        f"--guest-is-on-source={guest.volume.id}",
        "--older-than=0",
        "--auto-approve",
    )
    assert (code, row["Result"]) == (0, "done"), row
    assert make.seen(guest.volume.id).status == "in-use"
    guest.assert_same_guest()
    again = moves.run(openstack, guest.volume, *words)
    assert again.exit_code == 0, again.stderr
