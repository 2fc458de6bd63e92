# SPDX-License-Identifier: Apache-2.0

"""A cloud read in bulk, and the survey of any volume in it."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Collection, Mapping, Sequence

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import model
from volmigrateclient.core import survey as survey_

_T = typing.TypeVar("_T")


@dataclasses.dataclass
class Inventory:
    """What many volumes' surveys share, each part read once.

    Quotas, encryption and the access to private types are read when they
    are first asked for: once for each project and type, never for each
    volume.
    """

    cloud: cloud_.Cloud
    types: Sequence[model.VolumeType]
    pools: Sequence[model.Pool]
    volume_services: Sequence[model.Service] | None
    compute_services: Sequence[model.Service] | None
    snapshots: Mapping[str, Sequence[model.Snapshot]]
    servers: Mapping[str, model.Server]
    _kept: dict[tuple[str, str], typing.Any] = dataclasses.field(
        default_factory=dict
    )

    @classmethod
    def take(
        cls,
        cloud: cloud_.Cloud,
        types: Sequence[model.VolumeType],
        volumes: Sequence[model.Volume],
        host: str | None = None,
        project_id: str | None = None,
    ) -> Inventory:
        """Read what the surveys of these volumes need, by lists.

        :param host: all volumes are on this pool, backend or host
        :param project_id: all volumes are this project's
        """
        attached = any(volume.attachments for volume in volumes)
        filters = {"host": host} if host else {}
        snapshots: dict[str, list[model.Snapshot]] = {}
        for volume_id, snapshot in cloud.list_all_snapshots(**filters):
            snapshots.setdefault(volume_id, []).append(snapshot)
        servers = (
            cloud.list_servers(
                **({"project_id": project_id} if project_id else {})
            )
            if attached
            else ()
        )
        return cls(
            cloud=cloud,
            types=types,
            pools=cloud.list_pools(),
            volume_services=survey_.if_shown(cloud.list_volume_services),
            compute_services=(
                survey_.if_shown(cloud.list_compute_services)
                if attached
                else ()
            ),
            snapshots=snapshots,
            servers={server.id: server for server in servers},
        )

    def survey(
        self,
        volume: model.Volume,
        action: action_.Action,
        quota: Mapping[str, model.Quota] | None,
        pools: Sequence[model.Pool],
    ) -> survey_.Survey:
        """What :func:`.survey.take` would have seen of one volume.

        :param quota: the project's, less what is planned already
        :param pools: with what is planned already in them
        """
        survey = survey_.Survey(
            volume,
            types=self.types,
            snapshots=self.snapshots.get(volume.id, ()),
            servers=tuple(
                server
                for a in volume.attachments
                if (server := self.servers.get(str(a.server_id))) is not None
            ),
            pools=pools,
            volume_services=self.volume_services,
            compute_services=self.compute_services,
            quota=quota,
        )
        wanted = survey.type_called(action.destination_type)
        if wanted is None:
            return survey
        if not wanted.is_public:
            survey = dataclasses.replace(
                survey, type_projects=self._type_projects(wanted.id)
            )
        if volume.attachments:
            survey = dataclasses.replace(
                survey,
                destination_encryption=self._encryption(wanted.id),
                source_encryption=(
                    self._encryption(volume.type_id)
                    if volume.type_id and volume.encrypted
                    else None
                ),
            )
        return survey

    def quota(self, project_id: str) -> Mapping[str, model.Quota] | None:
        """A project's quota."""
        return self._once(
            "quota",
            project_id,
            lambda: survey_.if_shown(lambda: self.cloud.quota(project_id)),
        )

    def _type_projects(self, type_id: str) -> Collection[str] | None:
        return self._once(
            "access",
            type_id,
            lambda: survey_.if_shown(
                lambda: self.cloud.type_projects(type_id)
            ),
        )

    def _encryption(self, type_id: str) -> model.Encryption | None:
        return self._once(
            "encryption",
            type_id,
            lambda: self.cloud.type_encryption(type_id),
        )

    def _once(self, kind: str, key: str, read: Callable[[], _T]) -> _T:
        if (kind, key) not in self._kept:
            self._kept[kind, key] = read()
        return typing.cast("_T", self._kept[kind, key])
