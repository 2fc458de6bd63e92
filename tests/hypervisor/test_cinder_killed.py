# SPDX-License-Identifier: Apache-2.0
"""Cinder dies in the middle of a copy, and comes back."""

from __future__ import annotations

import pytest

from tests.functional import killable, moves, resources, shell
from tests.hypervisor import configuration, repairs, scene, writer

_RETYPE = ("--destination-type=gold",)


@pytest.mark.ci
def test_a_live_copy_does_not_need_cinder(
    scenes: scene.Scenes, openstack: shell.Openstack
) -> None:
    at = scenes.data_disk()
    cinder = at.bed.service("cinder")
    command = killable.Command(
        openstack,
        *("volume", "watcher-migrate", "run", at.id, *_RETYPE, "-f=json"),
    )

    with at.writer() as writes, at.slow_copy() as copy:
        copy.until_middle()
        cinder.kill()
        writes.until_more(50)
        cinder.start()
        copy.set_speed(0)
        done = command.end()

    assert done.exit_code == 0, done.stderr
    at.assert_moved("gold")
    writes.assert_all_in(at.bed.volume_path(at.id))


def test_a_cold_copy_is_dead_and_there_is_a_way_back(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=configuration.ALPHA)
    bed = scenes.bed
    writer.fill(bed.volume_path(volume.id), 768)
    before = bed.digest(volume.id)
    cinder = bed.service("cinder")
    command = killable.Command(
        openstack,
        *("volume", "watcher-migrate", "run", volume.id, moves.COLD),
        moves.node(configuration.BETA),
        *("--allow-file-copy", "--timeout=60", "-f=json"),
    )

    copy_id = _until_copying(scenes, volume.id)
    cinder.kill()
    cinder.start()
    done = command.end()

    assert done.exit_code == 1
    assert done.json["result"] == "still running"
    assert make.seen(volume.id).status == "maintenance"
    assert make.migration_status(volume.id) == "migrating"
    (row,) = (
        row
        for row in openstack.migrate("recover", "-f=json").json
        if row["Source"] == volume.id
    )
    assert "cinder-volume was restarted" in row["To Do"]

    # As the documentation says: the copy is dead, and nobody attached.
    repairs.complete_migration(bed, volume.id, copy_id, error=True)

    resources.until("copy deleted", lambda: make.is_gone(copy_id))
    assert make.seen(volume.id).status == "available"
    assert make.host(volume.id) == configuration.ALPHA
    assert bed.digest(volume.id) == before
    again = moves.run(
        openstack,
        volume,
        moves.COLD,
        moves.node(configuration.BETA),
        "--allow-file-copy",
    )
    assert again.exit_code == 0, again.stderr
    assert bed.digest(volume.id) == before
    assert not bed.stray_files()


def _until_copying(scenes: scene.Scenes, volume_id: str) -> str:
    """Wait until some of the volume is copied; return the copy's ID."""

    def copying() -> str | None:
        for row in scenes.bed.inventory()["volumes"].values():
            if row["migration_status"] == f"target:{volume_id}":
                path = scenes.bed.volume_path(str(row["id"]))
                if path.exists() and path.stat().st_blocks > 0:
                    return str(row["id"])
        return None

    return str(resources.until("copying", copying))
