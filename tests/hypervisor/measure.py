# SPDX-License-Identifier: Apache-2.0
"""Measures what the documentation says of live moves.

``python -m tests.hypervisor.measure race|guest [--help]``
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

from tests.cloud import databases
from tests.functional import resources
from tests.hypervisor import bed as bed_
from tests.hypervisor import guest, records, scene

_SOURCE = pathlib.Path(__file__).with_name("writing_guest.s")
_BASE, _RECORD, _RECORDS = 1 << 20, 4096, 32768

#: When Cinder gave the copy's attachment to the volume, and when it took the
#: old copy's row away, together with whatever attachment was its still.
_CLOCK = """
    CREATE TABLE race (volume_id, what, at);
    CREATE TRIGGER race_success AFTER UPDATE OF migration_status ON volumes
    WHEN NEW.migration_status = 'success'
        AND COALESCE(OLD.migration_status, '') <> 'success'
    BEGIN
        INSERT INTO race VALUES (NEW.id, 'success', julianday('now'));
    END;
    CREATE TRIGGER race_given AFTER UPDATE OF volume_id ON volume_attachment
    WHEN NEW.volume_id <> OLD.volume_id
    BEGIN
        INSERT INTO race VALUES (NEW.volume_id, 'given', julianday('now'));
    END;
    CREATE TRIGGER race_gone AFTER UPDATE OF deleted ON volumes
    WHEN NEW.deleted AND NOT OLD.deleted
        AND NEW.display_description LIKE 'migration src for %'
    BEGIN
        INSERT INTO race VALUES (
            SUBSTR(NEW.display_description, 19), 'gone', julianday('now'));
    END;
