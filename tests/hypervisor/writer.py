# SPDX-License-Identifier: Apache-2.0
"""Writes into a guest's disk all the time, and knows what must be there."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import shutil
import threading
import time

from tests.cloud import disks
from tests.cloud.services.testcloud import sparse
from tests.functional import resources
from tests.hypervisor import guest as guest_
from tests.hypervisor import virsh

_BLOCK = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Write:
    """One that QEMU has carried out.

    :ivar began: time.monotonic() before it
    :ivar seconds: that it took, the way to QEMU's monitor included
    """

    block: int
    pattern: int
    began: float
    seconds: float


class Writer:
    """A thread that writes through QEMU's monitor, as the guest would.

    A context manager. What it wrote is also written to a copy of the disk,
    which the disk must be equal to in the end, in all its bytes.

    :param path: the file that the guest's disk is on now
    """

    def __init__(
        self, guest: guest_.Guest, target: str, path: pathlib.Path
    ) -> None:
        self._guest = guest
        self._path = path
        self._device = guest.device(target)
        folder = guest.bed.directory / "expected"
        folder.mkdir(exist_ok=True)
        self._expected = folder / f"{guest.domain}-{target}"
        self._random = random.Random(guest.domain)
        self._left = threading.Event()
        self._pause = threading.Lock()
        self._thread = threading.Thread(target=self._write_on, daemon=True)
        self._failed_before = self._failures()
        self.writes: list[Write] = []
        #: One whose end was not seen: its block may hold it or not.
        self.unsure: tuple[int, int] | None = None

    def __enter__(self) -> Writer:
        # The guest writes nothing by itself: it has no operating system.
        _copy(self._path, self._expected)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Write nothing any more."""
        self._left.set()
        self._thread.join()

    def _write_on(self) -> None:
        blocks = self._expected.stat().st_size // _BLOCK
        session = self._guest.virsh.session()
        try:
            while not self._left.is_set():
                if not self._write(session, blocks):
                    return
        finally:
            session.close()

    def _write(self, session: virsh.Session, blocks: int) -> bool:
        """Write a block; tell whether the guest is there still."""
        block = self._random.randrange(blocks)
        pattern = self._random.randrange(1, 256)
        began = time.monotonic()
        self.unsure = block, pattern
        try:
            session.ask(
                f"qemu-monitor-command {self._guest.domain} --hmp 'qemu-io -d "
                f'{self._device} "write -P {pattern} {block * _BLOCK} '
                f"{_BLOCK}\"'"
            )
        except virsh.VirshError:
            return False
        self.unsure = None
        self.writes.append(
            Write(block, pattern, began, time.monotonic() - began)
        )
        # Two cores have more to do than this.
        time.sleep(0.02)
        return True

    def _failures(self) -> int:
        """How many writes QEMU has failed; its monitor does not tell."""
        return self._guest.qemu_log().count("write failed")

    def until_more(self, count: int) -> None:
        """Wait until so many more blocks are written."""
        enough = len(self.writes) + count
        resources.until(
            f"{count} more writes", lambda: len(self.writes) >= enough
        )

    def assert_all_in(self, path: pathlib.Path) -> None:
        """Compare a file with what the guest has, in all bytes.

        Stops writing.
        """
        self.stop()
        assert self.writes, "nothing was written"
        assert self._failures() == self._failed_before
        with self._expected.open("r+b") as expected:
            for write in self.writes:
                expected.seek(write.block * _BLOCK)
                expected.write(bytes((write.pattern,)) * _BLOCK)
            if self.unsure is not None:
                self._take_over(expected.fileno(), path)
        if disks.digest(path) != disks.digest(self._expected):
            raise AssertionError(
                f"{path} is not what the guest has written: "
                f"{differences(path, self._expected)}"
            )

    def _take_over(self, expected: int, path: pathlib.Path) -> None:
        """Believe the file where both what was and what is new is right."""
        assert self.unsure is not None
        block, pattern = self.unsure
        with path.open("rb") as disk:
            there = os.pread(disk.fileno(), _BLOCK, block * _BLOCK)
        if there == bytes((pattern,)) * _BLOCK:
            os.pwrite(expected, there, block * _BLOCK)


def _copy(source: pathlib.Path, copy: pathlib.Path) -> None:
    """Copy a disk without filling its holes."""
    copy.unlink(missing_ok=True)
    sparse.copy(source, copy)
    shutil.copymode(source, copy)


def differences(one: pathlib.Path, other: pathlib.Path) -> str:
    """Say how two disks differ, for people."""
    sizes = one.stat().st_size, other.stat().st_size
    if sizes[0] != sizes[1]:
        return f"{sizes[0]} bytes and not {sizes[1]}"
    with one.open("rb") as first, other.open("rb") as second:
        wrong = [
            block
            for block in range(sizes[0] // _BLOCK)
            if first.read(_BLOCK) != second.read(_BLOCK)
        ]
    return f"{len(wrong)} blocks differ: {wrong[:10]}"


def fill(path: pathlib.Path, size: int) -> None:
    """Write random data to the start of a disk, so that copies take time.

    :param size: in MiB
    """
    with path.open("r+b") as disk:
        for _ in range(size):
            disk.write(os.urandom(1 << 20))
