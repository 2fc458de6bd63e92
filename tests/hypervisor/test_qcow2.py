# SPDX-License-Identifier: Apache-2.0
"""A volume whose file is qcow2, which Cinder's cold copy takes for raw."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from cinderclient import exceptions

from tests.functional import moves, resources, shell
from tests.hypervisor import configuration, host, scene

_TO_BETA = moves.node(configuration.BETA)


class Qcow2:
    """A detached volume on alpha that was written in full, in a qcow2 file.

    It came about as on any NFS backend: a snapshot was taken and deleted
    while a server ran on the volume.

    :ivar expected: a copy of the file
    """

    def __init__(self, at: scene.Scene) -> None:
        self.at = at
        self._make = at.make
        self._take_and_delete_a_snapshot()
        self._detach()
        path = self._file()
        _run("qemu-io", "-f", "qcow2", "-c", "write -P 171 64M 960M", path)
        assert path.stat().st_size > 1 << 30
        self.expected = at.bed.directory / "expected.qcow2"
        shutil.copy(path, self.expected)

    def _take_and_delete_a_snapshot(self) -> None:
        snapshots = self._make.cinder.volume_snapshots
        made = snapshots.create(self.at.id, force=True)
        resources.until(
            "snapshot", lambda: snapshots.get(made.id).status == "available"
        )
        snapshots.delete(made.id)

        def is_gone() -> bool:
            try:
                snapshots.get(made.id)
            except exceptions.NotFound:
                return True
            return False

        resources.until("no snapshot", is_gone)

    def _detach(self) -> None:
        # The guest has no operating system that would give a disk back.
        server_id = self.at.server.id
        self._make.nova.servers.stop(server_id)
        self._make.until_server(server_id, "SHUTOFF")
        self._make.nova.volumes.delete_server_volume(server_id, self.at.id)
        resources.until(
            "detached",
            lambda: self._make.seen(self.at.id).status == "available",
        )

    def _file(self) -> pathlib.Path:
        """The file that has the data: named after the snapshot that was."""
        path = self.at.bed.volume_path(self.at.id)
        told = json.loads(path.with_name(f"{path.name}.info").read_text())
        return path.with_name(told["active"])

    def attach(self) -> None:
        """Attach it again, and start the server."""
        self._make.attach(self.at.server.id, self.at.id)
        self._make.nova.servers.start(self.at.server.id)
        self._make.until_server(self.at.server.id, "ACTIVE")

    def differs(self, file_format: str) -> bool:
        """Whether the disk is another now than it was.

        :param file_format: of the volume's file
        """
        path = self.at.bed.volume_path(self.at.id)
        done = subprocess.run(
            (
                *(host.command("qemu-img"), "compare", "-f", "qcow2"),
                *("-F", file_format, self.expected, path),
            ),
            stdout=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode in (0, 1)
        return done.returncode == 1


def _run(name: str, *words: Any) -> None:
    subprocess.run(
        (host.command(name), *map(str, words)),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _not_raw(folder: pathlib.Path) -> str:
    """What the documentation's command prints on a share."""
    page = pathlib.Path(__file__).parents[2] / "doc/source/user/paths.rst"
    (command,) = re.findall(r"\$ (for file in .*)", page.read_text())
    raw = folder / "volume-raw"
    raw.write_bytes(bytes(1 << 20))
    try:
        printed = subprocess.run(
            ("sh", "-c", command),
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=False,  # grep's, of the last file
        ).stdout
    finally:
        raw.unlink()
    assert raw.name not in printed
    return printed


@pytest.fixture
def qcow2(scenes: scene.Scenes) -> Iterator[Qcow2]:
    """A detached volume in a qcow2 file that is longer than the volume."""
    made = Qcow2(scenes.data_disk(data=64))
    yield made
    made.expected.unlink()


@pytest.mark.ci
def test_it_moves_live_and_not_cold(
    openstack: shell.Openstack, qcow2: Qcow2
) -> None:
    at = qcow2.at

    refused = moves.run(openstack, at.volume, moves.COLD, _TO_BETA)

    assert refused.exit_code == 1
    assert at.id in _not_raw(at.bed.volume_path(at.id).parent)
    assert "keeps volumes in files (NFS)" in refused.stderr
    assert "attach it and move it live, which copies the disk" in (
        refused.stderr
    )
    assert at.make.host(at.id) == configuration.ALPHA
    qcow2.attach()
    done = moves.run(openstack, at.volume, moves.type_("bronze"), _TO_BETA)
    assert done.exit_code == 0, done.stderr
    at.assert_moved("bronze", configuration.BETA)
    assert not qcow2.differs("raw")


def test_what_cinder_makes_of_it_if_it_is_allowed_to(
    openstack: shell.Openstack, qcow2: Qcow2
) -> None:
    # What the documentation says. A Cinder in which this fails is mended.
    at = qcow2.at

    done = moves.run(
        openstack, at.volume, moves.COLD, _TO_BETA, "--allow-file-copy"
    )

    assert done.exit_code == 0, done.stderr
    assert at.bed.volume_path(at.id).stat().st_size == 1 << 30
    assert qcow2.differs("qcow2")
    qcow2.attach()
    target = at.guest.target(at.id)
    assert at.guest.format(target) == "raw"
