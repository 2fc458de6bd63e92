# SPDX-License-Identifier: Apache-2.0
"""A server with data of its own, and what must be true of it at the end."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.functional import resources

ALPHA, BETA = "cloud@alpha#pool", "cloud@beta#pool"


@dataclasses.dataclass(frozen=True)
class Guest:
    """A running server, and the volume that a section is about.

    :param written: the digest of what the guest wrote to its disk
    """

    make: resources.Resources
    server: Any
    volume: Any
    device: str
    written: str

    @classmethod
    def boot(
        cls, make: resources.Resources, server_name: str, volume_name: str
    ) -> Guest:
        """Boot a server of alice's with a second disk, and write to that."""
        volume = make.volume(name=volume_name, metadata={"cost-centre": "42"})
        server = make.server(volume)
        make.nova.servers.update(server.id, name=server_name)
        device = make.server_volumes(server.id)[volume.id]["device"]
        written = make.cloud.write_guest(server.id, device, seed=volume_name)
        return cls(
            make, server, make.seen(volume.id), str(device), str(written)
        )

    @property
    def volume_ids(self) -> list[str]:
        """Its disks, as Nova has them now."""
        return list(self.make.server_volumes(self.server.id))

    def reads_what_it_wrote(self) -> None:
        """The disk that the hypervisor gives the guest has its bytes."""
        found = self.make.cloud.guest_digest(self.server.id, self.device)
        assert found == self.written, "the guest's disk has other bytes"

    def is_on(self, volume_id: str) -> None:
        """The guest's disk is that volume, for Nova, Cinder and in truth."""
        make, server_id = self.make, self.server.id
        path = make.cloud.guest_path(server_id, self.device)
        assert path == make.cloud.volume_path(volume_id), path
        seen = make.seen(volume_id)
        (attachment,) = seen.attachments
        assert seen.status == "in-use", seen.status
        assert attachment["server_id"] == server_id, attachment
        of_nova = make.server_volumes(server_id)
        assert (
            of_nova[volume_id]["attachment_id"]
            == (attachment["attachment_id"])
        )
        assert of_nova[volume_id]["device"] == self.device
        disks = len(make.cloud.guest_disks(server_id))
        assert len(of_nova) == disks, f"Nova has {len(of_nova)} of {disks}"

    def still_runs(self) -> None:
        """The server is active and was never anything else."""
        now = self.make.nova.servers.get(self.server.id)
        assert now.status == "ACTIVE", now.status
        launched = "OS-SRV-USG:launched_at"
        assert getattr(now, launched) == getattr(self.server, launched)
