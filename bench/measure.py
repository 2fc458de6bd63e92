# SPDX-License-Identifier: Apache-2.0
"""One peer carries out one task; what it took, and whether it was true."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping, Sequence

from bench import field as field_
from bench import moves, process
from bench.peers import peer as peer_
from tests.cloud import http_messages


@dataclasses.dataclass(frozen=True)
class Sample:
    """A task, carried out once.

    :ivar before: seconds until the services were first told to change
        something; None if they never were
    :ivar after: seconds from the services' last write about a volume to
        the peer's end
    :ivar requests: how many each service got
    :ivar exit_code: None if the peer had to be ended
    :ivar said: what the peer said of each volume
    :ivar moved: whether each volume was where it was to go at the end, by
        the services' records, with its content
    """

    kind: moves.Kind
    size: int
    seconds: float
    before: float | None
    after: float | None
    requests: Mapping[str, int]
    processor_seconds: float
    peak_mib: float
    exit_code: int | None
    said: tuple[str, ...]
    moved: tuple[bool, ...]

    @property
    def complete(self) -> bool:
        """Whether all volumes were moved."""
        return all(self.moved)

    @property
    def true(self) -> int:
        """Of how many volumes the peer said what was the case."""
        return sum(
            (said == peer_.DONE) == moved
            for said, moved in zip(self.said, self.moved, strict=True)
        )


def sample(
    field: field_.Field,
    peer: peer_.Peer,
    task: moves.Task,
    slots: Sequence[field_.Slot],
    limit: float,
) -> Sample:
    """Let a peer carry out a task.

    :param limit: seconds after which it is ended
    """
    cloud = field.cloud
    mark = cloud.fault_proxy.mark()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        finished = process.run(
            peer.call(task, cloud.environment("admin"), folder), folder, limit
        )
    requests = cloud.fault_proxy.since(mark)
    # Before anything else: what is true when the peer says it.
    moved = tuple(field.moved(slot, task) for slot in slots)
    told = peer.told(task, finished)
    began = told.began or finished.began
    ended = told.ended or finished.ended
    used = told.processor_seconds
    change = next((r for r in requests if _changes(r)), None)
    done = field.done_at(task) if all(moved) else None
    return Sample(
        kind=task.kind,
        size=len(task.volume_ids),
        seconds=ended - began,
        before=change.started - began if change else None,
        after=ended - done if done else None,
        requests=collections.Counter(r.service for r in requests),
        processor_seconds=finished.processor_seconds if used is None else used,
        peak_mib=finished.peak_mib,
        exit_code=finished.exit_code,
        said=told.said,
        moved=moved,
    )


def _changes(request: http_messages.Request) -> bool:
    """Whether a service changed something at a client's request."""
    return (
        request.method != "GET"
        and not request.path.endswith("/auth/tokens")
        and (request.status or 500) < 400
    )
