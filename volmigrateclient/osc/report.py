# SPDX-License-Identifier: Apache-2.0

"""What becomes of each volume, in a file."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from volmigrateclient.core import paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

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
    "result",
    "reason",
    "warnings",
    "request_ids",
)


class FileReporter(Reporter):
    """Writes a line of JSON as each action ends.

    :ivar fault: why nothing more can be written; the moves go on
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.rows: list[dict[str, Any]] = []
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


@contextlib.contextmanager
def to(
    path: pathlib.Path | None, complain: Callable[[str], None]
) -> Iterator[Reporter]:
    """A reporter that writes to a file, readable by its owner only.

    JSON lines while it runs; one named ``.csv`` or ``.json`` is turned into
    that at the end.

    :param complain: told at the end if something could not be written: what
        was moved has its results all the same
    :raises FailedError: the file cannot be opened
    """
    if path is None:
        yield Reporter()
        return
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600
        )
    except OSError as error:
        raise errors.FailedError(_cannot(path, error)) from error
    stream = os.fdopen(descriptor, "w", encoding="utf-8")
    reporter = FileReporter(stream)
    try:
        yield reporter
    finally:
        try:
            stream.close()
            _finish(path, reporter.rows)
        except OSError as error:
            reporter.fault = error
        if reporter.fault is not None:
            complain(_cannot(path, reporter.fault))


def _cannot(path: pathlib.Path, error: OSError) -> str:
    return f"cannot write {path}: {error.strerror}"


def _finish(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, _FIELDS)
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    row
                    | {
                        "warnings": "; ".join(row["warnings"]),
                        "request_ids": " ".join(row["request_ids"]),
                    }
                )


def _row(result: paths.MoveResult) -> dict[str, Any]:
    started = datetime.datetime.now(
        datetime.timezone.utc
    ) - datetime.timedelta(seconds=result.elapsed)
    every = dataclasses.asdict(result) | {
        "migration_type": result.action.migration_type,
        "path": result.path.value,
        "started_at": started.isoformat(timespec="seconds"),
        "seconds": round(result.elapsed, 1),
        "result": result.outcome.value,
    }
    return {field: every[field] for field in _FIELDS}
