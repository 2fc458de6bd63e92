# SPDX-License-Identifier: Apache-2.0

"""What becomes of each volume, in a file."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import errno
import json
import pathlib
import shutil
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
        report.to(tmp_path / "nowhere" / "r.csv", pytest.fail),
    ):
        pytest.fail("begun")


@pytest.mark.skipif(
    not pathlib.Path("/dev/full").exists(), reason="Linux's own full disk"
)
def test_a_full_disk_ends_no_move() -> None:
    with contextlib.ExitStack() as stack:
        # What is left in the stream cannot be written at its end, either.
        stack.enter_context(contextlib.suppress(OSError))
        stream = stack.enter_context(pathlib.Path("/dev/full").open("w"))
        reporter = report.FileReporter(stream)
        reporter.ended(_result(0))
        reporter.ended(_result(1))

    assert len(reporter.rows) == 2
    assert reporter.fault is not None
    assert reporter.fault.errno == errno.ENOSPC


def test_a_folder_that_went_is_complained_of(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path, complaints = folder / "report.csv", list[str]()

    with report.to(path, complaints.append) as reporter:
        reporter.ended(_result(0))
        shutil.rmtree(folder)

    assert complaints == [f"cannot write {path}: No such file or directory"]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_another_run_adds_to_the_report(
    tmp_path: pathlib.Path, suffix: str
) -> None:
    path = tmp_path / f"report{suffix}"
    hostile = dataclasses.replace(_result(0), volume_name='a\nb\r\n", x')
    for _ in range(2):
        with report.to(path, pytest.fail) as reporter:
            reporter.ended(hostile)
    once = path.read_text()

    with report.to(path, pytest.fail) as reporter:
        # If it is killed now, everything is still there.
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [row["volume_id"] for row in lines] == ["v0", "v0"]
        reporter.ended(_result(1))

    if suffix == ".csv":
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    elif suffix == ".json":
        rows = json.loads(path.read_text())
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert path.read_text().startswith(once)
    assert [row["volume_id"] for row in rows] == ["v0", "v0", "v1"]
    # Between the two the clock's second may have changed.
    first, second = (dict(row, started_at="") for row in rows[:2])
    assert first == second
    assert [row["volume_name"] for row in rows[:2]] == ['a\nb\r\n", x'] * 2
    assert str(rows[0]["seconds"]) == "1.3"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_run_s_lines_are_read_whatever_the_name(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "report.csv"
    with report.to(tmp_path / "report.jsonl", pytest.fail) as reporter:
        reporter.ended(_result(0))
    (tmp_path / "report.jsonl").rename(path)

    with report.to(path, pytest.fail) as reporter:
        reporter.ended(_result(1))

    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["volume_id"] for row in rows] == ["v0", "v1"]
    assert {row["warnings"] for row in rows} == {"one; two"}


@pytest.mark.parametrize(
    "text",
    [
        "my notes\n",
        '{"version": 1, "actions": []}\n',
        json.dumps({"version": 1, "actions": []}, indent=2),
        "[1, 2]",
        '[{"volume_id": "v0"}]',
        "id,name\n1,2\n",
        "volume_id,result,reason\nv0,done,,one too many\n",
        "\x00\xff",
    ],
)
def test_nothing_is_added_to_what_is_no_report(
    tmp_path: pathlib.Path, text: str
) -> None:
    path, plan = tmp_path / "report.json", tmp_path / "plan.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(errors.FailedError, match="exists already and is no"):
        report.refuse(path, plan)
    with (
        pytest.raises(errors.FailedError, match="exists already and is no"),
        report.to(path, pytest.fail),
    ):
        pytest.fail("begun")

    assert path.read_text(encoding="latin-1") == text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("plan.json", "is the plan itself"),
        ("./plan.json", "is the plan itself"),
        ("link.json", "is the plan itself"),
        ("report.html", "cannot be told from its name"),
        ("report", "cannot be told from its name"),
        ("folder.csv", "it is a folder"),
        ("nowhere/report.csv", "there is no folder"),
        ("loop.csv", "links lead nowhere|Too many levels"),
    ],
)
def test_a_name_that_no_report_can_have(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    (tmp_path / "link.json").symlink_to(plan)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "folder.csv").mkdir()

    with pytest.raises(errors.FailedError, match=says):
        report.refuse(pathlib.Path(name), plan)


def test_a_name_that_is_not_taken_is_fine(tmp_path: pathlib.Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    (tmp_path / "empty.csv").touch()

    report.refuse(None, plan)
    for name in ("report.jsonl", "report.csv", "empty.csv"):
        report.refuse(tmp_path / name, plan)

    assert {one.name for one in tmp_path.iterdir()} == {
        "plan.json",
        "empty.csv",
    }
