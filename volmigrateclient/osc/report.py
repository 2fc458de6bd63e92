# SPDX-License-Identifier: Apache-2.0

"""What becomes of each volume of a plan, in a file."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import io
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from volmigrateclient.core import paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import files

_FIELDS = (
    "volume_id",
    "volume_name",
    "project_id",
    "server_id",
    "size",
    "migration_type",
    "path",
    "source_node",
    "destination_node",
    "source_type",
    "destination_type",
    "new_volume_id",
    "name_id",
    "moved_by",
    "started_at",
    "seconds",
    "seconds_moving",
    "result",
    "reason",
    "warnings",
    "request_ids",
)
#: What a row of ours has at least.
_ALWAYS = {"volume_id", "result", "reason"}

#: JSON lines, by the end of the file's name.
_LINES = (".jsonl", ".ndjson")

_Row = dict[str, Any]


class FileReporter(Reporter):
    """Writes a line of JSON as each action ends.

    :ivar fault: why nothing more can be written; the moves go on
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.rows: list[_Row] = []
        self.fault: OSError | None = None

    def ended(self, result: paths.MoveResult) -> None:
        row = _row(result)
        self.rows.append(row)
        try:
            self._stream.write(json.dumps(row) + "\n")
            # It is for those who watch, and for when this process is killed.
            self._stream.flush()
        except OSError as error:
            self.fault = error


def refuse(path: pathlib.Path | None, plan: pathlib.Path) -> None:
    """Let a file pass that a report may be written to; changes nothing.

    :param plan: the file that is being applied
    :raises FailedError: it cannot be written, or is something else
    """
    if path is None:
        return
    if files.same(path, plan):
        raise errors.FailedError(
            f"{path} is the plan itself: name another file for the report"
        )
    if path.suffix not in (*_LINES, ".json", ".csv"):
        raise errors.FailedError(
            f"what to write to {path} cannot be told from its name: end it "
            "in .jsonl (a line of JSON for each volume), .json or .csv"
        )
    files.refuse_unwritable(path)
    earlier(path)


@contextlib.contextmanager
def to(
    path: pathlib.Path | None, complain: Callable[[str], None]
) -> Iterator[Reporter]:
    """A reporter that adds to a file, readable by its owner only.

    JSON lines while it runs, those of an earlier report first; one named
    ``.csv`` or ``.json`` is turned into that at the end. At any moment the
    file is whole.

    :param complain: told at the end if something could not be written: what
        was moved has its results all the same
    :raises FailedError: the file cannot be opened, or is something else
    """
    if path is None:
        yield Reporter()
        return
    before = earlier(path)
    try:
        if not _is_lines(path):
            text = "".join(json.dumps(row) + "\n" for row in before)
            files.replace(path, text)
        stream = path.open("a", encoding="utf-8")
    except OSError as error:
        raise errors.UnwritableError(path, error) from error
    reporter = FileReporter(stream)
    try:
        yield reporter
    finally:
        try:
            stream.close()
            _finish(path, [*before, *reporter.rows])
        except OSError as error:
            reporter.fault = error
        if reporter.fault is not None:
            complain(str(errors.UnwritableError(path, reporter.fault)))


def earlier(path: pathlib.Path) -> list[_Row]:
    """The rows of an earlier report.

    :raises FailedError: there is something else in the file
    """
    if not path.exists():
        return []
    try:
        # Not read_text(): it changes line ends, which names may have.
        rows = _rows_in(path.read_bytes().decode())
    except OSError as error:
        raise errors.FailedError(
            f"cannot read {path}: {error.strerror}"
        ) from error
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and row.keys() >= _ALWAYS for row in rows
    ):
        raise errors.FailedError(
            f"{path} exists already and is not a report, so nothing is added "
            "to it: name another file"
        )
    return rows


def _is_lines(path: pathlib.Path) -> bool:
    """Whether lines may be added to a report as it is."""
    if path.suffix not in _LINES or not path.exists():
        return False
    text = path.read_bytes()
    return text.startswith(b"{") and text.endswith(b"\n")


def _rows_in(text: str) -> Any:
    """What a report holds, in whichever of its forms; None is no report."""
    if text.startswith("["):
        return json.loads(text)
    if text.startswith("{") or not text.strip():
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    # Names may hold line ends.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not set(reader.fieldnames or ()) >= _ALWAYS:
        return None
    return [_from_csv(row) for row in reader]


def _finish(path: pathlib.Path, rows: Sequence[_Row]) -> None:
    if path.suffix == ".json":
        files.replace(path, json.dumps(rows, indent=2) + "\n")
    elif path.suffix == ".csv":
        text = io.StringIO(newline="")
        others = {name: None for row in rows for name in row}
        writer = csv.DictWriter(text, [*dict.fromkeys(_FIELDS) | others])
        writer.writeheader()
        writer.writerows(map(_to_csv, rows))
        files.replace(path, text.getvalue())


def _to_csv(row: Mapping[str, Any]) -> _Row:
    return {
        **row,
        "warnings": "; ".join(row.get("warnings") or ()),
        "request_ids": " ".join(row.get("request_ids") or ()),
    }


def _from_csv(row: Mapping[Any, Any]) -> _Row:
    if None in row:
        raise ValueError("more cells than columns")
    return {
        **row,
        "warnings": [row["warnings"]] if row.get("warnings") else [],
        "request_ids": (row.get("request_ids") or "").split(),
    }


def _row(result: paths.MoveResult) -> _Row:
    started = datetime.datetime.now(
        datetime.timezone.utc
    ) - datetime.timedelta(seconds=result.elapsed)
    every = dataclasses.asdict(result) | {
        "migration_type": result.action.migration_type,
        "path": result.path.value,
        "started_at": started.isoformat(timespec="seconds"),
        "seconds": round(result.elapsed, 1),
        "seconds_moving": round(result.moving, 1),
        "result": result.outcome.value,
    }
    return {field: every[field] for field in _FIELDS}
