# SPDX-License-Identifier: Apache-2.0

"""What the records prove: one row for each state a swap can be left in."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.paths import tracebacks
from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.model import swap_marker
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths.swap_via_nova import evidence
from volmigrateclient.core.paths.swap_via_nova.evidence import (
    Evidence,
    Resolution,
)

_SERVER, _PROJECT = "server", "project"
_MARK = SwapMarker(
    "old", "run", _SERVER, "2026-01-01T00:00:00Z", request_id="req-1"
)


def _volume(volume_id: str, status: str, **fields: Any) -> model.Volume:
    return model.Volume(
        id=volume_id,
        name="data",
        project_id=_PROJECT,
        status=status,
        size=1,
        type_id="type",
        type_name="gold",
        host="h@b#p",
        **fields,
    )


def _attachment(volume_id: str, status: str = "attached") -> model.Attachment:
    return model.Attachment(f"at-{volume_id}", volume_id, _SERVER, status)


def _row(volume_id: str) -> model.ServerVolume:
    return model.ServerVolume(volume_id, f"at-{volume_id}", "/dev/vdb", False)


def _swap(**fields: Any) -> model.SwapAction:
    begun = model.SwapAction("req-1", "", events=True)
    return dataclasses.replace(begun, **fields)


_ERROR_OLD = _swap(result="Error", traceback=tracebacks.P4_COPY)
_ERROR_NEW = _swap(result="Error", traceback=tracebacks.P5_COMPLETE)

#: The guest is on the source, nothing uses the destination.
_BEFORE = Evidence(
    marker=_MARK,
    source=_volume("old", "in-use"),
    source_attachments=[_attachment("old")],
    destination=_volume("new", "available"),
    server_volumes=[_row("old")],
    holders=[_SERVER],
)
#: Every record says that the guest is on the destination.
_AFTER = Evidence(
    marker=_MARK,
    source=_volume("old", "available"),
    destination=_volume("new", "in-use"),
    destination_attachments=[_attachment("new")],
    server_volumes=[_row("new")],
    swap=_swap(result="Success"),
)


def _but(seen: Evidence, **changes: Any) -> Evidence:
    return dataclasses.replace(seen, **changes)


def _asked(request_id: str) -> SwapMarker:
    return dataclasses.replace(_MARK, request_id=request_id)


_RESERVED: dict[str, Any] = {
    "source": _volume("old", "detaching"),
    "destination": _volume("new", "reserved"),
    "destination_attachments": [_attachment("new", "reserved")],
}

FINISH, UNDO, WAIT, QUARANTINE = (
    Resolution.COMPLETE,
    Resolution.ROLLBACK,
    Resolution.WAIT,
    Resolution.QUARANTINE,
)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        pytest.param(_AFTER, FINISH, id="success"),
        pytest.param(_but(_AFTER, source=None), FINISH, id="source deleted"),
        pytest.param(
            _but(_AFTER, marker=_asked(swap_marker.PENDING)),
            FINISH,
            id="success, killed before the note",
        ),
        pytest.param(_but(_BEFORE, marker=_asked("")), UNDO, id="never asked"),
        pytest.param(
            _but(_BEFORE, marker=_asked(""), destination=None),
            UNDO,
            id="only a user",
        ),
        pytest.param(
            _but(
                _BEFORE,
                marker=_asked(""),
                server_volumes=[
                    _row("old"),
                    model.ServerVolume("new", None, "/dev/vdc", None),
                ],
            ),
            QUARANTINE,
            id="listed by a Nova that does not tell the attachment",
        ),
        pytest.param(
            _but(
                _AFTER,
                server_volumes=[
                    model.ServerVolume("new", None, "/dev/vdb", None)
                ],
            ),
            QUARANTINE,
            id="success, by a Nova that does not tell the attachment",
        ),
        pytest.param(
            _but(
                _BEFORE,
                marker=_asked(""),
                destination=_volume("new", "in-use"),
                destination_attachments=[_attachment("new")],
            ),
            QUARANTINE,
            id="never asked, but somebody attached the destination",
        ),
        pytest.param(
            _but(
                _BEFORE, marker=_asked(""), destination=_volume("new", "error")
            ),
            UNDO,
            id="never asked, the destination in error",
        ),
        pytest.param(
            _but(_BEFORE, marker=_asked(swap_marker.PENDING)),
            UNDO,
            id="P0: Nova has no record",
        ),
        pytest.param(
            _but(
                _BEFORE,
                marker=_asked(swap_marker.PENDING),
                source=_volume("old", "detaching"),
            ),
            UNDO,
            id="P0: left detaching",
        ),
        pytest.param(
            _but(_BEFORE, swap=None),
            QUARANTINE,
            id="Nova's record of a swap that it took is gone",
        ),
        pytest.param(
            _but(_BEFORE, **_RESERVED, swap=_ERROR_OLD),
            UNDO,
            id="P1: failed before the try, nothing rolled back",
        ),
        pytest.param(
            _but(_BEFORE, swap=_ERROR_OLD), UNDO, id="P2 to P4: rolled back"
        ),
        pytest.param(
            _but(_BEFORE, swap=_ERROR_NEW),
            QUARANTINE,
            id="P5: looks as P2 to P4 but for the traceback",
        ),
        pytest.param(
            _but(_BEFORE, swap=_swap(result="Error")),
            QUARANTINE,
            id="failed without a traceback",
        ),
        pytest.param(
            _but(
                _BEFORE,
                source=_volume("old", "detaching"),
                destination=_volume("new", "in-use"),
                destination_attachments=[_attachment("new")],
                swap=_swap(result="Error", traceback=tracebacks.P6_DELETE),
            ),
            QUARANTINE,
            id="P6: both attached",
        ),
        pytest.param(
            _but(
                _AFTER,
                server_volumes=[_row("old")],
                holders=[_SERVER],
                swap=_swap(result="Error", traceback=tracebacks.P8_SAVE),
            ),
            QUARANTINE,
            id="P8: Nova's own record is the old one",
        ),
        pytest.param(
            _but(_BEFORE, **_RESERVED, swap=_swap(events=False)),
            UNDO,
            id="P9: never taken up",
        ),
        pytest.param(
            _but(_BEFORE, **_RESERVED, swap=_swap()),
            WAIT,
            id="P9: running, or died, before it connected",
        ),
        pytest.param(
            _but(
                _BEFORE,
                source=_volume("old", "detaching"),
                destination=_volume("new", "attaching"),
                destination_attachments=[_attachment("new", "attaching")],
                swap=_swap(),
            ),
            WAIT,
            id="P9: running, or died, while copying",
        ),
        pytest.param(
            _but(_BEFORE, server_volumes=None, swap=None),
            QUARANTINE,
            id="the server is gone",
        ),
        pytest.param(
            _but(_AFTER, destination=None, server_volumes=None, swap=None),
            QUARANTINE,
            id="the server went with its destination",
        ),
        pytest.param(
            _but(_BEFORE, destination=None, swap=_ERROR_OLD),
            UNDO,
            id="somebody deleted the unused destination",
        ),
        pytest.param(
            _but(_BEFORE, destination=None, swap=_swap()),
            WAIT,
            id="running, and the destination cannot be seen",
        ),
        pytest.param(
            _but(_BEFORE, source=None, swap=_ERROR_OLD),
            QUARANTINE,
            id="failed before the switch, but the source is gone",
        ),
        pytest.param(
            _but(
                _BEFORE,
                destination=_volume("new", "attaching"),
                swap=_ERROR_OLD,
            ),
            QUARANTINE,
            id="failed before the switch, but somebody attaches it",
        ),
        pytest.param(
            _but(
                _BEFORE,
                destination=_volume("new", "deleting"),
                swap=_ERROR_OLD,
            ),
            UNDO,
            id="failed before the switch, and Cinder is deleting it",
        ),
        pytest.param(
            _but(_AFTER, source=_volume("old", "deleting")),
            FINISH,
            id="the data has moved, and Cinder is deleting the source",
        ),
        pytest.param(
            _but(_AFTER, source=_volume("old", "error_deleting")),
            QUARANTINE,
            id="the data has moved, and Cinder failed to delete the source",
        ),
        pytest.param(
            _but(
                _AFTER,
                source_snapshots=[model.Snapshot("s", "s", "available")],
            ),
            FINISH,
            id="a snapshot keeps the source, the data has moved",
        ),
    ],
)
def test_verdict(seen: Evidence, verdict: Resolution) -> None:
    decision = evidence.decide(seen)

    assert decision.resolution is verdict, decision.reasons
    assert decision.reasons


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"swap": None}, "did not end in Success"),
        ({"swap": _swap()}, "did not end in Success"),
        ({"swap": _ERROR_OLD}, "did not end in Success"),
        ({"server_volumes": []}, "does not list the destination"),
        ({"server_volumes": None}, "does not list the destination"),
        (
            {"server_volumes": [_row("new"), _row("old")]},
            "still lists the source",
        ),
        ({"destination": _volume("new", "attaching")}, "is not in-use"),
        ({"destination_attachments": []}, "not attached to that server alone"),
        (
            {"destination_attachments": [_attachment("new", "attaching")]},
            "not attached to that server alone",
        ),
        (
            {
                "destination_attachments": [
                    _attachment("new"),
                    model.Attachment("more", "new", "another"),
                ]
            },
            "not attached to that server alone",
        ),
        (
            {
                "destination_attachments": [
                    model.Attachment("at-new", "new", "another")
                ]
            },
            "not attached to that server alone",
        ),
        (
            {
                "destination_attachments": [
                    model.Attachment("other", "new", _SERVER)
                ]
            },
            "Nova and Cinder differ",
        ),
        ({"holders": ["another"]}, "another server lists the source"),
        ({"source": _volume("old", "in-use")}, "source is not available"),
        ({"source": _volume("old", "detaching")}, "source is not available"),
        (
            {"source_attachments": [_attachment("old", "reserved")]},
            "still has an attachment",
        ),
        (
            {
                "source": _volume(
                    "old", "available", migration_status="migrating"
                )
            },
            "Cinder is moving the source",
        ),
        (
            {
                "source": dataclasses.replace(
                    _volume("old", "available"), project_id="another"
                )
            },
            "of different projects",
        ),
        (
            {
                "source": dataclasses.replace(
                    _volume("old", "available"), size=2
                )
            },
            "the destination is smaller",
        ),
    ],
)
def test_anything_less_keeps_the_source(
    changes: dict[str, Any], missing: str
) -> None:
    seen = _but(_AFTER, **changes)
    assert _AFTER.destination is not None
    assert seen.destination is not None

    assert evidence.not_proven(_AFTER, _AFTER.destination) == ()
    unproven = evidence.not_proven(seen, seen.destination)
    assert any(missing in claim for claim in unproven)
    assert evidence.decide(seen).resolution is not FINISH


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ()),
        ({"source": None}, ()),
        (
            {"source_snapshots": [model.Snapshot("s", "s", "available")]},
            ("it has 1 snapshot(s)",),
        ),
        (
            {"source": _volume("old", "available", group_id="g")},
            ("it is in group g",),
        ),
    ],
)
def test_what_keeps_a_source_that_is_not_used(
    changes: dict[str, Any], why: tuple[str, ...]
) -> None:
    assert evidence.source_needed(_but(_AFTER, **changes)) == why


class _ChangingCloud:
    """A cloud in which the swap goes on between two requests."""

    def __init__(self, first: Evidence, then: Evidence, after: int) -> None:
        self._states, self._left = (first, then), after
        self.asked = 0

    @property
    def _now(self) -> Evidence:
        self.asked += 1
        return self._states[self.asked > self._left]

    def get_swap(self, *_: str) -> model.SwapAction | None:
        return self._now.swap

    def get_volumes(self, _: Any) -> dict[str, model.Volume]:
        seen = self._now
        return {v.id: v for v in (seen.source, seen.destination) if v}

    def list_attachments(self, volume_id: str) -> Any:
        seen = self._now
        return (
            seen.source_attachments
            if volume_id == seen.marker.source_id
            else seen.destination_attachments
        )

    def list_snapshots(self, _: str) -> Any:
        return self._now.source_snapshots

    def list_server_volumes(self, _: str) -> Any:
        return self._now.server_volumes

    def servers_of_volume(self, *_: str) -> Any:
        return [builders.server(id=id_) for id_ in self._now.holders]


@pytest.mark.parametrize("after", range(20))
@pytest.mark.parametrize(
    ("first", "verdict"),
    [
        pytest.param(
            _but(
                _BEFORE,
                **_RESERVED | {"destination": _volume("new", "attaching")},
                swap=_swap(),
            ),
            WAIT,
            id="copying",
        ),
        pytest.param(
            _but(_BEFORE, **_RESERVED, swap=_swap(events=False)),
            UNDO,
            id="not taken up yet",
        ),
    ],
)
def test_what_changes_meanwhile_is_no_contradiction(
    first: Evidence, verdict: Resolution, after: int
) -> None:
    cloud = _ChangingCloud(first, _AFTER, after)

    seen = evidence.gather(typing.cast("Cloud", cloud), _MARK, "new")

    unchanged = cloud.asked <= after
    found = evidence.decide(seen).resolution
    assert found is (verdict if unchanged else FINISH)
