# SPDX-License-Identifier: Apache-2.0

"""What ``recover`` says that it would do, for what is left."""

from __future__ import annotations

import pytest

from tests.unit import builders
from volmigrateclient.core import model, recovery
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths.swap_via_nova.evidence import (
    Decision,
    Evidence,
    Resolution,
)

_SOURCE = builders.volume(id="source")
_DESTINATION = builders.volume(id="destination")
_SNAPSHOTTED = builders.volume(id="source", name="has a snapshot")
_USER = model.User("user", "volmig-source", "", True)
_FINISH, _UNDO = Resolution.COMPLETE, Resolution.ROLLBACK


def _leftover(
    verdict: Resolution,
    *left: object,
    keep_source: bool = False,
    age: float | None = 7200.0,
) -> recovery.Leftover:
    mark = SwapMarker("source", "run", "server", "", keep_source=keep_source)
    sources = (one for one in (_SOURCE, _SNAPSHOTTED) if one in left)
    seen = Evidence(
        marker=mark,
        source=next(sources, None),
        source_snapshots=[builders.SNAPSHOT] * (_SNAPSHOTTED in left),
        destination=_DESTINATION if _DESTINATION in left else None,
        user=_USER if _USER in left else None,
    )
    return recovery.Leftover(seen, Decision(verdict, ("why",)), age, 3600.0)


@pytest.mark.parametrize(
    ("leftover", "to_do"),
    [
        (
            _leftover(_FINISH, _SOURCE, _DESTINATION, _USER),
            "delete the source and the temporary user",
        ),
        (_leftover(_FINISH, _SOURCE, _DESTINATION), "delete the source"),
        (
            _leftover(_FINISH, _SOURCE, _DESTINATION, _USER, keep_source=True),
            "keep the source, renamed; delete the temporary user",
        ),
        (
            _leftover(_FINISH, _SOURCE, _DESTINATION, keep_source=True),
            "keep the source, renamed",
        ),
        (
            _leftover(_FINISH, _SNAPSHOTTED, _DESTINATION, _USER),
            "keep the source, renamed; delete the temporary user",
        ),
        (_leftover(_FINISH, _DESTINATION, _USER), "delete the temporary user"),
        (_leftover(_FINISH, _DESTINATION), "remove the marker"),
        (
            _leftover(_UNDO, _SOURCE, _DESTINATION, _USER),
            "delete the destination and the temporary user",
        ),
        (_leftover(_UNDO, _SOURCE, _DESTINATION), "delete the destination"),
        (_leftover(_UNDO, _SOURCE, _USER), "delete the temporary user"),
    ],
)
def test_says_what_it_would_do(
    leftover: recovery.Leftover, to_do: str
) -> None:
    assert leftover.to_do == to_do


@pytest.mark.parametrize(
    ("verdict", "age", "safe", "settled"),
    [
        (_FINISH, 7200.0, True, True),
        (_UNDO, 7200.0, True, True),
        # Nobody says when it began: only a human can know that it is dead.
        (_UNDO, None, False, False),
        (_FINISH, 60.0, False, False),
        (_UNDO, 60.0, False, False),
        (Resolution.WAIT, 7200.0, False, False),
        (Resolution.QUARANTINE, 7200.0, False, True),
        (Resolution.QUARANTINE, 60.0, False, False),
    ],
)
def test_leaves_alone_what_may_be_alive_or_is_not_proven(
    verdict: Resolution,
    age: float | None,
    safe: bool,
    settled: bool,
) -> None:
    leftover = _leftover(verdict, _SOURCE, _DESTINATION, _USER, age=age)

    assert leftover.safe == safe
    assert leftover.settled == settled
