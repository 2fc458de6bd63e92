# SPDX-License-Identifier: Apache-2.0
"""What the tests begin with: a guest, and one of its disks under writes."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from novaclient import exceptions

from tests.functional import resources
from tests.hypervisor import bed as bed_
from tests.hypervisor import configuration, writer
from tests.hypervisor import guest as guest_

#: MiB of data that make a copy at 16 MiB/s take some seconds; so many that
#: not all of it is copied before that speed is set, on a busy machine either.
DATA = 320


@dataclasses.dataclass
class Scene:
    """A guest, its disk, and all that must be true of both.

    :ivar target: the disk, like ``vdb``
    """

    make: resources.Resources
    bed: bed_.Bed
    server: Any
    guest: guest_.Guest
    volume: Any
    target: str
    nova: dict[str, Any]

    @property
    def id(self) -> str:
        """The volume's ID."""
        return str(self.volume.id)

    def writer(self) -> writer.Writer:
        """Return what writes into the disk while it moves."""
        return writer.Writer(
            self.guest, self.target, self.guest.file(self.target)
        )

    def slow_copy(self, speed: int = 16) -> guest_.SlowCopy:
        """Return what makes the next copy of the disk slow."""
        return guest_.SlowCopy(self.guest, self.target, speed)

    def assert_on(self, volume_id: str) -> None:
        """The guest's disk is the file that Cinder has for a volume."""
        assert self.guest.file(self.target) == self.bed.volume_path(volume_id)

    def assert_agreed(self, volume_id: str | None = None) -> None:
        """Hypervisor, Nova and Cinder say the same of the disk.

        :param volume_id: where it is another than before
        """
        volume_id = volume_id or self.id
        self.assert_on(volume_id)
        # Nova ends its swap after Cinder's move has ended.
        resources.until("persistent", self.guest.is_persistent, 30)
        assert self.guest.progress(self.target) is None
        nova = self.make.server_volumes(self.server.id)[volume_id]
        seen = self.make.seen(volume_id)
        assert seen.status == "in-use"
        (cinder,) = seen.attachments
        assert nova["attachment_id"] == cinder["attachment_id"]
        assert cinder["server_id"] == self.server.id
        assert nova["device"] == self.nova["device"]
        assert nova["device"] == f"/dev/{self.target}"

    def assert_moved(self, type_name: str, pool: str | None = None) -> None:
        """It is in its new place, alone, and all agree."""
        self.assert_agreed()
        seen = self.make.seen(self.id)
        assert seen.volume_type == type_name
        assert pool in (None, self.make.host(self.id))
        assert self.make.migration_status(self.id) == "success"
        self.assert_alone()

    def assert_stayed(self) -> None:
        """It is where it was, and all agree."""
        self.assert_agreed()
        seen = self.make.seen(self.id)
        assert seen.volume_type == self.volume.volume_type
        assert self.make.host(self.id) == getattr(
            self.volume, "os-vol-host-attr:host"
        )

    def assert_alone(self) -> None:
        """Cinder has no row and no file of a copy."""
        resources.until(
            f"volume {self.id} alone", lambda: len(self.rows()) == 1, 60
        )
        assert not self.bed.stray_files()

    def rows(self) -> list[dict[str, Any]]:
        """Cinder's rows of the volume: its own, and those of copies."""
        return [
            dict(row)
            for row in self.bed.inventory()["volumes"].values()
            if row["id"] == self.id
            or row["name"] == self.volume.name
            or row["migration_status"] == f"target:{self.id}"
        ]

    def target_id(self) -> str:
        """Return the volume that Cinder copies to."""
        (found,) = (
            row["id"]
            for row in self.rows()
            if row["migration_status"] == f"target:{self.id}"
        )
        return str(found)


class Scenes:
    """Makes scenes, and ends their guests after the test."""

    def __init__(self, bed: bed_.Bed, make: resources.Resources) -> None:
        self.bed = bed
        self._make = make
        self._servers: list[str] = []

    def data_disk(
        self,
        size: int = 1,
        data: int = DATA,
        pool: str | None = configuration.ALPHA,
        volume_type: str = "bronze",
        **fields: Any,
    ) -> Scene:
        """A data disk on a pool of bronze.

        :param size: of the volume, in GiB
        :param data: that it holds at its start, in MiB
        :param pool: None is for the scheduler to choose; any other is forced
            upon it, and nothing else can be scheduled meanwhile
        """
        volume = self._make.volume(volume_type, size=size, pool=pool, **fields)
        writer.fill(self.bed.volume_path(volume.id), data)
        server = self.server(volume)
        return self._scene(server, volume.id)

    def root_disk(self, data: int = DATA) -> Scene:
        """The disk that a server boots from."""
        server = self.server()
        (root,) = self._make.server_volumes(server.id)
        # The guest has nothing to boot from and leaves its disk alone.
        writer.fill(self.bed.volume_path(root), data)
        return self._scene(server, root)

    def server(self, *volumes: Any) -> Any:
        """A server that is deleted after the test."""
        server = self._make.server(*volumes)
        self._servers.append(server.id)
        return server

    def _scene(self, server: Any, volume_id: str) -> Scene:
        domain = guest_.Guest(self.bed, server)
        return Scene(
            self._make,
            self.bed,
            server,
            domain,
            self._make.seen(volume_id),
            domain.target(volume_id),
            self._make.server_volumes(server.id)[volume_id],
        )

    def clear(self) -> None:
        """Delete the servers: a bed has not room for many."""
        nova = self._make.nova
        for server_id in self._servers:
            # A test may have deleted it.
            with contextlib.suppress(exceptions.NotFound):
                nova.servers.force_delete(server_id)
        for server_id in self._servers:
            resources.until(
                f"server {server_id} gone",
                lambda server_id=server_id: not self._is_there(server_id),  # type: ignore[misc]
            )

    def _is_there(self, server_id: str) -> bool:
        return any(
            server.id == server_id
            for server in self._make.nova.servers.list(
                search_opts={"all_tenants": 1}
            )
        )
