# SPDX-License-Identifier: Apache-2.0

"""A cloud of which what moves share is read once in a while only.

Types, pools, services and quotas are the same for hundreds of moves; each
move would otherwise read them anew. So is it that nobody has a volume: a new
attachment changes the volume, which is always read anew. Whoever has one is
asked for anew as well.

Several threads may ask: of those that want the same answer one sends the
request, and the others wait for what comes of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
import typing
from collections.abc import Callable, Collection, Mapping, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.cloud.interface import Cloud
from volmigrateclient.core.cloud.server_index import ServerIndex
from volmigrateclient.core.model import errors

#: Seconds for which an answer is taken as still true.
_KEPT = 20.0
#: The same for that nobody has a volume, by either service's record.
_KEPT_RECORDS = 60.0

_T = typing.TypeVar("_T")


class _Shared:
    """One answer, whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = 0
        self._version: float | None = None
        self._answer: typing.Any = None
        self._failure: errors.CloudError | None = None

    def get(
        self,
        version: Callable[[], float],
        fresh: Callable[[float], bool],
        read: Callable[[], typing.Any],
    ) -> typing.Any:
        """The answer that is kept, or else a new one.

        :param version: of what is read from now on
        :param fresh: whether an answer of some version still counts
        :raises CloudError: as the request did; also for who waited for it,
            else they would wait for one timeout after the other
        """
        ended = self._ended
        with self._lock:
            if self._failure is not None and self._ended != ended:
                raise self._failure
            if self._version is None or not fresh(self._version):
                self._failure = None
                # Noted before: what changes during the request may be
                # missing from its answer.
                read_at = version()
                try:
                    self._answer = read()
                except errors.CloudError as error:
                    self._failure = error
                    raise
                finally:
                    self._ended += 1
                self._version = read_at
            return self._answer


def share_answers(
    cloud: Cloud, now: Callable[[], float] = time.monotonic
) -> Cloud:
    """The same cloud; what moves share is kept for 20 seconds.

    Not for swaps via Nova: what proves that a source may be deleted is among
    what is kept.

    :param now: gives the second on some clock that does not go back
    """
    return typing.cast("Cloud", _SharedCloud(cloud, now))


def share_catalogue(
    cloud: Cloud, now: Callable[[], float] = time.monotonic
) -> Cloud:
    """The same cloud; what only its admins change is kept for 20 seconds.

    That are types, pools, services, projects, roles and the like; nothing
    that a tenant does, or a move.

    :param now: gives the second on some clock that does not go back
    """
    return typing.cast("Cloud", _SharedCatalogue(cloud, now))


class _SharedCatalogue:
    """The cloud's interface; what admins set up is kept for 20 seconds."""

    def __init__(self, cloud: Cloud, now: Callable[[], float]) -> None:
        self._cloud = cloud
        self._now = now
        # setdefault() of a dictionary is atomic.
        self._answers: dict[tuple[str, str], _Shared] = {}

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._cloud, name)

    def list_types(self) -> Sequence[model.VolumeType]:
        return self._kept("types", "", self._cloud.list_types)

    def list_pools(self) -> Sequence[model.Pool]:
        return self._kept("pools", "", self._cloud.list_pools)

    def list_volume_services(self) -> Sequence[model.Service]:
        return self._kept(
            "volume services", "", self._cloud.list_volume_services
        )

    def list_compute_services(self) -> Sequence[model.Service]:
        return self._kept(
            "compute services", "", self._cloud.list_compute_services
        )

    def type_projects(self, type_id: str) -> Collection[str]:
        return self._kept(
            "access", type_id, lambda: self._cloud.type_projects(type_id)
        )

    def qos_consumer(self, qos_specs_id: str) -> str | None:
        return self._kept(
            "qos", qos_specs_id, lambda: self._cloud.qos_consumer(qos_specs_id)
        )

    def type_encryption(self, type_id: str) -> model.Encryption | None:
        return self._kept(
            "encryption",
            type_id,
            lambda: self._cloud.type_encryption(type_id),
        )

    def get_project(self, project_id: str) -> model.Project:
        return self._kept(
            "project", project_id, lambda: self._cloud.get_project(project_id)
        )

    def find_role(self, name_or_id: str) -> str:
        return self._kept(
            "role", name_or_id, lambda: self._cloud.find_role(name_or_id)
        )

    def find_domain(self, name_or_id: str) -> str:
        return self._kept(
            "domain", name_or_id, lambda: self._cloud.find_domain(name_or_id)
        )

    def password_regex(self) -> str | None:
        return self._kept("password regex", "", self._cloud.password_regex)

    def _kept(
        self,
        kind: str,
        key: str,
        read: Callable[[], _T],
        seconds: float = _KEPT,
    ) -> _T:
        shared = self._answers.setdefault((kind, key), _Shared())
        return typing.cast(
            "_T",
            shared.get(self._now, lambda at: self._now() - at < seconds, read),
        )


