# SPDX-License-Identifier: Apache-2.0

"""A volume that is moving already, or is held for somebody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import volume

_COLD = "Invalid state for cold migration: "
_SWAP = "Invalid state for swapping volume: "
_IDLE = ("ok", "none running")
_RUNNING = (
    "warning",
    (
        "Cinder is moving the volume right now; 'run' waits for that move and "
        "judges where it ended"
    ),
)


@pytest.mark.parametrize(
    ("asked", "target", "says"),
    [
        pytest.param(
            builders.migrate(),
            builders.volume(host=builders.SPARE),
            _RUNNING,
            id="to the pool that is asked for",
        ),
        pytest.param(
            builders.migrate(),
            builders.volume(host=None),
            _RUNNING,
            id="to a pool that is not chosen yet",
        ),
        pytest.param(
            builders.migrate(),
            builders.volume(host=builders.OTHER),
            (
                "blocked",
                _COLD + f"Cinder is moving the volume to {builders.OTHER} "
                "right now",
            ),
            id="to another pool",
        ),
        pytest.param(
            builders.retype(destination_node=None),
            builders.volume(type_id="x", type_name="bronze"),
            (
                "blocked",
                _COLD + "Cinder is moving the volume to type bronze right now",
            ),
            id="to another type",
        ),
        pytest.param(
            builders.retype(destination_type="no such type"),
            builders.volume(),
            _RUNNING,
            id="the type asked for does not exist: others say so",
        ),
        pytest.param(
            builders.action(destination_node=builders.SPARE),
            builders.volume(host=builders.OTHER),
            (
                "blocked",
                _SWAP + "Cinder is moving the volume to type gold on "
                f"{builders.OTHER} right now",
            ),
            id="to another type on another pool",
        ),
    ],
)
def test_a_move_that_is_running_is_joined_if_it_is_the_same(
    asked: Any, target: model.Volume, says: tuple[str, str]
) -> None:
    moving = builders.attached(migration_status="migrating")
    case = builders.case(asked, builders.survey(volume=moving, target=target))

    check = (
        volume.attached
        if asked.migration_type == "swap"
        else (volume.detached)
    )
    assert builders.words(check(case))[-1] == says


def test_a_swap_via_nova_never_joins_a_move_of_cinder() -> None:
    moving = builders.attached(migration_status="starting")
    case = builders.case(
        builders.action(), builders.survey(volume=moving), swap_via="nova"
    )

    assert builders.words(volume.attached(case))[-1] == (
        "blocked",
        _SWAP + "Cinder is moving the volume right now",
    )


@pytest.mark.parametrize(
    ("asked", "check", "sentence"),
    [
        pytest.param(builders.migrate(), volume.detached, _COLD, id="cold"),
        pytest.param(builders.action(), volume.attached, _SWAP, id="swap"),
    ],
)
@pytest.mark.parametrize(
    ("server_id", "says"),
    [
        (
            "shelved",
            (
                "the volume is not attached, but reserved for server 'web' "
                "(shelved)"
            ),
        ),
        (
            None,
            "Cinder has attachment r (reserved) of a host, not of a server",
        ),
    ],
)
def test_a_volume_that_is_held_for_somebody_says_for_whom(
    asked: Any, check: Any, sentence: str, server_id: str | None, says: str
) -> None:
    holder = model.Attachment(
        "r", builders.VOLUME_ID, server_id, status="reserved"
    )
    case = builders.case(
        asked,
        builders.survey(
            volume=builders.volume(status="reserved"),
            attachments=(holder,),
            servers=(builders.server(id="shelved"),) if server_id else (),
        ),
    )

    assert builders.words(check(case)) == [
        (
            "blocked",
            sentence + says,
        ),
        _IDLE,
    ]
