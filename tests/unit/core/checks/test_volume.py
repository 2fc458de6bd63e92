# SPDX-License-Identifier: Apache-2.0

"""The volume's state: what a cold migration and a swap need of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import volume
from volmigrateclient.core.cloud import Survey

_COLD = "Invalid state for cold migration: "
_SWAP = "Invalid state for swapping volume: "
_IDLE = ("ok", "none running")
_HELD = (
    "blocked",
    _COLD + f"the volume is attached to server 'web' ({builders.SERVER_ID})",
)
_ON_HOST = model.Attachment("a", builders.VOLUME_ID, None, host="bm1")
_SECOND = model.Attachment("b", builders.VOLUME_ID, "other")
_SERVERS = (builders.server(), builders.server(id="other", name="db"))
_RUNNING = (
    "warning",
    (
        "Cinder is moving the volume right now; 'run' waits for that move and "
        "judges where it ended"
    ),
)


def _survey(volume: model.Volume) -> Survey:
    """A cloud in which Nova says what the volume says."""
    named = {attachment.server_id for attachment in volume.attachments}
    return builders.survey(
        volume=volume,
        servers=tuple(one for one in _SERVERS if one.id in named),
    )


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param(
            builders.volume(),
            [("ok", "none"), ("ok", "available"), _IDLE],
            id="detached and idle",
        ),
        pytest.param(builders.attached(), [_HELD, _IDLE], id="attached"),
        pytest.param(
            builders.attached(status="detaching"),
            [
                _HELD,
                ("blocked", _COLD + "the volume is detaching, not available"),
                _IDLE,
            ],
            id="about to be detached",
        ),
        pytest.param(
            builders.volume(status="in-use", attachments=(_ON_HOST,)),
            [
                (
                    "blocked",
                    _COLD
                    + "Cinder has attachment a (attached) of host 'bm1', "
                    "not of a server",
                ),
                _IDLE,
            ],
            id="attached to a host",
        ),
        pytest.param(
            builders.volume(status="error", migration_status="error"),
            [
                ("ok", "none"),
                (
                    "blocked",
                    _COLD + "the volume is error, not available",
                ),
                ("ok", "none running (last: error)"),
            ],
            id="in error",
        ),
        pytest.param(
            builders.volume(status="reserved"),
            [
                ("ok", "none"),
                ("blocked", _COLD + "the volume is reserved, not available"),
                _IDLE,
            ],
            id="about to be attached",
        ),
        pytest.param(
            builders.volume(status="maintenance"),
            [
                ("ok", "none"),
                (
                    "blocked",
                    _COLD + "the volume is maintenance, not available",
                ),
                _IDLE,
            ],
            id="locked by a move that is none",
        ),
        pytest.param(
            builders.volume(
                status="maintenance", migration_status="migrating"
            ),
            [("ok", "none"), ("ok", "maintenance"), _RUNNING],
            id="moving, to nobody knows where",
        ),
    ],
)
def test_cold_needs_it_detached(
    seen: model.Volume, says: list[tuple[str, str]]
) -> None:
    case = builders.case(builders.migrate(), _survey(seen))

    assert builders.words(volume.detached(case)) == says


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param(
            builders.attached(),
            [
                (
                    "ok",
                    (
                        f"the volume is attached to server 'web' "
                        f"({builders.SERVER_ID})"
                    ),
                ),
                ("ok", "in-use"),
                _IDLE,
            ],
            id="attached to one server",
        ),
        pytest.param(
            builders.volume(),
            [
                (
                    "blocked",
                    _SWAP + "the volume is attached to no server",
                ),
                _IDLE,
            ],
            id="detached",
        ),
        pytest.param(
            builders.volume(status="reserved"),
            [
                (
                    "blocked",
                    _SWAP + "the volume is attached to no server",
                ),
                ("blocked", _SWAP + "the volume is reserved, not in-use"),
                _IDLE,
            ],
            id="of a shelved server",
        ),
        pytest.param(
            builders.volume(status="error"),
            [
                (
                    "blocked",
                    _SWAP + "the volume is attached to no server",
                ),
                ("blocked", _SWAP + "the volume is error, not in-use"),
                _IDLE,
            ],
            id="in error, and detached",
        ),
        pytest.param(
            builders.attached(attachments=(builders.ATTACHMENT, _SECOND)),
            [
                (
                    "blocked",
                    _SWAP + "the volume has 2 attachments "
                    f"(server 'web' ({builders.SERVER_ID}), server 'db' "
                    "(other)); Nova swaps only where there is one",
                ),
                ("ok", "in-use"),
                _IDLE,
            ],
            id="attached to two servers",
        ),
        pytest.param(
            builders.attached(attachments=(_ON_HOST,)),
            [
                (
                    "blocked",
                    _SWAP
                    + "Cinder has attachment a (attached) of host 'bm1', "
                    "not of a server",
                ),
                _IDLE,
            ],
            id="attached to a host",
        ),
        pytest.param(
            builders.attached(status="extending"),
            [
                (
                    "ok",
                    (
                        f"the volume is attached to server 'web' "
                        f"({builders.SERVER_ID})"
                    ),
                ),
                (
                    "blocked",
                    _SWAP + "the volume is extending, not in-use",
                ),
                _IDLE,
            ],
            id="being extended",
        ),
    ],
)
def test_a_swap_needs_it_attached(
    seen: model.Volume, says: list[tuple[str, str]]
) -> None:
    case = builders.case(builders.action(), _survey(seen))

    assert builders.words(volume.attached(case)) == says


@pytest.mark.parametrize(
    ("check", "action"),
    [
        (volume.detached, builders.migrate()),
        (volume.attached, builders.action()),
    ],
)
def test_in_use_by_nobody_is_not_to_be_made_free(
    check: Any, action: model.Action
) -> None:
    seen = builders.volume(status="in-use")
    case = builders.case(action, builders.survey(volume=seen))

    (blocked,) = (
        one for one in check(case) if one.result is model.Result.BLOCKED
    )

    assert "if it stays so, leave it alone" in blocked.remedy


@pytest.mark.parametrize("path", ["cold", "swap"])
def test_snapshots_of_the_volume_block(path: str) -> None:
    second = model.Snapshot("s2", "", "error")
    case = builders.case(
        builders.action(migration_type=path),
        builders.survey(snapshots=(builders.SNAPSHOT, second)),
    )

    sentence = _COLD if path == "cold" else _SWAP
    assert builders.words(volume.snapshots(case)) == [
        (
            "blocked",
            sentence + "the volume has 2 snapshots: 'before-upgrade' "
            "(available), s2 (error)",
        )
    ]


def test_one_snapshot_is_no_plural() -> None:
    case = builders.case(
        builders.retype(), builders.survey(snapshots=(builders.SNAPSHOT,))
    )

    (found,) = volume.snapshots(case)
    assert found.detail == (
        "the volume has 1 snapshot: 'before-upgrade' (available)"
    )


def test_no_snapshots_are_fine() -> None:
    found = volume.snapshots(builders.case(builders.retype()))

    assert builders.words(found) == [("ok", "none")]


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param({}, [("ok", "none"), ("ok", "none")], id="nothing"),
        pytest.param(
            {"replication_status": "disabled"},
            [("ok", "none"), ("ok", "disabled")],
            id="no replication any more",
        ),
        pytest.param(
            {"group_id": "g", "replication_status": "enabled"},
            [
                (
                    "blocked",
                    _COLD + "the volume is in group g",
                ),
                (
                    "blocked",
                    _COLD + "the volume is replicated (enabled)",
                ),
            ],
            id="a group and replication",
        ),
    ],
)
def test_what_ties_it(
    seen: dict[str, Any], says: list[tuple[str, str]]
) -> None:
    case = builders.case(
        builders.migrate(), builders.survey(volume=builders.volume(**seen))
    )

    assert builders.words(volume.group_and_replication(case)) == says


@pytest.mark.parametrize(
    ("transfers", "remedy"),
    [
        (
            {builders.VOLUME_ID: "transfer-id"},
            "openstack volume transfer request delete transfer-id",
        ),
        (
            None,
            (
                "see 'openstack volume transfer request list --all-projects', "
                "and delete the request"
            ),
        ),
    ],
)
def test_a_transfer_is_named(transfers: Any, remedy: str) -> None:
    seen = builders.survey(
        volume=builders.volume(status="awaiting-transfer"),
        transfers=transfers,
    )

    found = list(volume.detached(builders.case(builders.migrate(), seen)))

    assert [one.remedy for one in found if one.name == "Status"] == [remedy]


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        (f"image-{builders.VOLUME_ID}", True),
        (f"image-{builders.VOLUME_ID}-2", False),
        ("image-of-mine", False),
        ("data", False),
    ],
)
def test_the_image_cache_is_warned_of(name: str, warned: bool) -> None:
    case = builders.case(
        builders.migrate(),
        builders.survey(volume=builders.volume(name=name)),
    )

    found = builders.words(volume.image_cache(case))

    assert [result for result, _ in found] == ["warning"] * warned