class _SharedCloud(_SharedCatalogue):
    """The same, and what many moves have in common besides."""

    def __init__(self, cloud: Cloud, now: Callable[[], float]) -> None:
        super().__init__(cloud, now)
        self._lock = threading.Lock()
        self._hosts: dict[str, str | None] = {}
        self._old_copies = _Shared()
        self._readings = 0

    def quota(self, project_id: str) -> Mapping[str, model.Quota]:
        return self._kept(
            "quota", project_id, lambda: self._cloud.quota(project_id)
        )

    def get_volumes(
        self, volume_ids: Collection[str]
    ) -> Mapping[str, model.Volume]:
        volumes = self._cloud.get_volumes(volume_ids)
        self._hosts.update(
            (volume.id, volume.host) for volume in volumes.values()
        )
        with self._lock:
            self._readings += 1
        return volumes

    def list_volumes(self, **filters: object) -> Sequence[model.Volume]:
        if filters != {"migration_status": "deleting"}:
            return self._cloud.list_volumes(**filters)
        # Moves that one reading showed to be done share one list of what
        # they left behind: it is younger than that reading. One that was
        # asked for before the last reading ended may not be.
        return self._old_copies.get(  # type: ignore[no-any-return]
            lambda: self._readings,
            lambda version: version == self._readings,
            lambda: self._cloud.list_volumes(**filters),
        )

    def list_snapshots(self, volume_id: str) -> Sequence[model.Snapshot]:
        # All of a pool in one request: Cinder refuses to migrate a volume
        # with snapshots by itself, should one appear meanwhile.
        host = self._hosts.get(volume_id)
        if host is None:
            return self._cloud.list_snapshots(volume_id)

        def by_volume() -> Mapping[str, Sequence[model.Snapshot]]:
            found: dict[str, list[model.Snapshot]] = {}
            for owner, snapshot in self._cloud.list_all_snapshots(host=host):
                found.setdefault(owner, []).append(snapshot)
            return found

        return self._kept("snapshots", host, by_volume).get(volume_id, ())

    def list_attachments(self, volume_id: str) -> Sequence[model.Attachment]:
        def by_volume() -> Mapping[str, Sequence[model.Attachment]]:
            found: dict[str, list[model.Attachment]] = {}
            for attachment in self._cloud.list_all_attachments():
                found.setdefault(attachment.volume_id, []).append(attachment)
            return found

        kept = self._kept("attachments", "", by_volume, _KEPT_RECORDS)
        if volume_id not in kept:
            return ()
        return self._cloud.list_attachments(volume_id)

    def servers_of_volume(
        self, volume_id: str, project_id: str
    ) -> Sequence[model.Server]:
        servers = self._kept(
            "servers",
            project_id,
            lambda: ServerIndex(
                self._cloud.list_servers(project_id=project_id)
            ),
            _KEPT_RECORDS,
        )
        fresh = []
        for server in servers.of_volume(volume_id):
            with contextlib.suppress(errors.NotFoundError):
                fresh.append(self._cloud.get_server(server.id))
        return fresh
