# SPDX-License-Identifier: Apache-2.0

"""Events as lines of JSON."""

from __future__ import annotations

import datetime
import io
import json
import pathlib
import stat
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.osc import events

_AT = datetime.datetime(2026, 1, 5, 12, 0, 1, 234567, datetime.timezone.utc)


class Written:
    """Events at one moment, and the lines that they wrote."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events = events.Events(self.lines.append, lambda: _AT)

    @property
    def last(self) -> dict[str, Any]:
        """The last line, without what all have."""
        found: dict[str, Any] = json.loads(self.lines[-1])
        assert found.pop("schema") == 1
        assert found.pop("time") == "2026-01-05T12:00:01.234Z"
        return found


def _move(name: str = "data") -> paths.Move:
    cloud: Any = None
    return paths.Move(
        cloud,
        builders.request(builders.migrate()),
        survey=builders.survey(volume=builders.volume(name=name)),
    )


def test_planned() -> None:
    written = Written()
    later = _AT.astimezone(datetime.timezone(datetime.timedelta(hours=2)))

    written.events.planned(
        builders.migrate(),
        model.PlannedVolume.of(builders.volume()),
        later,
        12.34,
    )

    assert written.last == {
        "event": "planned",
        "volume_id": builders.VOLUME_ID,
        "volume_name": "data",
        "project_id": builders.PROJECT_ID,
        "size": 10,
        "migration_type": "cold",
        "source_node": builders.POOL,
        "source_type": "gold",
        "destination_node": builders.SPARE,
        "destination_type": None,
        "expected_start": "2026-01-05T12:00:01.234Z",
        "expected_seconds": 12.3,
    }


def test_a_plan_that_records_nothing_and_a_move_that_is_not_expected() -> None:
    written = Written()

    written.events.planned(builders.migrate(), None, None, 1.0)

    assert written.last["size"] is None
    assert written.last["expected_start"] is None


def test_started_and_its_phases() -> None:
    written = Written()
    # A name is what a tenant wrote; JSON keeps it whole, on one line.
    written.events.started(_move('a\n"b" \x1b[1m'))
    assert written.last == {
        "event": "started",
        "volume_id": builders.VOLUME_ID,
        "volume_name": 'a\n"b" \x1b[1m',
        "project_id": builders.PROJECT_ID,
        "size": 10,
        "path": "migrate",
        "source_node": builders.POOL,
        "destination_node": builders.SPARE,
        "destination_type": None,
    }
    assert "\n" not in written.lines[-1]
    assert "\x1b" not in written.lines[-1]

    for phase, elapsed in (("copying", 1.04), ("copying", 9), ("done?", 10)):
        written.events.phase(_move(), phase, elapsed)

    # Only what has changed.
    assert len(written.lines) == 3
    assert json.loads(written.lines[1])["phase"] == "copying"
    assert written.last == {
        "event": "phase",
        "volume_id": builders.VOLUME_ID,
        "phase": "done?",
        "seconds": 10,
    }


def test_waiting_is_said_when_it_changes() -> None:
    written = Written()
    for caps in ({}, {"total": 3}, {"total": 3}, {"total": 2}, {}):
        written.events.waiting(caps)

    assert [json.loads(one)["waiting_for"] for one in written.lines] == [
        {"total": 3},
        {"total": 2},
        {},
    ]


def test_warnings_and_notes() -> None:
    written = Written()
    written.events.warning(_move(), "careful")
    assert written.last == {
        "event": "warning",
        "volume_id": builders.VOLUME_ID,
        "text": "careful",
    }
    written.events.retrying("503; asking again")
    assert written.last["volume_id"] is None
    written.events.note("paused")
    assert written.last == {"event": "note", "text": "paused"}
    written.events.stage("canaries")
    assert written.last["text"] == "canaries"
    written.events.stage("")
    assert written.last["text"] == "the canaries are verified"
    written.events.stopping("interrupted", 2)
    assert written.last == {
        "event": "note",
        "text": "nothing more is started: interrupted; 2 in flight",
    }


def test_ended() -> None:
    written = Written()
    written.events.ended(
        paths.MoveResult(
            builders.migrate(),
            model.Path.MIGRATE,
            paths.Outcome.FAILED,
            "why",
            volume_id=builders.VOLUME_ID,
            elapsed=2.04,
            moving=1.5,
            request_ids=("req-1",),
        )
    )

    found = written.last
    assert found["event"] == "ended"
    assert found["result"] == "failed"
    assert found["reason"] == "why"
    assert (found["seconds"], found["seconds_moving"]) == (2.0, 1.5)
    assert found["request_ids"] == ["req-1"]
    assert found["under_way"] is False


def test_summary() -> None:
    written = Written()
    written.events.summary({"done": 2}, 20, 61.28, None, 3, "2 of 3 done")

    assert written.last == {
        "event": "summary",
        "results": {"done": 2},
        "gib": 20,
        "seconds": 61.3,
        "expected_seconds": None,
        "exit_code": 3,
        "text": "2 of 3 done",
    }


def test_a_file_is_added_to_and_its_owner_s(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "events.jsonl"
    for text in ("one", "two"):
        with events.to(str(path), None, pytest.fail) as found:
            assert found is not None
            found.note(text)
            # Who follows the file sees it at once.
            assert text in path.read_text()

    texts = [json.loads(one)["text"] for one in path.read_text().splitlines()]
    assert texts == ["one", "two"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_stderr() -> None:
    stream = io.StringIO()
    with events.to("-", stream, pytest.fail) as found:
        assert found is not None
        found.note("one")

    assert json.loads(stream.getvalue())["text"] == "one"


def test_what_cannot_be_opened_is_said_before_anything_moves(
    tmp_path: pathlib.Path,
) -> None:
    with (
        pytest.raises(errors.UnwritableError),
        events.to(str(tmp_path), None, pytest.fail),
    ):
        pytest.fail("it went on")


def test_a_full_disk_ends_no_move() -> None:
    complaints: list[str] = []
    with events.to("/dev/full", None, complaints.append) as found:
        assert found is not None
        found.note("one")
        found.note("two")

    assert complaints == ["cannot write /dev/full: No space left on device"]


def test_without_a_target_there_is_nothing() -> None:
    with events.to(None, None, pytest.fail) as found:
        assert found is None
