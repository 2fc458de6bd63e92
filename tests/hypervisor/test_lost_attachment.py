# SPDX-License-Identifier: Apache-2.0
"""An attachment that Cinder lost is got back while the guest runs on.

Cinder deletes it with the old copy: the guest is on the new storage, Nova
has the right record, and Cinder has the volume attached to nothing.
``recover`` and the live move that it names repair it.
"""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.functional import dead_ends, losing, moves, resources, shell
from tests.hypervisor import configuration, repairs, scene


def _recovered(
    openstack: shell.Openstack, at: scene.Scene, *words: str
) -> dict[str, Any]:
    """What recover says of the volume; there is always something left."""
    code, row = dead_ends.recovered(openstack, at.volume, *words)
    assert code == 1
    assert row["Kind"] == "lost attachment"
    return row


@pytest.mark.parametrize(
    "disk", ["data_disk", pytest.param("root_disk", marks=pytest.mark.ci)]
)
def test_the_next_live_move_repairs_it(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    disk: str,
) -> None:
    at = getattr(scenes, disk)()
    # Both of bronze: gold's other pool is one that has hardly any room.
    pools = {configuration.ALPHA, configuration.BETA}
    (other,) = pools - {make.host(at.id)}
    with at.writer() as writer:
        with losing.losing(at.bed, losing.BEFORE_CINDER_LOOKS, at.id):
            lost = moves.run(
                openstack,
                at.volume,
                "--destination-type=bronze",
                f"--destination-node={other}",
            )
        assert lost.exit_code == 1
        assert "Cinder had the volume attached to" in lost.stderr
        assert not make.seen(at.id).attachments
        at.assert_on(at.id)

        offered = _recovered(openstack, at)
        assert offered["To Do"].startswith("have Cinder attach it to server ")
        assert not repairs.attachments(at, at.id)
        attached = _recovered(openstack, at, "--auto-approve")
        assert attached["Result"].startswith("done: ")

        # The guest did not notice.
        at.assert_on(at.id)
        writer.until_more(10)
        # Cinder and Nova know different attachments, until a move.
        (cinder,) = repairs.attachments(at, at.id)
        nova = make.server_volumes(at.server.id)[at.id]["attachment_id"]
        assert cinder["id"] != nova
        assert make.seen(at.id).status == "in-use"
        writer.until_more(10)
        said = attached["Result"]
        done = openstack(*shlex.split(said[said.index("openstack ") :])[1:])
        writer.until_more(10)

    assert done.exit_code == 0, done.stderr
    (back,) = pools - {other}
    at.assert_moved("bronze", back)
    (cinder,) = repairs.attachments(at, at.id)
    nova = make.server_volumes(at.server.id)[at.id]["attachment_id"]
    assert cinder["id"] == nova
    writer.assert_all_in(at.bed.volume_path(at.id))

    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")

    at.assert_moved("bronze", back)
    writer.assert_all_in(at.bed.volume_path(at.id))
