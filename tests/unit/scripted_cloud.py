# SPDX-License-Identifier: Apache-2.0

"""A cloud in memory that behaves by a script: a fake, at the core's edge.

It answers :class:`volmigrateclient.core.cloud.Cloud` from what it is given.
What a test does not need is not here, and asking for it is an error.
"""

from __future__ import annotations

import collections
import dataclasses
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.model import errors

_SURVEY = builders.survey()


class ScriptedClock(Clock):
    """A clock that moves on only by sleeping, and what happens meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0
        self._events: dict[float, Callable[[], None]] = {}

    def at(self, second: float, event: Callable[[], None]) -> None:
        """Have something happen while somebody sleeps."""
        self._events[second] = event

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, wake: Callable[[], bool]) -> None:
        end = self.time + seconds
        for at in sorted(self._events):
            if at <= end and not wake():
                self.time = max(self.time, at)
                self._events.pop(at)()
        if not wake():
            self.time = max(self.time, end)


class ScriptedCloud:
    """Answers by script, and remembers what it was asked.

    :ivar fails: what the next calls of a method raise, one after another;
        None is a call that is answered
    :ivar script: the readings of a volume, the last of which stays
    """

    def __init__(self, *volumes: model.Volume) -> None:
        self.volumes = {volume.id: volume for volume in volumes}
        self.script: dict[str, list[model.Volume]] = {}
        self.fails: dict[str, list[errors.CloudError | None]] = {}
        self.asked: collections.Counter[str] = collections.Counter()
        self.polls: list[tuple[str, ...]] = []
        self.writes: list[tuple[str, ...]] = []
        self.encryption_asked_for: list[str] = []
        self.types: Sequence[model.VolumeType] = builders.TYPES
        self.attachments: Sequence[model.Attachment] = ()
        self.snapshots: Sequence[model.Snapshot] = ()
        self.servers = {builders.SERVER_ID: builders.server()}
        #: What a server has by Nova, where that is not what Cinder says.
        self.volume_ids: dict[str, frozenset[str] | None] = {}
        self.server_volumes: Sequence[model.ServerVolume] = ()
        self.how: dict[str, bool] = {}
        self.swaps: list[model.SwapAction] = []
        self.actions: list[model.ServerAction] = []

    @property
    def core(self) -> Cloud:
        """Itself, as the core takes it: what is not here, no test asks."""
        return typing.cast("Cloud", self)

    def _answer(self, method: str) -> None:
        self.asked[method] += 1
        planned = self.fails.get(method)
        error = planned.pop(0) if planned else None
        if error is not None:
            raise error

    def _read(self, volume_id: str) -> model.Volume | None:
        readings = self.script.get(volume_id)
        if readings:
            self.volumes[volume_id] = readings.pop(0)
        return self.volumes.get(volume_id)

    def block_storage_version(self) -> model.Microversion:
        return builders.CINDER_VERSION

    def compute_version(self) -> model.Microversion:
        return builders.NOVA_VERSION

    def find_volumes(self, name_or_id: str) -> Sequence[model.Volume]:
        self._answer("find_volumes")
        return [
            volume
            for volume in self.volumes.values()
            if name_or_id in (volume.id, volume.name)
        ]

    def get_volumes(
        self, volume_ids: Collection[str]
    ) -> Mapping[str, model.Volume]:
        self.polls.append(tuple(volume_ids))
        self._answer("get_volumes")
        seen = {volume_id: self._read(volume_id) for volume_id in volume_ids}
        return {key: volume for key, volume in seen.items() if volume}

    def list_volumes(self, **filters: Any) -> Sequence[model.Volume]:
        self._answer("list_volumes")
        return [
            volume
            for volume in self.volumes.values()
            if all(_fits(volume, *one) for one in filters.items())
        ]

    def list_snapshots(self, volume_id: str) -> Sequence[model.Snapshot]:
        self._answer("list_snapshots")
        return self.snapshots

    def list_attachments(self, volume_id: str) -> Sequence[model.Attachment]:
        self._answer("list_attachments")
        return self.attachments

    def list_all_attachments(self) -> Sequence[model.Attachment]:
        self._answer("list_all_attachments")
        return self.attachments

    def list_types(self) -> Sequence[model.VolumeType]:
        self._answer("list_types")
        return self.types

    def type_projects(self, type_id: str) -> Collection[str]:
        self._answer("type_projects")
        return ()

    def type_encryption(self, type_id: str) -> model.Encryption | None:
        self._answer("type_encryption")
        self.encryption_asked_for.append(type_id)
        return None

    def list_pools(self) -> Sequence[model.Pool]:
        self._answer("list_pools")
        return tuple(_SURVEY.pools or ())

    def list_volume_services(self) -> Sequence[model.Service]:
        self._answer("list_volume_services")
        return tuple(_SURVEY.volume_services or ())

    def quota(self, project_id: str) -> Mapping[str, model.Quota]:
        self._answer("quota")
        return {}

    def migrate_volume(
        self, volume_id: str, pool: str, *, lock: bool, **how: bool
    ) -> str:
        self.writes.append(("migrate", volume_id, pool, str(lock)))
        self.how = how
        self._answer("migrate_volume")
        return "req-migrate"

    def retype_volume(self, volume_id: str, type_id: str, policy: str) -> str:
        self.writes.append(("retype", volume_id, type_id, policy))
        self._answer("retype_volume")
        return "req-retype"

    def get_server(self, server_id: str) -> model.Server:
        self._answer("get_server")
        if server_id not in self.servers:
            raise errors.NotFoundError("no such server", 404)
        return self._server(server_id)

    def _server(self, server_id: str) -> model.Server:
        """A server that has what Cinder says that it has."""
        attachments = [
            *self.attachments,
            *(a for v in self.volumes.values() for a in v.attachments),
        ]
        volume_ids = self.volume_ids.get(
            server_id,
            frozenset(
                a.volume_id for a in attachments if a.server_id == server_id
            ),
        )
        return dataclasses.replace(
            self.servers[server_id], volume_ids=volume_ids
        )

    def list_servers(self, **filters: Any) -> Sequence[model.Server]:
        self._answer("list_servers")
        return [self._server(server_id) for server_id in self.servers]

    def servers_of_volume(
        self, volume_id: str, project_id: str
    ) -> Sequence[model.Server]:
        self._answer("servers_of_volume")
        servers = [self._server(server_id) for server_id in self.servers]
        return [
            server
            for server in servers
            if volume_id in (server.volume_ids or ())
        ]

    def list_compute_services(self) -> Sequence[model.Service]:
        self._answer("list_compute_services")
        return tuple(_SURVEY.compute_services or ())

    def list_server_volumes(
        self, server_id: str
    ) -> Sequence[model.ServerVolume]:
        self._answer("list_server_volumes")
        return self.server_volumes

    def probe_swap(self, server_id: str, volume_id: str) -> bool:
        self._answer("probe_swap")
        return True

    def list_actions(self, server_id: str) -> Sequence[model.ServerAction]:
        self._answer("list_actions")
        return tuple(self.actions)

    def list_swaps(self, server_id: str) -> Sequence[model.SwapAction]:
        self._answer("list_swaps")
        return tuple(self.swaps)

    def get_swap(
        self, server_id: str, request_id: str
    ) -> model.SwapAction | None:
        self._answer("get_swap")
        return next(
            (s for s in self.swaps if s.request_id == request_id), None
        )

    def project_names(self) -> Mapping[str, str]:
        self._answer("project_names")
        return {builders.PROJECT_ID: "shop"}

    def get_project(self, project_id: str) -> model.Project:
        self._answer("get_project")
        return model.Project(project_id, "shop", "default", True)


def _fits(volume: model.Volume, key: str, value: Any) -> bool:
    """Whether Cinder's filter lets a volume pass: part of, one of, equal."""
    if key.endswith("~"):
        return str(value) in (getattr(volume, key[:-1]) or "")
    if str(value).startswith("["):
        return repr(getattr(volume, key)) in str(value)
    return bool(getattr(volume, key) == value)
