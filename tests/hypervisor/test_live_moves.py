# SPDX-License-Identifier: Apache-2.0
"""Live moves that Cinder leads, while the guest writes: nothing is lost."""

from __future__ import annotations

import contextlib
import pathlib
from typing import Any

import pytest

from tests.functional import killable, moves, resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import configuration, scene, writer

_RETYPE = ("--destination-type=gold",)
_MIGRATE = (
    "--destination-type=bronze",
    f"--destination-node={configuration.BETA}",
)


def _moved(
    openstack: shell.Openstack, at: scene.Scene, *words: str
) -> dict[str, Any]:
    """Move a disk under writes; return the row that ``run`` prints."""
    command = killable.Command(
        openstack,
        *("volume", "watcher-migrate", "run", at.id, *words, "-f=json"),
    )
    with at.writer() as writes, at.slow_copy() as copy:
        copy.until_middle()
        # For the copy's length, libvirt would lose the guest with QEMU.
        assert not at.guest.is_persistent()
        writes.until_more(50)
        copy.set_speed(0)
        done = command.end()
        assert done.exit_code == 0, done.stderr
        at.assert_on(at.id)
        writes.until_more(10)
    writes.assert_all_in(at.bed.volume_path(at.id))
    row: dict[str, Any] = done.json
    assert row["result"] == "done"
    assert row["new_volume_id"] == at.id
    return row


_MOVES = {
    "retype": (_RETYPE, "gold", {configuration.GAMMA, configuration.DELTA}),
    "migrate": (_MIGRATE, "bronze", {configuration.BETA}),
}


@pytest.mark.parametrize(
    ("disk", "move"),
    [
        pytest.param("data_disk", "retype", marks=pytest.mark.ci),
        ("data_disk", "migrate"),
        ("root_disk", "retype"),
        ("root_disk", "migrate"),
    ],
)
def test_a_disk_moves_under_writes(
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    disk: str,
    move: str,
) -> None:
    words, type_name, pools = _MOVES[move]
    at = getattr(scenes, disk)()

    row = _moved(openstack, at, *words)

    assert row["destination_node"] in pools
    at.assert_moved(type_name, row["destination_node"])


def test_a_paused_guest_moves(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    at = scenes.data_disk()
    make.nova.servers.pause(at.server.id)
    make.until_server(at.server.id, "PAUSED")

    # What is written through QEMU's monitor is not the processor's.
    _moved(openstack, at, *_RETYPE)

    assert at.guest.state() == "paused"
    at.assert_moved("gold")


def test_four_servers_move_at_once(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    prefix = make.name("four")
    all_at = [
        scenes.data_disk(data=32, name=f"{prefix}-{number}")
        for number in range(4)
    ]
    plan = str(tmp_path / "plan.json")
    planned = openstack.migrate(
        "plan",
        f"--source-node={configuration.ALPHA}",
        f"--name={prefix}-*",
        moves.node(configuration.BETA),
        f"--output={plan}",
    )
    assert planned.exit_code == 0, planned.stderr

    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(at.writer()) for at in all_at]
        done = openstack.migrate(
            *("apply", plan, "--max-parallel=4", "--auto-approve", "-f=json")
        )

    assert done.exit_code == 0, done.stderr
    assert {row["Result"] for row in done.json} == {"done"}
    for at, writes in zip(all_at, writers, strict=True):
        at.assert_moved("bronze", configuration.BETA)
        writes.assert_all_in(at.bed.volume_path(at.id))


def _assert_sparse(bed: bed_.Bed, volume_id: str, before: str) -> None:
    path = bed.volume_path(volume_id)
    assert bed.digest(volume_id) == before
    assert path.stat().st_size == 8 << 30
    assert path.stat().st_blocks * 512 < 64 << 20
    assert not bed.stray_files()


def test_a_sparse_disk_stays_sparse(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    at = scenes.data_disk(size=8, data=16)
    before = at.bed.digest(at.id)

    done = moves.run(openstack, at.volume, *_MIGRATE)

    assert done.exit_code == 0, done.stderr
    assert make.host(at.id) == configuration.BETA
    _assert_sparse(at.bed, at.id, before)


def test_a_detached_volume_stays_sparse(
    bed: bed_.Bed, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(size=8, pool=configuration.ALPHA)
    writer.fill(bed.volume_path(volume.id), 16)
    before = bed.digest(volume.id)

    done = moves.run(
        openstack, volume, *_MIGRATE[1:], moves.COLD, "--allow-file-copy"
    )

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) == configuration.BETA
    _assert_sparse(bed, volume.id, before)
