# SPDX-License-Identifier: Apache-2.0
"""Swaps via Nova under writes: a volume takes another's place (Nova 31)."""

from __future__ import annotations

import pytest

from tests.functional import killable, resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import scene

_SWAP = ("--destination-type=gold", "--swap-via=nova", "-f=json")


@pytest.fixture
def bed(swap_bed: bed_.Bed) -> bed_.Bed:
    """Its Nova takes direct swaps."""
    return swap_bed


@pytest.mark.parametrize(
    "disk",
    ["data_disk", pytest.param("root_disk", marks=pytest.mark.ci)],
)
def test_a_disk_is_swapped_under_writes(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    disk: str,
) -> None:
    at = getattr(scenes, disk)()
    command = killable.Command(
        openstack, "volume", "watcher-migrate", "run", at.id, *_SWAP
    )

    with at.writer() as writer, at.slow_copy() as copy:
        copy.until_middle()
        writer.until_more(50)
        copy.set_speed(0)
        done = command.end()
        writer.until_more(10)

    assert done.exit_code == 0, done.stderr
    new_id = done.json["new_volume_id"]
    assert new_id != at.id
    at.assert_agreed(new_id)
    writer.assert_all_in(at.bed.volume_path(new_id))
    resources.until("source deleted", lambda: make.is_gone(at.id))
    assert not at.bed.stray_files()
