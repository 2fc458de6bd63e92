# SPDX-License-Identifier: Apache-2.0

"""What else looks left behind."""

from __future__ import annotations

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model
from volmigrateclient.core.recovery.advice import advice


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
