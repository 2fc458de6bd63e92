# SPDX-License-Identifier: Apache-2.0

"""What is said of a verdict, and what is looked at after it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.paths import verdict

_SILVER = {"type_id": "silver-id", "type_name": "silver"}
_ELSEWHERE = {**_SILVER, "host": builders.OTHER}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        pytest.param(
            verdict.of_migration(
                builders.volume(),
                builders.volume(host="c9@x#y"),
                builders.SPARE_PLACE,
                30.0,
            ),
            "migration_status of the volume is None and it is available on "
            "c9@x#y: somebody reset it, or Cinder was stopped in the middle",
            id="reset",
        ),
        pytest.param(
            verdict.of_migration(
                builders.volume(),
                builders.volume(migration_status="error"),
                builders.SPARE_PLACE,
                0,
            ),
            f"the volume is on {builders.POOL}. The reason is only in the "
            "logs of cinder-scheduler and cinder-volume",
            id="migration error",
        ),
        pytest.param(
            verdict.of_migration(
                builders.volume(),
                builders.volume(migration_status="success", host="c9@x#y"),
                builders.SPARE_PLACE,
                0,
            ),
            f"Cinder moved the volume to c9@x#y, not to {builders.SPARE}",
            id="another pool",
        ),
        pytest.param(
            verdict.of_retype(
                builders.volume(),
                builders.volume(updated_at="later"),
                "silver-id",
                0,
            ),
            "Cinder restored the volume without giving a reason; it keeps "
            "type gold. Likely causes: the scheduler found no pool",
            id="silent refusal",
        ),
        pytest.param(
            verdict.of_retype(
                builders.volume(),
                builders.volume(migration_status="error"),
                "silver-id",
                0,
            ),
            "Cinder ended the retype with an error; the volume keeps type "
            "gold. The reason is only in the logs",
            id="retype error",
        ),
        pytest.param(
            verdict.of_retype(
                builders.volume(),
                builders.volume(**_ELSEWHERE),
                "silver-id",
                30,
            ),
            f"Cinder says that the volume went from {builders.POOL} to "
            f"{builders.OTHER}, but its migration_status is None: the data "
            "may still be where it was. Do not attach, migrate or delete",
            id="the row moved, the data did not",
        ),
        pytest.param(
            verdict.of_retype(
                builders.volume(),
                builders.volume(status="error"),
                "silver-id",
                30,
            ),
            f"the volume stays error with type gold on {builders.POOL}",
            id="stays in error",
        ),
    ],
)
def test_why(found: verdict.Verdict, says: str) -> None:
    assert says in found.text


@pytest.mark.parametrize(
    ("status", "mig", "phase"),
    [
        ("maintenance", "starting", "scheduling"),
        ("retyping", "migrating", "copying"),
        ("in-use", "completing", "completing"),
        ("retyping", None, "retyping"),
        ("retyping", "error", "retyping"),
        ("available", "success", "available"),
    ],
)
def test_phase(status: str, mig: str | None, phase: str) -> None:
    seen = builders.volume(status=status, migration_status=mig)

    assert verdict.phase_of(seen) == phase


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, (), id="nothing"),
        pytest.param(
            {"host": builders.OTHER, "migration_status": "success"},
            (),
            id="what a move is for",
        ),
        pytest.param(
            {"name": "x", "bootable": True},
            ("name was 'data', is 'x'", "bootable was False, is True"),
            id="what it should have kept",
        ),
        pytest.param(
            {"availability_zone": "az2"},
            ("the availability zone was nova, is az2",),
            id="the zone",
        ),
        pytest.param(
            {"encrypted": True},
            ("encrypted was False, is True",),
            id="encryption, with the same type",
        ),
        pytest.param(
            {"encrypted": True, **_SILVER},
            (),
            id="encryption is the new type's business",
        ),
    ],
)
def test_unexpected_changes(
    changes: dict[str, Any], said: tuple[str, ...]
) -> None:
    found = verdict.unexpected_changes(
        builders.volume(), builders.volume(**changes)
    )

    assert found == said


_NEW = model.Attachment("new-id", builders.VOLUME_ID, builders.SERVER_ID)


def _row(attachment_id: str | None) -> model.ServerVolume:
    return model.ServerVolume(
        builders.VOLUME_ID, attachment_id, "/dev/vdb", False
    )


@pytest.mark.parametrize(
    ("after", "nova", "wrong"),
    [
        pytest.param(
            (_NEW,), {builders.SERVER_ID: _row("new-id")}, "", id="both agree"
        ),
        pytest.param(
            (),
            {builders.SERVER_ID: _row("new-id")},
            f"Cinder had the volume attached to {builders.SERVER_ID}, now to "
            "nothing; Nova has attachment new-id",
            id="Cinder lost the attachment",
        ),
        pytest.param(
            (model.Attachment("new-id", builders.VOLUME_ID, "other"),),
            {"other": _row("new-id")},
            f"Cinder had the volume attached to {builders.SERVER_ID}, now to "
            "other; Nova has attachment new-id",
            id="another server",
        ),
        pytest.param(
            (_NEW,),
            {builders.SERVER_ID: _row(builders.ATTACHMENT_ID)},
            f"Nova has attachment {builders.ATTACHMENT_ID} of server "
            f"{builders.SERVER_ID}, Cinder new-id",
            id="Nova kept the old one",
        ),
        pytest.param(
            (_NEW,),
            {},
            f"Nova has attachment none of server {builders.SERVER_ID}, "
            "Cinder new-id",
            id="Nova knows of none",
        ),
        pytest.param(
            (_NEW,),
            {builders.SERVER_ID: None},
            f"Nova has attachment none of server {builders.SERVER_ID}, "
            "Cinder new-id",
            id="Nova does not list the volume",
        ),
        pytest.param(
            (_NEW,),
            {builders.SERVER_ID: _row("")},
            f"Nova has attachment none of server {builders.SERVER_ID}, "
            "Cinder new-id",
            id="Nova lists it without an attachment",
        ),
        pytest.param(
            (_NEW,),
            {builders.SERVER_ID: _row(None)},
            "",
            id="Nova is too old to tell the attachment",
        ),
        pytest.param(
            (),
            {builders.SERVER_ID: _row(None)},
            f"Cinder had the volume attached to {builders.SERVER_ID}, now to "
            "nothing; Nova has attachment not told",
            id="too old, and Cinder lost the attachment",
        ),
    ],
)
def test_attachments_after_a_live_move(
    after: tuple[model.Attachment, ...],
    nova: dict[str, model.ServerVolume | None],
    wrong: str,
) -> None:
    before = builders.attached()
    now = builders.attached(attachments=after)

    assert verdict.attachments_kept(before, now, nova) == wrong