"""


class _Race:
    """Moves volumes there and back, and looks who wins.

    :ivar failed: what the services have of each move that did not succeed
    """

    def __init__(
        self,
        bed: bed_.Bed,
        make: resources.Resources,
        scenes: scene.Scenes,
    ) -> None:
        self._bed, self._make, self._scenes = bed, make, scenes
        self.moves = self.lost = 0
        self.failed: list[dict[str, Any]] = []
        with databases.opened(bed.directory, "cinder") as connection:
            connection.executescript(_CLOCK)

    def lane(self, at: scene.Scene, end: float) -> None:
        """Move one disk after the other way, until the time is up."""
        while time.monotonic() < end:
            # Of a move that failed, the way back is where it came from.
            own = self._make.seen(at.id).volume_type
            if not self._move(at, "bronze" if own == "gold" else "gold"):
                at = self._scenes.data_disk(data=1, pool=None)

    def _move(self, at: scene.Scene, kind: str) -> bool:
        """Move it; tell whether it can be moved again."""
        self._make.cinder.volumes.retype(at.id, kind, "on-demand")
        self.moves += 1
        try:
            seen = resources.until("moved", lambda: self._ended(at), 300)
        except AssertionError:
            self.failed.append(self._told(at))
            return False
        if seen.volume_type != kind:
            self.failed.append(self._told(at))
            return True
        resources.until("old copy gone", lambda: len(at.rows()) == 1, 120)
        if self._make.seen(at.id).attachments:
            return True
        self.lost += 1
        return False

    def _told(self, at: scene.Scene) -> dict[str, Any]:
        """What became of its last move, by both services."""
        swaps = records.swaps(at)
        return {
            "volume": [
                {key: row[key] for key in ("status", "migration_status")}
                for row in at.rows()
            ],
            "cinder": records.messages(at),
            "nova": [
                {
                    key: (event[key] or "").strip().rpartition("\n")[2]
                    for key in ("event", "result", "traceback")
                }
                for event in (swaps[0]["events"] if swaps else ())
            ],
        }

    def _ended(self, at: scene.Scene) -> Any:
        seen = self._make.seen(at.id)
        if seen.status != "in-use":
            return None
        moving = self._make.migration_status(at.id)
        return seen if moving in ("success", "error") else None

    def margins(self) -> list[float]:
        """Milliseconds from the attachment's rescue to the row's end."""
        rows = databases.rows(
            self._bed.directory, "cinder", "SELECT * FROM race ORDER BY at"
        )
        found, given = [], dict[str, float]()
        for row in rows:
            if row["what"] == "given":
                given[row["volume_id"]] = row["at"]
            elif row["what"] == "gone" and row["volume_id"] in given:
                days = row["at"] - given.pop(row["volume_id"])
                found.append(days * 86_400_000)
        return found


@contextlib.contextmanager
def _busy(make: resources.Resources, threads: int) -> Iterator[None]:
    """Keep cinder-volume at work: volumes come and go all the time."""
    left = threading.Event()

    def toil() -> None:
        cinder = make.cloud.access.cinder("alice")
        while not left.is_set():
            made = cinder.volumes.create(1, volume_type="bronze").id
            while make.seen(made).status != "available":
                time.sleep(0.1)
            cinder.volumes.delete(made)

    with futures.ThreadPoolExecutor(max(1, threads)) as pool:
        working = [pool.submit(toil) for _ in range(threads)]
        try:
            yield
        finally:
            left.set()
            for one in working:
                one.result()


def race(bed: bed_.Bed, arguments: argparse.Namespace) -> dict[str, Any]:
    """How often Cinder loses an attachment, and how narrowly not."""
    make = resources.Resources(bed)
    scenes = scene.Scenes(bed, make)
    lanes = [scenes.data_disk(data=1) for _ in range(arguments.at_once)]
    measured = _Race(bed, make, scenes)
    end = time.monotonic() + arguments.seconds
    with (
        _busy(make, arguments.busy),
        futures.ThreadPoolExecutor(len(lanes)) as pool,
    ):
        list(pool.map(lambda at: measured.lane(at, end), lanes))
    margins = sorted(measured.margins())
    return {
        "at once": arguments.at_once,
        "busy threads": arguments.busy,
        "moves": measured.moves,
        "attachments lost": measured.lost,
        "failed": measured.failed,
        "margin ms": {
            "least": round(margins[0]),
            "5 %": round(margins[len(margins) // 20]),
            "median": round(statistics.median(margins)),
            "most": round(margins[-1]),
        },
    }


def _boot_sector(folder: pathlib.Path) -> bytes:
    object_, binary = folder / "guest.o", folder / "guest.bin"
    subprocess.run(("as", "--32", _SOURCE, "-o", object_), check=True)
    subprocess.run(
        (
            *("ld", "-m", "elf_i386", "-Ttext", "0x7c00"),
            *("--oformat", "binary", "-o", binary, object_),
        ),
        check=True,
    )
    return binary.read_bytes()


def _records(path: pathlib.Path) -> list[tuple[int, int, int, int]]:
    """Number, clock, ticks of the write before, failures; in order."""
    found = []
    with path.open("rb") as disk:
        disk.seek(_BASE)
        for _ in range(_RECORDS):
            block = disk.read(_RECORD)
            number, clock, ticks, failures = struct.unpack_from("<IQQI", block)
            (again,) = struct.unpack_from("<I", block, _RECORD - 4)
            # The one that is being written right now is half there.
            if clock and number == again:
                found.append((number, clock, ticks, failures))
    return sorted(found)


def feel(bed: bed_.Bed, arguments: argparse.Namespace) -> dict[str, Any]:
    """What a guest that writes all the time sees of a live move."""
    make = resources.Resources(bed)
    at = scene.Scenes(bed, make).root_disk(data=0)
    path = at.guest.file(at.target)
    with path.open("r+b") as disk:
        disk.write(_boot_sector(bed.directory))
        disk.seek(512 << 20)
        for _ in range(arguments.data):
            disk.write(bytes(range(256)) * 4096)
    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")
    time.sleep(5)
    marks = [("before", *_now(at))]
    time.sleep(arguments.seconds)
    marks.append(("copy", *_now(at)))
    make.cinder.volumes.retype(at.id, "gold", "on-demand")
    copy = guest.SlowCopy(at.guest, at.target, arguments.speed)
    if arguments.speed:
        with copy:
            copy.until_middle()
            resources.until("copied", lambda: _moved(make, at), seconds=600)
    else:
        resources.until("copied", lambda: _moved(make, at), seconds=600)
    marks.append(("after", *_now(at)))
    time.sleep(arguments.seconds)
    at.guest.virsh("suspend", at.guest.domain)
    marks.append(("end", *_now(at)))
    return _told(at, marks)


def _now(at: scene.Scene) -> tuple[float, int]:
    return time.monotonic(), _records(at.guest.file(at.target))[-1][1]


def _moved(make: resources.Resources, at: scene.Scene) -> bool:
    return make.migration_status(at.id) == "success"


def _told(
    at: scene.Scene, marks: list[tuple[str, float, int]]
) -> dict[str, Any]:
    rows = _records(at.guest.file(at.target))
    numbers = [row[0] for row in rows]
    first, last = marks[0], marks[-1]
    per_second = (last[2] - first[2]) / (last[1] - first[1])
    told: dict[str, Any] = {
        "records": len(rows),
        "missing": numbers[-1] - numbers[0] + 1 - len(numbers),
        "failed writes": rows[-1][3],
    }
    for (name, _, start), (_, _, end) in itertools.pairwise(marks):
        took = sorted(row[2] for row in rows if start < row[1] <= end)
        if took:
            told[name] = {
                "seconds": round((end - start) / per_second, 1),
                "writes per second": round(
                    len(took) / ((end - start) / per_second)
                ),
                "median ms": round(
                    1000 * statistics.median(took) / per_second, 2
                ),
                "99 % ms": round(
                    1000 * took[len(took) * 99 // 100] / per_second, 1
                ),
                "most ms": round(1000 * took[-1] / per_second, 1),
            }
    return told


def main(argv: list[str]) -> int:
    """Measure one thing, and print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.hypervisor.measure")
    parser.add_argument("what", choices=("race", "guest"))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--busy", type=int, default=0, help="threads")
    parser.add_argument("--data", type=int, default=256, help="MiB")
    parser.add_argument("--speed", type=int, default=0, help="MiB/s")
    arguments = parser.parse_args(argv)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bed-", dir="/dev/shm"))
    try:
        bed = bed_.Bed(folder)
        with bed:
            measure = race if arguments.what == "race" else feel
            found = measure(bed, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
