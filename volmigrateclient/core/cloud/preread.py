# SPDX-License-Identifier: Apache-2.0

"""A cloud that is read by lists, once, before many volumes are surveyed."""

from __future__ import annotations

import dataclasses
import threading
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent import futures

from volmigrateclient.core import model
from volmigrateclient.core.cloud.interface import Cloud
from volmigrateclient.core.cloud.place import place_of
from volmigrateclient.core.cloud.reading import none_if_forbidden
from volmigrateclient.core.cloud.server_index import ServerIndex
from volmigrateclient.core.model import errors

_T = typing.TypeVar("_T")


class PrereadCloud:
    """Answers a survey from lists; what changes it, it does not let pass.

    Each list is read when it is first asked for, or ahead of that
    (:meth:`read_ahead`), and then kept: one request for each 1000 rows, one
    for each project's quota and each type's details, none for each volume.
    What is planned is booked in it (:meth:`replace_pool`, :meth:`reserve`),
    so that the next volume is judged by what is left.

    :param host: all volumes to be surveyed are on this pool, backend or host
    :param project_id: all of them are this project's
    """

    def __init__(
        self,
        cloud: Cloud,
        types: Sequence[model.VolumeType],
        host: str | None = None,
        project_id: str | None = None,
    ) -> None:
        self._cloud = cloud
        self._types = types
        self._host_filter = {"host": host} if host else {}
        self._project_filter = {"project_id": project_id} if project_id else {}
        self._moving: list[str] = []
        self._kept: dict[tuple[str, str], typing.Any] = {}
        self._ahead: dict[str, futures.Future[typing.Any]] = {}

    def read_ahead(self) -> None:
        """Begin to read the long lists that every survey needs, all at once.

        Nobody waits for them here; large clouds take minutes for each.
        """
        reads: Mapping[str, Callable[[], typing.Any]] = {
            "attachments": self._read_attachments,
            "servers": self._read_servers,
            "snapshots": self._read_snapshots,
            "pools": self._read_pools,
            "compute services": self._read_compute_services,
        }
        for kind, read in reads.items():
            answer = self._ahead[kind] = futures.Future[typing.Any]()
            # No executor: it would have Ctrl-C wait for the last answer.
            threading.Thread(
                target=_answer, args=(answer, read), daemon=True
            ).start()

    def will_survey(self, volumes: Sequence[model.Volume]) -> None:
        """These are to be surveyed, and no others."""
        self._moving = [volume.id for volume in volumes if volume.moving]

    @property
    def as_cloud(self) -> Cloud:
        """Itself, as a survey takes it."""
        return typing.cast("Cloud", self)

    # What a survey reads ------------------------------------------------

    def block_storage_version(self) -> model.Microversion:
        return self._cloud.block_storage_version()

    def compute_version(self) -> model.Microversion:
        return self._cloud.compute_version()

    def list_types(self) -> Sequence[model.VolumeType]:
        return self._types

    def list_pools(self) -> Sequence[model.Pool]:
        return tuple(self._pools.values())

    def list_volume_services(self) -> Sequence[model.Service] | None:
        return self._once(
            "volume services",
            "",
            lambda: none_if_forbidden(self._cloud.list_volume_services),
        )

    def list_compute_services(self) -> Sequence[model.Service] | None:
        return self._once("compute services", "", self._read_compute_services)

    def _read_compute_services(self) -> Sequence[model.Service] | None:
        return none_if_forbidden(self._cloud.list_compute_services)

    def list_snapshots(self, volume_id: str) -> Sequence[model.Snapshot]:
        found = self._once("snapshots", "", self._read_snapshots)
        return found.get(volume_id, ())

    def _read_snapshots(self) -> Mapping[str, Sequence[model.Snapshot]]:
        found: dict[str, list[model.Snapshot]] = {}
        for owner, snapshot in self._cloud.list_all_snapshots(
            **self._host_filter
        ):
            found.setdefault(owner, []).append(snapshot)
        return found

    def list_attachments(self, volume_id: str) -> Sequence[model.Attachment]:
        found = self._once("attachments", "", self._read_attachments)
        return found.get(volume_id, ())

    def _read_attachments(self) -> Mapping[str, Sequence[model.Attachment]]:
        found: dict[str, list[model.Attachment]] = {}
        for attachment in self._cloud.list_all_attachments():
            found.setdefault(attachment.volume_id, []).append(attachment)
        return found

    def list_transfers(self) -> Mapping[str, str] | None:
        return self._once(
            "transfers",
            "",
            lambda: none_if_forbidden(self._cloud.list_transfers),
        )

    def list_volumes(self, *, migration_status: str) -> list[model.Volume]:
        """Cinder's temporary target of a volume, ``target:ID``."""
        targets = self._once(
            "targets",
            "",
            lambda: self._cloud.list_volumes(
                migration_status=str([f"target:{i}" for i in self._moving])
            ),
        )
        return [t for t in targets if t.migration_status == migration_status]

    def servers_of_volume(
        self, volume_id: str, project_id: str
    ) -> Sequence[model.Server]:
        # Any project's: a volume may be attached to another one's server.
        return self._servers.of_volume(volume_id)

    def get_server(self, server_id: str) -> model.Server:
        server = self._servers.get(server_id)
        if server is not None:
            return server
        # A list tells nothing of what it does not have: the server may be
        # another project's, or deleted in a way that can be undone.
        found = self._once(
            "server", server_id, lambda: self._get_server(server_id)
        )
        if isinstance(found, errors.NotFoundError):
            raise found
        return found

    @property
    def _servers(self) -> ServerIndex:
        return self._once("servers", "", self._read_servers)

    def _read_servers(self) -> ServerIndex:
        return ServerIndex(self._cloud.list_servers(**self._project_filter))

    def _get_server(
        self, server_id: str
    ) -> model.Server | errors.NotFoundError:
        try:
            return self._cloud.get_server(server_id)
        except errors.NotFoundError as error:
            return error

    def quota(self, project_id: str) -> Mapping[str, model.Quota] | None:
        return self._once(
            "quota",
            project_id,
            lambda: none_if_forbidden(
                lambda: dict(self._cloud.quota(project_id))
            ),
        )

    def type_projects(self, type_id: str) -> Collection[str] | None:
        return self._once(
            "access",
            type_id,
            lambda: none_if_forbidden(
                lambda: self._cloud.type_projects(type_id)
            ),
        )

    def qos_consumer(self, qos_specs_id: str) -> str | None:
        return self._once(
            "qos", qos_specs_id, lambda: self._cloud.qos_consumer(qos_specs_id)
        )

    def type_encryption(self, type_id: str) -> model.Encryption | None:
        return self._once(
            "encryption",
            type_id,
            lambda: self._cloud.type_encryption(type_id),
        )

    # What is planned already --------------------------------------------

    @property
    def _pools(self) -> dict[str, model.Pool]:
        return self._once("pools", "", self._read_pools)

    def _read_pools(self) -> dict[str, model.Pool]:
        return {pool.name: pool for pool in self._cloud.list_pools()}

    def pool(self, name: str) -> model.Pool | None:
        """A pool with what is planned already in it, by any of its names."""
        if name in self._pools:
            return self._pools[name]
        place = place_of(name, self.list_volume_services())
        return self._pools.get(place.listed_name)

    def replace_pool(self, pool: model.Pool) -> None:
        """Have a pool be as it will be once a planned volume is in it."""
        self._pools[pool.name] = pool

    def reserve(self, project_id: str, amounts: Mapping[str, int]) -> None:
        """Take amounts of resources, by name, from a project's quota."""
        quota = typing.cast(
            "dict[str, model.Quota] | None", self.quota(project_id)
        )
        for resource, amount in amounts.items():
            if quota is not None and resource in quota:
                held = quota[resource]
                quota[resource] = dataclasses.replace(
                    held, reserved=held.reserved + amount
                )

    def _once(self, kind: str, key: str, read: Callable[[], _T]) -> _T:
        if (kind, key) not in self._kept:
            # One that failed is read anew, should it be asked for again.
            ahead = self._ahead.pop(kind, None)
            try:
                self._kept[kind, key] = ahead.result() if ahead else read()
            except (
                errors.ForbiddenError,
                errors.ServiceMissingError,
            ) as error:
                # It is no use to ask again for each volume.
                self._kept[kind, key] = error
        kept = self._kept[kind, key]
        if isinstance(kept, errors.CloudError) and not isinstance(
            kept, errors.NotFoundError
        ):
            raise kept
        return typing.cast("_T", kept)


def _answer(
    answer: futures.Future[typing.Any], read: Callable[[], typing.Any]
) -> None:
    try:
        answer.set_result(read())
    except BaseException as failure:  # noqa: BLE001 (raised by result())
        answer.set_exception(failure)
