# SPDX-License-Identifier: Apache-2.0
"""The bytes: where a volume's data is, and what a guest really sees."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import random

from tests.cloud import databases, errors
from tests.cloud.services.testcloud import sparse

_BLOCK = 64 * 1024


class Disks:
    """Reads and writes the files that volumes are made of.

    :param directory: the cloud's
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory

    def volume_path(self, volume_id: str) -> pathlib.Path:
        """Return the file that Cinder's database holds for the volume's."""
        found = databases.rows(
            self.directory,
            "cinder",
            "SELECT host, _name_id FROM volumes WHERE id = ?",
            volume_id,
        )
        if not found or found[0]["host"] is None:
            raise errors.CloudError(f"volume {volume_id} is on no backend")
        backend = found[0]["host"].partition("@")[2].partition("#")[0]
        name = f"volume-{found[0]['_name_id'] or volume_id}"
        return self.directory / "backends" / backend / name

    def backend_files(self, backend: str) -> set[str]:
        """Return the names of all files that a backend holds."""
        return {
            path.name
            for path in (self.directory / "backends" / backend).iterdir()
        }

    def write_volume(self, volume_id: str, seed: int | str) -> str:
        """Write data to tell it by at the start, in the middle, at the end.

        :returns: the digest of the whole volume
        """
        return write(self.volume_path(volume_id), seed)

    def digest(self, volume_id: str) -> str:
        return digest(self.volume_path(volume_id))

    def guest_disks(self, server_id: str) -> dict[str, pathlib.Path]:
        """Return device -> file, as the hypervisor has it."""
        record = self.directory / "guests" / f"{server_id}.json"
        try:
            disks = json.loads(record.read_text())["disks"]
        except FileNotFoundError:
            raise errors.CloudError(f"no guest {server_id}") from None
        return {device: pathlib.Path(path) for device, path in disks.items()}

    def guest_path(self, server_id: str, disk: str) -> pathlib.Path:
        """Return the file that a guest's disk is really on.

        :param disk: a device such as ``/dev/vdb``, or the ID of the volume
            that Nova's database says is there
        """
        if not disk.startswith("/dev/"):
            disk = self._device(server_id, disk)
        return self.guest_disks(server_id)[disk]

    def _device(self, server_id: str, volume_id: str) -> str:
        found = databases.rows(
            self.directory,
            "nova",
            "SELECT device_name FROM block_device_mapping WHERE "
            "instance_uuid = ? AND volume_id = ? AND deleted = 0",
            server_id,
            volume_id,
        )
        if not found:
            raise errors.CloudError(
                f"Nova knows of no volume {volume_id} at server {server_id}"
            )
        return found[0]["device_name"]

    def guest_digest(self, server_id: str, disk: str) -> str:
        return digest(self.guest_path(server_id, disk))

    def write_guest(self, server_id: str, disk: str, seed: int | str) -> str:
        """Write as the guest would, to whatever file its disk is on."""
        return write(self.guest_path(server_id, disk), seed)


def write(path: pathlib.Path, seed: int | str) -> str:
    source = random.Random(seed)
    size = path.stat().st_size
    with path.open("r+b") as disk:
        for offset in (0, size // 2, size - _BLOCK):
            disk.seek(offset)
            disk.write(source.randbytes(_BLOCK))
    return digest(path)


def digest(path: pathlib.Path) -> str:
    """Return a digest of size and content; holes count as zeros.

    Blocks of zeros are left out, written or not, so that copies with and
    without holes have the same digest, and reading a hole costs nothing.
    """
    total = hashlib.sha256()
    zeros = bytes(_BLOCK)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        total.update(b"%d" % size)
        done = 0
        for start, end in sparse.extents(descriptor, size):
            offset = max(done, start - start % _BLOCK)
            while offset < end:
                block = os.pread(descriptor, _BLOCK, offset)
                if block != zeros[: len(block)]:
                    total.update(b"@%d:" % offset + block)
                offset += _BLOCK
            done = offset
    finally:
        os.close(descriptor)
    return total.hexdigest()
