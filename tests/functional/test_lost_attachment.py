# SPDX-License-Identifier: Apache-2.0
"""Cinder deletes an attachment together with the old copy.

(services.rst, services-lost-attachment)

After its success Cinder has the old copy deleted, and only then gives the
copy's attachment to the volume. A backend that deletes at once may be done in
between.
"""

from __future__ import annotations

import pathlib

import pytest

from tests import cloud as cloud_
from tests.cloud import databases
from tests.functional import conftest, losing, moves, resources, shell

_ROOT = pathlib.Path(__file__).parents[2]
#: What the documentation tells people to do.
_REPAIR = _ROOT / "doc" / "source" / "user" / "lost_attachment.sql"


@pytest.mark.parametrize(
    ("trigger", "nova_knows"),
    [
        pytest.param(
            losing.BEFORE_CINDER_LOOKS, True, id="before Cinder looks"
        ),
        pytest.param(
            losing.WHEN_CINDER_HAS_LOOKED, False, id="when Cinder has looked"
        ),
    ],
)
def test_it_is_no_success_and_can_be_repaired(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    trigger: str,
    nova_knows: bool,
) -> None:
    server = make.server()
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    volume_id = attached.volume.id
    set_faults("alpha", delete="at-once")

    with losing.losing(cloud, trigger, volume_id):
        done = moves.run(openstack, attached.volume, moves.type_("gold"))

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    # Where it is, and not where it would be if nothing had happened.
    assert done.json["destination_node"] == make.host(volume_id)
    assert done.json["destination_type"] == "gold"
    kept = make.server_volumes(server.id)[volume_id]["attachment_id"]
    assert (kept != attached.nova["attachment_id"]) == nova_knows
    assert (
        f"to {server.id}, now to nothing; Nova has attachment {kept}. Do "
        in done.stderr
    )
    # The guest did lose nothing.
    device = attached.nova["device"]
    assert cloud.guest_digest(server.id, device) == attached.content

    recovering = openstack.migrate("recover", "-f=json")
    assert recovering.exit_code == 1
    (row,) = (
        row for row in recovering.json if row["Source"].startswith(volume_id)
    )
    assert row["Kind"] == "lost attachment"
    # Nor does it count as done when it is asked for again.
    again = moves.run(openstack, attached.volume, moves.type_("gold"))
    assert again.exit_code == 1
    assert "leave it alone: a server may run on it" in again.stderr

    _repair(cloud, volume_id, server.id)

    attached.assert_moved(None, "gold")
    if nova_knows:  # else Nova has to be told where the disk is, too
        make.nova.servers.reboot(server.id, "HARD")
        make.until_server(server.id, "ACTIVE")
        attached.assert_same_guest()
        make.nova.volumes.delete_server_volume(server.id, volume_id)
        resources.until(
            "detached", lambda: make.seen(volume_id).status == "available"
        )


def _repair(cloud: cloud_.Cloud, volume_id: str, server_id: str) -> None:
    """Do what the documentation says."""
    text = _REPAIR.read_text()
    text = text.replace("<volume>", volume_id).replace("<server>", server_id)
    find, give_back, tell_nova, _ = text.split(";")
    (lost,) = databases.rows(cloud.directory, "cinder", find)
    for database, statement in (("cinder", give_back), ("nova", tell_nova)):
        with databases.opened(cloud.directory, database) as connection:
            done = connection.execute(
                statement.replace("<attachment>", lost["id"])
            )
            assert done.rowcount == 1
