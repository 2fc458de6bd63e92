# SPDX-License-Identifier: Apache-2.0
"""An attachment that Cinder lost is got back while the guest runs on.

Cinder deletes it with the old copy: the guest is on the new
storage, Nova's record is right, and Cinder has the volume attached to
nothing. The API alone repairs it; no statement in a database is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.cloud import databases
from tests.functional import moves, resources, shell
from tests.hypervisor import configuration, repairs, scene

_LOSES = """
    CREATE TRIGGER loses AFTER UPDATE OF migration_status ON volumes
    WHEN NEW.migration_status = 'success' AND NEW.id = '{volume_id}'
    BEGIN
        UPDATE volume_attachment SET deleted = 1, deleted_at = NEW.updated_at
        WHERE volume_id IN (
            SELECT id FROM volumes
            WHERE display_description = 'migration src for ' || NEW.id);
    END
"""


@contextlib.contextmanager
def _losing(at: scene.Scene) -> Iterator[None]:
    """Let the deletion of the old copy win Cinder's race."""
    with databases.opened(at.bed.directory, "cinder") as connection:
        connection.execute(_LOSES.format(volume_id=at.id))
    try:
        yield
    finally:
        with databases.opened(at.bed.directory, "cinder") as connection:
            connection.execute("DROP TRIGGER loses")


def _attach_again(openstack: shell.Openstack, at: scene.Scene) -> None:
    """Have Cinder know again that the server has the volume.

    What the documentation says, word for word.
    """
    for words in (
        ("volume", "set", "--state", "available", "--detached", at.id),
        (
            *("--os-volume-api-version=3.54", "volume", "attachment"),
            *("create", at.id, "--server", at.server.id),
            *("--connect", "--mode=rw"),
            # What 'nova-manage volume_attachment get_connector' gives on
            # the server's hypervisor.
            *("--host=cloud", "--ip=127.0.0.1", "--platform=x86_64"),
            *("--os-type=linux2", "--initiator=iqn.1994-05.com.redhat:bed"),
        ),
    ):
        done = openstack(*words)
        assert done.exit_code == 0, done.stderr
    (made,) = repairs.attachments(at, at.id)
    done = openstack(
        *("--os-volume-api-version=3.54", "volume", "attachment"),
        *("complete", made["id"]),
    )
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("disk", ["data_disk", "root_disk"])
def test_the_next_live_move_repairs_it(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    disk: str,
) -> None:
    at = getattr(scenes, disk)()
    with at.writer() as writer:
        with _losing(at):
            lost = moves.run(openstack, at.volume, "--destination-type=gold")
        assert lost.exit_code == 1
        assert "Cinder had the volume attached to" in lost.stderr
        assert not make.seen(at.id).attachments
        at.assert_on(at.id)

        _attach_again(openstack, at)

        # Cinder and Nova know different attachments, until a move.
        (cinder,) = repairs.attachments(at, at.id)
        nova = make.server_volumes(at.server.id)[at.id]["attachment_id"]
        assert cinder["id"] != nova
        assert make.seen(at.id).status == "in-use"
        writer.until_more(10)
        done = moves.run(
            openstack,
            make.seen(at.id),
            "--destination-type=bronze",
            f"--destination-node={configuration.BETA}",
        )
        writer.until_more(10)

    assert done.exit_code == 0, done.stderr
    at.assert_moved("bronze", configuration.BETA)
    (cinder,) = repairs.attachments(at, at.id)
    nova = make.server_volumes(at.server.id)[at.id]["attachment_id"]
    assert cinder["id"] == nova
    writer.assert_all_in(at.bed.volume_path(at.id))

    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")

    at.assert_moved("bronze", configuration.BETA)
    writer.assert_all_in(at.bed.volume_path(at.id))
