# SPDX-License-Identifier: Apache-2.0
"""Live moves while the guest writes: not a byte is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional import killable, resources, shell
from tests.hypervisor import configuration, scene

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
    with at.writer() as writer, at.slow_copy() as copy:
        copy.until_middle()
        # All of the domain's own description is for the copy's length.
        assert not at.guest.is_persistent()
        before = len(writer.writes)
        resources.until(
            "writes during it", lambda: len(writer.writes) > before + 100
        )
        copy.set_speed(0)
        done = command.end()
        assert done.exit_code == 0, done.stderr
        at.assert_on(at.id)
        copy_ended = len(writer.writes)
        resources.until(
            "writes after it", lambda: len(writer.writes) > copy_ended + 20
        )
    writer.assert_all_in(at.bed.volume_path(at.id))
    row: dict[str, Any] = done.json
    assert row["result"] == "done"
    assert row["new_volume_id"] == at.id
    return row


@pytest.mark.parametrize("disk", ["data_disk", "root_disk"])
@pytest.mark.parametrize(
    ("words", "type_name", "pools"),
    [
        pytest.param(
            _RETYPE,
            "gold",
            {configuration.GAMMA, configuration.DELTA},
            id="retype",
        ),
        pytest.param(_MIGRATE, "bronze", {configuration.BETA}, id="migrate"),
    ],
)
def test_a_disk_moves_under_writes(
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    disk: str,
    words: tuple[str, ...],
    type_name: str,
    pools: set[str],
) -> None:
    at = getattr(scenes, disk)()

    row = _moved(openstack, at, *words)

    assert row["destination_node"] in pools
    at.assert_moved(type_name, row["destination_node"])
