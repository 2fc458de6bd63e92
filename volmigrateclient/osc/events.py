# SPDX-License-Identifier: Apache-2.0

"""Everything that happens, as lines of JSON for other programs.

Each line is one event; its fields are described in the documentation, and
``schema`` changes when one of them changes its meaning or goes.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

SCHEMA = 1


class Events(Reporter):
    """Writes a line for each event.

    :param write: takes one line, without its end
    :param now: tests bring their own
    """

    def __init__(
        self,
        write: Callable[[str], None],
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        self._write = write
        self._now = now or _utc_now
        self._phases: dict[str, str] = {}
        self._caps: Mapping[str, int] = {}

    def planned(
        self,
        action: model.Action,
        planned: model.PlannedVolume | None,
        starts: datetime.datetime | None,
        seconds: float,
    ) -> None:
        """An action is about to be carried out.

        :param starts: when it is expected to start; None is not in this run
        :param seconds: how long it is expected to take
        """
        known = planned or model.PlannedVolume()
        self._tell(
            "planned",
            volume_id=action.resource_id,
            volume_name=known.name,
            project_id=known.project_id,
            size=known.size,
            migration_type=action.migration_type,
            source_node=known.host,
            source_type=known.type,
            destination_node=action.destination_node,
            destination_type=action.destination_type,
            expected_start=_iso(starts) if starts else None,
            expected_seconds=round(seconds, 1),
        )

    def started(self, move: paths.Move) -> None:
        volume = move.before.volume
        self._tell(
            "started",
            volume_id=volume.id,
            volume_name=volume.name,
            project_id=volume.project_id,
            size=volume.size,
            path=move.request.path.value,
            source_node=volume.host,
            destination_node=move.action.destination_node,
            destination_type=move.action.destination_type,
        )

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        volume_id = move.action.resource_id
        if self._phases.get(volume_id) == phase:
            return
        self._phases[volume_id] = phase
        self._tell(
            "phase",
            volume_id=volume_id,
            phase=phase,
            seconds=round(elapsed, 1),
        )

    def waiting(self, caps: Mapping[str, int]) -> None:
        if caps != self._caps:
            self._caps = dict(caps)
            self._tell("waiting", waiting_for=self._caps)

    def warning(self, move: paths.Move, text: str) -> None:
        self._tell("warning", volume_id=move.action.resource_id, text=text)

    def retrying(self, text: str) -> None:
        self._tell("warning", volume_id=None, text=text)

    def stage(self, name: str) -> None:
        self._tell("note", text=name or "the canaries are verified")

    def stopping(self, reason: str, running: int) -> None:
        self._tell(
            "note",
            text=f"nothing more is started: {reason}; {running} in flight",
        )

    def note(self, text: str) -> None:
        self._tell("note", text=text)

    def ended(self, result: paths.MoveResult) -> None:
        self._phases.pop(result.action.resource_id, None)
        self._tell(
            "ended",
            volume_id=result.volume_id or result.action.resource_id,
            volume_name=result.volume_name,
            project_id=result.project_id,
            size=result.size,
            path=result.path.value,
            source_node=result.source_node,
            source_type=result.source_type,
            destination_node=result.destination_node,
            destination_type=result.destination_type,
            server_id=result.server_id,
            new_volume_id=result.new_volume_id,
            result=result.outcome.value,
            reason=result.reason,
            seconds=round(result.elapsed, 1),
            seconds_moving=round(result.moving, 1),
            request_ids=list(result.request_ids),
            under_way=result.under_way,
        )

    def summary(
        self,
        results: Mapping[str, int],
        gib: int,
        seconds: float,
        expected_seconds: float | None,
        exit_code: int,
        text: str,
    ) -> None:
        """Everything came to an end.

        :param results: how many actions ended in which way
        :param gib: that were moved
        :param seconds: that it took
        :param expected_seconds: that it was expected to take; None where
            nothing was
        :param text: what people are told
        """
        self._tell(
            "summary",
            results=dict(results),
            gib=gib,
            seconds=round(seconds, 1),
            expected_seconds=(
                None
                if expected_seconds is None
                else round(expected_seconds, 1)
            ),
            exit_code=exit_code,
            text=text,
        )

    def _tell(self, event: str, **fields: Any) -> None:
        line = {"schema": SCHEMA, "time": _iso(self._now()), "event": event}
        self._write(json.dumps(line | fields))


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _iso(time: datetime.datetime) -> str:
    utc = time.astimezone(datetime.timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


@contextlib.contextmanager
def to(
    target: str | None,
    stderr: TextIO | Any,
    complain: Callable[[str], None],
) -> Iterator[Events | None]:
    """Events to a file, to which they are added, or for ``-`` to stderr.

    A new file is readable by its owner only: it names volumes and projects
    of other people.

    :param complain: told at the end if something could not be written; the
        moves went on
    :raises UnwritableError: the file cannot be opened
    """
    if target is None:
        yield None
        return
    if target == "-":
        yield Events(_line_writer(stderr, []))
        return
    path = pathlib.Path(target)
    try:
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
    except OSError as error:
        raise errors.UnwritableError(path, error) from error
    faults: list[OSError] = []
    stream = os.fdopen(descriptor, "w", encoding="utf-8")
    try:
        yield Events(_line_writer(stream, faults))
    finally:
        try:
            stream.close()
        except OSError as error:
            faults.append(error)
        if faults:
            complain(str(errors.UnwritableError(path, faults[0])))


def _line_writer(
    stream: TextIO | Any, faults: list[OSError]
) -> Callable[[str], None]:
    def write(line: str) -> None:
        try:
            stream.write(f"{line}\n")
            # Who listens does so now.
            stream.flush()
        except OSError as error:
            faults.append(error)

    return write
