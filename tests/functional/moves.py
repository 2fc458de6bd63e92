# SPDX-License-Identifier: Apache-2.0
"""Moves that Cinder leads: starting them, and looking at what is left."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import resources, shell

ALPHA, BETA = "cloud@alpha#pool", "cloud@beta#pool"  # bronze
GAMMA, DELTA = "cloud@gamma#pool", "cloud@delta#pool"  # gold

COLD = "--migration-type=cold"
_ACTIONS = ("os-migrate_volume", "os-retype")


def node(pool: str) -> str:
    """The option for a destination pool."""
    return f"--destination-node={pool}"


def type_(name: str) -> str:
    """The option for a destination type."""
    return f"--destination-type={name}"


def run(
    openstack: shell.Openstack, volume: Any, *words: str, **environment: str
) -> shell.Completed:
    """``watcher-migrate run`` with a result in JSON."""
    return openstack.migrate(
        "run", volume.id, *words, "-f=json", **environment
    )


def acting(requests: list[http_messages.Request]) -> list[dict[str, Any]]:
    """The bodies of those requests that ask Cinder to move a volume."""
    return [
        r.json
        for r in requests
        if r.method == "POST"
        and r.path.endswith("/action")
        and any(action in r.json for action in _ACTIONS)
    ]


def rows_of(cloud: cloud_.Cloud, volume: Any) -> list[dict[str, Any]]:
    """Cinder's rows of a volume: its own, and those of copies of it."""
    return [
        dict(row)
        for row in cloud.inventory()["volumes"].values()
        if row["id"] == volume.id
        or row["name"] == volume.name
        or row["migration_status"] == f"target:{volume.id}"
    ]


def settled(make: resources.Resources, volume: Any) -> Any:
    """Wait until Cinder has ended whatever it does with a volume."""

    def idle() -> Any:
        seen = make.seen(volume.id)
        busy = make.migration_status(volume.id) in (
            "starting",
            "migrating",
            "completing",
        )
        calm = seen.status in ("available", "in-use") and not busy
        alone = len(rows_of(make.cloud, volume)) == 1
        return seen if calm and alone else None

    return resources.until(f"volume {volume.id} settled", idle)


@contextlib.contextmanager
def requests_within(
    cloud: cloud_.Cloud,
) -> Iterator[list[http_messages.Request]]:
    """A list that holds, after the block, what was asked within it."""
    seen: list[http_messages.Request] = []
    mark = cloud.fault_proxy.mark()
    yield seen
    seen += cloud.fault_proxy.since(mark)


@dataclasses.dataclass
class Attached:
    """A volume attached to a server, and what both held before a move."""

    make: resources.Resources
    server: Any
    volume: Any
    content: str
    nova: dict[str, Any]

    @classmethod
    def prepare(
        cls,
        make: resources.Resources,
        server: Any,
        pool: str | None = None,
        volume_type: str = "bronze",
    ) -> Attached:
        """Attach a volume with a tag and everything that a move may lose."""
        volume = make.volume(
            volume_type,
            pool=pool,
            metadata={"keep": "me"},
            description="of a guest",
        )
        make.attach(
            server.id, volume.id, tag="data", delete_on_termination=True
        )
        return cls(
            make,
            server,
            make.seen(volume.id),
            make.cloud.digest(volume.id),
            make.server_volumes(server.id)[volume.id],
        )

    def assert_moved(self, pool: str | None, type_name: str) -> None:
        """All is as it was, but for the place and the type."""
        self.assert_same_guest()
        seen = self.make.seen(self.volume.id)
        assert seen.volume_type == type_name
        assert pool in (None, self.make.host(seen.id))
        for field in (
            "name",
            "description",
            "metadata",
            "size",
            "bootable",
            "status",
            "availability_zone",
            "user_id",
        ):
            assert getattr(seen, field) == getattr(self.volume, field), field
        assert len(rows_of(self.make.cloud, seen)) == 1

    def assert_same_guest(self) -> None:
        """The guest has its bytes, and Nova and Cinder agree about them."""
        cloud, server_id = self.make.cloud, self.server.id
        device = self.nova["device"]
        assert cloud.guest_path(server_id, device) == cloud.volume_path(
            self.volume.id
        )
        assert cloud.guest_digest(server_id, device) == self.content
        nova = self.make.server_volumes(server_id)[self.volume.id]
        (cinder,) = self.make.seen(self.volume.id).attachments
        assert nova["attachment_id"] == cinder["attachment_id"]
        assert cinder["server_id"] == server_id
        assert cinder["device"] == device
        for field in ("device", "tag", "delete_on_termination", "bdm_uuid"):
            assert nova[field] == self.nova[field], field
