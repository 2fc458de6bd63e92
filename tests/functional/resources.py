# SPDX-License-Identifier: Apache-2.0
"""Volumes and servers for tests, made straight at the services."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cinderclient import exceptions as cinder_exceptions

from tests import cloud as cloud_
from tests.cloud import databases

_TIMEOUT = 120.0
_numbers = itertools.count(1)


def until(
    what: str, found: Callable[[], Any], seconds: float = _TIMEOUT
) -> Any:
    """Wait until something is there, and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


class Resources:
    """Makes resources of one cloud, under names that nobody else has."""

    def __init__(self, cloud: cloud_.Cloud) -> None:
        self.cloud = cloud
        self.cinder = cloud.admin_cinder
        self.nova = cloud.admin_nova
        self.keystone = cloud.admin_keystone

    def name(self, kind: str) -> str:
        """A name that no other resource has."""
        return f"{kind}-{next(_numbers)}"

    def project_id(self, name: str) -> str:
        """The ID of a project."""
        (found,) = self.keystone.projects.list(name=name)
        return str(found.id)

    def cinder_of(self, user: str) -> Any:
        """cinderclient of a user, straight at Cinder."""
        return self.cloud.access.cinder(user)

    def volume(
        self,
        volume_type: str = "bronze",
        user: str = "alice",
        pool: str | None = None,
        size: int = 1,
        **fields: Any,
    ) -> Any:
        """An available volume with recognisable content.

        :param pool: where it has to be: a pool, or any of a backend
        """
        fields.setdefault("name", self.name("volume"))
        with self._only_backend_of(pool):
            made = self._created(user, size, volume_type, fields)
        host = self.host(made.id)
        assert pool in (None, host, host.partition("#")[0]), host
        self.cloud.write_volume(made.id, made.id)
        return self.seen(made.id)

    @contextlib.contextmanager
    def _only_backend_of(self, pool: str | None) -> Iterator[None]:
        """Leave the scheduler no choice: users cannot name a pool."""
        others = [
            service.host
            for service in self.cinder.services.list(binary="cinder-volume")
            if pool is not None
            and service.status == "enabled"
            and service.host != pool.partition("#")[0]
        ]
        for host in others:
            self.disable(host)
        # A cluster's services are as disabled as the cluster is.
        clusters = pool and self.cloud.database("cinder").rows(
            "SELECT name FROM clusters WHERE NOT disabled AND NOT deleted"
            " AND name <> ?",
            pool.partition("#")[0],
        )
        names = [row["name"] for row in clusters or ()]
        self._set_clusters(names, disabled=True)
        try:
            yield
        finally:
            self._set_clusters(names, disabled=False)
            for host in others:
                self.enable(host)

    def _set_clusters(self, names: Sequence[str], *, disabled: bool) -> None:
        for name in names:
            self.cloud.database("cinder").execute(
                "UPDATE clusters SET disabled = ? WHERE name = ?",
                disabled,
                name,
            )

    def disable(self, host: str) -> None:
        """Have the scheduler place nothing on a backend, ``cloud@alpha``."""
        self.cinder.services.disable_log_reason(
            host, "cinder-volume", "by a test"
        )

    def enable(self, host: str) -> None:
        """Undo disable().

        In the database: Cinder 29.0 answers a request to enable a service,
        or to disable it without a reason, with 200 and does nothing.
        """
        with databases.opened(self.cloud.directory, "cinder") as connection:
            connection.execute(
                "UPDATE services SET disabled = 0, disabled_reason = NULL"
                " WHERE host = ?",
                (host,),
            )
        # Has the scheduler look at the services: volumes are made next.
        self.cinder.pools.list()

    def _created(
        self, user: str, size: int, volume_type: str, fields: dict[str, Any]
    ) -> Any:
        made = self.cinder_of(user).volumes.create(
            size, volume_type=volume_type, **fields
        )
        seen = until(
            f"volume {made.id} created",
            lambda: (s := self.seen(made.id)).status != "creating" and s,
        )
        assert seen.status == "available", seen.to_dict()
        return seen

    def seen(self, volume_id: str) -> Any:
        """A volume, as an admin sees it now."""
        return self.cinder.volumes.get(volume_id)

    def host(self, volume_id: str) -> str:
        """The pool that a volume is on."""
        return str(getattr(self.seen(volume_id), "os-vol-host-attr:host"))

    def migration_status(self, volume_id: str) -> str | None:
        """Where Cinder is with a volume's move."""
        return getattr(
            self.seen(volume_id), "os-vol-mig-status-attr:migstat", None
        )

    def delete(self, volume_id: str) -> None:
        """Delete a volume, to the end."""
        self.cinder.volumes.delete(volume_id)
        until(f"volume {volume_id} gone", lambda: self.is_gone(volume_id))

    def forget(self, *volume_ids: Any) -> None:
        """Take volumes out of Cinder's database: stuck, nobody needs them."""
        for volume_id in volume_ids:
            self.cloud.database("cinder").execute(
                "UPDATE volumes SET deleted = 1 WHERE id = ?", volume_id
            )

    def is_gone(self, volume_id: str) -> bool:
        """Whether no such volume exists any more."""
        try:
            self.seen(volume_id)
        except cinder_exceptions.NotFound:
            return True
        return False

    def unmark(self) -> None:
        """Take away what tells that swaps via Nova were interrupted."""
        for user in self.keystone.users.list():
            if user.name.startswith("volmig-"):
                self.keystone.users.delete(user)
        for volume in self.cinder.volumes.list(search_opts={"all_tenants": 1}):
            if "volmig" in volume.metadata:
                self.cinder.volumes.delete_metadata(volume, ["volmig"])

    def server(
        self, *volumes: Any, user: str = "alice", root_type: str = "bronze"
    ) -> Any:
        """An active server that boots from a volume of its own.

        :param volumes: attached besides, in this order
        """
        nova = self.cloud.access.nova(user)
        root = self.volume(root_type, user, name=self.name("root"))
        self.cinder.volumes.set_bootable(root.id, True)
        flavor = next(f for f in nova.flavors.list() if f.name == "tiny")
        made = nova.servers.create(
            self.name("server"),
            image=None,
            flavor=flavor.id,
            nics="none",
            block_device_mapping_v2=[
                {
                    "uuid": root.id,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "boot_index": 0,
                }
            ],
        )
        self.until_server(made.id, "ACTIVE")
        for volume in volumes:
            self.attach(made.id, volume.id)
        return self.nova.servers.get(made.id)

    def attach(self, server_id: str, volume_id: str, **fields: Any) -> None:
        """Attach a volume, to the end."""
        self.nova.volumes.create_server_volume(server_id, volume_id, **fields)
        until(
            f"volume {volume_id} in-use",
            lambda: self.seen(volume_id).status == "in-use",
        )

    def until_server(self, server_id: str, status: str) -> Any:
        """Wait until a server has a status and nothing is going on."""

        def there() -> Any:
            seen = self.nova.servers.get(server_id)
            assert seen.status != "ERROR", seen.to_dict()
            busy = getattr(seen, "OS-EXT-STS:task_state")
            return seen if seen.status == status and not busy else None

        return until(f"server {server_id} {status}", there)

    def server_volumes(self, server_id: str) -> dict[str, dict[str, Any]]:
        """What Nova has attached to a server, by volume ID."""
        return {
            row.volumeId: row.to_dict()
            for row in self.nova.volumes.get_server_volumes(server_id)
        }
