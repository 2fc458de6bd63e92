# SPDX-License-Identifier: Apache-2.0

"""How a plan gets on, for Prometheus' node exporter.

Its textfile collector reads whole files named ``*.prom``; so the file is
replaced in one step, and readable by everybody: it names no volume and no
project. Names and units follow Prometheus' rules.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping

from volmigrateclient.core import paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

#: Seconds between two versions of the file; collectors look every 15 or so.
_EVERY = 5.0
_GIB = 2**30


@dataclasses.dataclass(frozen=True)
class _Sample:
    """A value, with what is told apart by a label besides the plan's."""

    value: float
    label: str = ""
    text: str = ""
    suffix: str = ""


@dataclasses.dataclass(frozen=True)
class _Metric:
    """A metric with all of its samples."""

    name: str
    kind: str
    help: str
    samples: tuple[_Sample, ...]


class Metrics(Reporter):
    """Counts what happens, and writes the file now and then.

    :param path: the file
    :param plan: a short name of the plan, a label of each sample
    :param sizes: GiB by volume ID, of all there are
    :ivar fault: why it cannot be written; the moves go on
    """

    def __init__(
        self,
        path: pathlib.Path,
        plan: str,
        sizes: Mapping[str, int],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._plan = plan
        self._sizes = dict(sizes)
        self._now = now
        self._began = now()
        self._written = 0.0
        self._running: set[str] = set()
        self._outcomes = dict.fromkeys(paths.Outcome, 0)
        self._caps: Mapping[str, int] = {}
        self._moved = self._moves = self._warnings = self._retries = 0
        self._seconds = 0.0
        self._ended = 0
        self._left = sum(self._sizes.values())
        #: When it is all expected to be over, in seconds since the epoch.
        self.expected_end: float | None = None
        self._exit_code: int | None = None
        self.fault: OSError | None = None

    def phase(self, move: paths.Move, phase: str, elapsed: float) -> None:
        self._running.add(move.action.resource_id)
        self._write_in_time()

    def waiting(self, caps: Mapping[str, int]) -> None:
        self._caps = dict(caps)
        self._write_in_time()

    def warning(self, move: paths.Move, text: str) -> None:
        self._warnings += 1

    def retrying(self, text: str) -> None:
        self._retries += 1
        self._write_in_time()

    def ended(self, result: paths.MoveResult) -> None:
        volume_id = result.action.resource_id
        self._running.discard(volume_id)
        self._ended += 1
        self._outcomes[result.outcome] += 1
        self._left -= self._sizes.get(volume_id, 0)
        if result.outcome is paths.Outcome.DONE:
            self._moved += result.size
            self._moves += 1
            self._seconds += result.elapsed
        self._write_in_time()

    def over(self, exit_code: int) -> None:
        """Nothing more comes; write it."""
        self._exit_code = exit_code
        self._running.clear()
        self._caps = {}
        self.write()

    def _write_in_time(self) -> None:
        if self._now() - self._written >= _EVERY:
            self.write()

    def write(self) -> None:
        """Write the file now."""
        self._written = self._now()
        try:
            _replace(self._path, self.text)
        except OSError as error:
            self.fault = error

    def refuse_unwritable(self) -> None:
        """Let it pass if it could be written.

        :raises UnwritableError: it could not
        """
        if self.fault is not None:
            raise errors.UnwritableError(self._path, self.fault)

    @property
    def text(self) -> str:
        """The file."""
        lines = []
        for metric in self._metrics():
            name = f"volmigrate_{metric.name}"
            lines += [
                f"# HELP {name} {metric.help}",
                f"# TYPE {name} {metric.kind}",
            ]
            for sample in metric.samples:
                labels = f'plan="{_escaped(self._plan)}"'
                if sample.label:
                    labels += f',{sample.label}="{_escaped(sample.text)}"'
                lines.append(
                    f"{name}{sample.suffix}{{{labels}}} "
                    f"{_number(sample.value)}"
                )
        return "\n".join(lines) + "\n"

    def _metrics(self) -> Iterator[_Metric]:
        active = self._exit_code is None
        yield _gauge("active", "1 while the plan is carried out.", active)
        yield _gauge(
            "start_timestamp_seconds",
            "When it was begun, since the epoch.",
            self._began,
        )
        yield _gauge(
            "update_timestamp_seconds",
            "When this was written, since the epoch.",
            self._written,
        )
        if self.expected_end is not None:
            yield _gauge(
                "expected_end_timestamp_seconds",
                "When it is expected to be over: an estimate.",
                self.expected_end,
            )
        if self._exit_code is not None:
            yield _gauge("exit_code", "What it exited with.", self._exit_code)
        waiting = len(self._sizes) - self._ended - len(self._running)
        states = {
            "waiting": max(waiting, 0),
            "running": len(self._running),
            **{o.value: number for o, number in self._outcomes.items()},
        }
        yield _Metric(
            "volumes",
            "gauge",
            "Volumes of the plan, by what has become of them.",
            tuple(_Sample(n, "state", one) for one, n in states.items()),
        )
        yield _Metric(
            "waiting_volumes",
            "gauge",
            "Volumes that wait, by what they wait for.",
            tuple(_Sample(n, "cap", cap) for cap, n in self._caps.items()),
        )
        yield _Metric(
            "bytes",
            "gauge",
            "Sizes of volumes: moved by now, and of those not ended yet.",
            (
                _Sample(self._moved * _GIB, "state", "moved"),
                _Sample(max(self._left, 0) * _GIB, "state", "left"),
            ),
        )
        yield _Metric(
            "move_duration_seconds",
            "summary",
            "How long moves took that are done.",
            (
                _Sample(self._seconds, suffix="_sum"),
                _Sample(self._moves, suffix="_count"),
            ),
        )
        for name, text, value in (
            ("warnings_total", "Warnings about moves.", self._warnings),
            (
                "retries_total",
                "Times that the cloud did not answer and was asked again.",
                self._retries,
            ),
        ):
            yield _Metric(name, "counter", text, (_Sample(value),))


def _gauge(name: str, text: str, value: float) -> _Metric:
    return _Metric(name, "gauge", text, (_Sample(value),))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _replace(path: pathlib.Path, text: str) -> None:
    """Write a file in one step, for everybody to read."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".metrics-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), 0o644)
        pathlib.Path(name).replace(path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def to(
    path: pathlib.Path | None,
    plan: str,
    sizes: Mapping[str, int],
    complain: Callable[[str], None],
) -> Iterator[Metrics | None]:
    """Metrics in a file.

    :param complain: told at the end if it could not be written; the moves
        went on
    :raises UnwritableError: it cannot be written at all
    """
    if path is None:
        yield None
        return
    metrics = Metrics(path, plan, sizes)
    metrics.write()
    metrics.refuse_unwritable()
    try:
        yield metrics
    except BaseException:
        # As far as is known here; who leaves by a signal exits with another.
        metrics.over(1)
        raise
    finally:
        if metrics.fault is not None:
            complain(str(errors.UnwritableError(path, metrics.fault)))
