# SPDX-License-Identifier: Apache-2.0

"""What becomes of each volume, in a file."""

from __future__ import annotations

import csv
import json
import pathlib
import stat

import pytest

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.osc import report


def _result(number: int) -> paths.MoveResult:
    return paths.MoveResult(
        builders.migrate(resource_id=f"v{number}"),
        model.Path.MIGRATE,
        paths.Outcome.DONE,
        volume_id=f"v{number}",
        size=3,
        elapsed=1.26,
        warnings=("one", "two"),
        request_ids=("req-1",),
    )


def _written(path: pathlib.Path) -> list[str]:
    complaints: list[str] = []
    with report.to(path, complaints.append) as reporter:
        for number in range(2):
            reporter.ended(_result(number))
            lines = path.read_text().splitlines()
            # For those who watch, and for when this process is killed.
            assert json.loads(lines[-1])["volume_id"] == f"v{number}"
    return complaints


def test_json_lines(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.jsonl"

    assert _written(path) == []

    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["volume_id"] for row in rows] == ["v0", "v1"]
    assert rows[0]["migration_type"] == "cold"
    assert rows[0]["path"] == "migrate"
    assert rows[0]["result"] == "done"
    assert rows[0]["seconds"] == 1.3
    assert rows[0]["warnings"] == ["one", "two"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_json_at_the_end(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.json"

    _written(path)

    assert [row["size"] for row in json.loads(path.read_text())] == [3, 3]


def test_csv_at_the_end(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.csv"

    _written(path)

    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["volume_id"] for row in rows] == ["v0", "v1"]
    assert rows[0]["warnings"] == "one; two"
    assert rows[0]["request_ids"] == "req-1"


def test_no_file_is_no_report() -> None:
    with report.to(None, pytest.fail) as reporter:
        reporter.ended(_result(0))


def test_a_file_that_cannot_be_opened_ends_it_before_it_begins(
    tmp_path: pathlib.Path,
) -> None:
    with (
        pytest.raises(errors.FailedError, match=r"cannot write .*nowhere"),
        report.to(tmp_path / "nowhere" / "r", pytest.fail),
    ):
        pytest.fail("begun")


@pytest.mark.skipif(
    not pathlib.Path("/dev/full").exists(), reason="Linux's own full disk"
)
def test_a_full_disk_ends_no_move() -> None:
    complaints: list[str] = []

    with report.to(pathlib.Path("/dev/full"), complaints.append) as reporter:
        reporter.ended(_result(0))
        reporter.ended(_result(1))

    assert complaints == ["cannot write /dev/full: No space left on device"]
