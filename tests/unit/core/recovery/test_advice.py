# SPDX-License-Identifier: Apache-2.0

"""What else looks left behind."""

from __future__ import annotations

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model
from volmigrateclient.core.recovery.advice import advice, past_swaps


class _Cloud(scripted_cloud.ScriptedCloud):
    def list_admins(self) -> list[model.User]:
        return []


@pytest.mark.parametrize(
    ("attachments", "deletes"), [((), True), ((builders.ATTACHMENT,), False)]
)
def test_a_copy_that_a_server_has_is_not_to_be_deleted(
    attachments: tuple[model.Attachment, ...], deletes: bool
) -> None:
    # Somebody has reset the volume that it was made for.
    orphan = builders.volume(
        id="copy",
        status="in-use",
        migration_status=f"target:{builders.VOLUME_ID}",
        attachments=attachments,
    )
    cloud = _Cloud(builders.volume(), orphan)

    (found,) = (
        one for one in advice(cloud.core) if one.kind == "orphaned copy"
    )

    assert ("volume delete" in found.advice) is deletes
    assert ("delete neither volume" in found.advice) is not deletes


@pytest.mark.parametrize(
    ("status", "needs_human"),
    [("available", True), ("error_deleting", True), ("deleting", False)],
)
def test_a_copy_that_cinder_is_deleting_needs_nobody(
    status: str, needs_human: bool
) -> None:
    # Cinder says that a move failed before the copy is gone.
    orphan = builders.volume(
        id="copy",
        status=status,
        migration_status=f"target:{builders.VOLUME_ID}",
        attachments=(),
    )

    (found,) = advice(_Cloud(builders.volume(), orphan).core)

    assert found.needs_human is needs_human


_SWAP = model.ServerAction("swap_volume", "10:00")


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ([], "1 swap(s), last 10:00"),
        # Nova does not tell a hard reboot from a soft one.
        (["reboot"], "1 swap(s), last 10:00, rebooted 11:00"),
        (["live-migration"], "1 swap(s), last 10:00"),
        (["stop"], "1 swap(s), last 10:00"),
        (["start"], None),
        (["migrate"], None),
        (["resize"], None),
        (["unshelve"], None),
        (["start", "reboot"], None),
        # What counts is what comes after the last swap, and succeeded.
        (["start", "swap_volume"], "2 swap(s), last 11:00"),
    ],
)
def test_servers_with_swaps_behind_them(
    later: list[str], told: str | None
) -> None:
    cloud = _Cloud()
    cloud.actions = [
        *(model.ServerAction(name, "11:00") for name in reversed(later)),
        _SWAP,
    ]

    found = [one.state for one in past_swaps(cloud.core)]

    assert found == ([] if told is None else [told])


@pytest.mark.parametrize(
    ("actions", "rows"),
    [
        ([model.ServerAction("start", "11:00", failed=True), _SWAP], 1),
        ([model.ServerAction("reboot", "11:00", failed=True), _SWAP], 1),
        # It may have failed after the disk was switched.
        ([model.ServerAction("swap_volume", "10:00", failed=True)], 1),
        ([model.ServerAction("create", "09:00")], 0),
        ([], 0),
    ],
)
def test_actions_that_failed(
    actions: list[model.ServerAction], rows: int
) -> None:
    cloud = _Cloud()
    cloud.actions = actions

    found = list(past_swaps(cloud.core))

    assert len(found) == rows
    assert not any("rebooted" in one.state for one in found)
