# SPDX-License-Identifier: Apache-2.0

"""Everything that is looked at before an action is carried out."""

from __future__ import annotations

import contextlib
import dataclasses
import typing
from collections.abc import (
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)

from volmigrateclient.core import action as action_
from volmigrateclient.core import at_once, errors, model
from volmigrateclient.core import cloud as cloud_

_T = typing.TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Survey:
    """What was seen; None is what the cloud would not show.

    Fields that a path does not need stay empty.

    :param volume: the volume itself: the baseline of the verdict
    :param target: Cinder's temporary volume of a move that is running
    :param attachments: of the volume, the reserved ones too; looked at for
        a swap via Nova, and where the volume shows none but is not free
    :param servers: those that the volume is attached to
    :param type_projects: who may use the destination type, if private
    :param swap_accepted: whether Nova would take a direct swap
    :param project: the volume's
    """

    volume: model.Volume
    types: Sequence[model.VolumeType] = ()
    snapshots: Sequence[model.Snapshot] = ()
    target: model.Volume | None = None
    attachments: Sequence[model.Attachment] = ()
    servers: Sequence[model.Server] = ()
    pools: Sequence[model.Pool] | None = ()
    volume_services: Sequence[model.Service] | None = ()
    compute_services: Sequence[model.Service] | None = ()
    source_encryption: model.Encryption | None = None
    destination_encryption: model.Encryption | None = None
    type_projects: Collection[str] | None = ()
    quota: Mapping[str, model.Quota] | None = None
    swap_accepted: bool | None = None
    project: model.Project | None = None

    def type_called(self, name_or_id: str | None) -> model.VolumeType | None:
        """The type with that ID or else that name."""
        for attribute in ("id", "name"):
            for volume_type in self.types:
                if getattr(volume_type, attribute) == name_or_id:
                    return volume_type
        return None

    @property
    def volume_type(self) -> model.VolumeType | None:
        """The volume's present type."""
        return self.type_called(self.volume.type_id)

    @property
    def holders(self) -> Sequence[model.Attachment]:
        """What keeps a volume that shows no attachment from being free."""
        if self.volume.attachments or self.volume.moving:
            return ()
        return self.attachments

    def pool_called(self, name: str | None) -> model.Pool | None:
        """The pool ``host@backend#pool``."""
        return next((p for p in self.pools or () if p.name == name), None)

    def service_of(self, pool: str | None) -> model.Service | None:
        """The cinder-volume service behind a pool."""
        if pool is None:
            return None
        backend = model.backend_of(pool)
        return next(
            (s for s in self.volume_services or () if s.host == backend), None
        )


def find_volume(cloud: cloud_.Cloud, name_or_id: str) -> model.Volume:
    """The one volume, of whatever project, with that ID or name.

    :raises LookupFailedError: there is none, or there are several
    """
    if not name_or_id:
        # Asked for no name, Cinder lists all volumes, and one without a
        # name would be taken for the one that was meant.
        raise errors.LookupFailedError("The volume's name or ID is empty")
    found = [
        volume
        for volume in cloud.find_volumes(name_or_id)
        # Rows of Cinder's own that bear the name of the volume moved.
        if volume.source_id is None and volume.migration_status != "deleting"
    ]
    if not found:
        raise errors.LookupFailedError(
            f"No volume with a name or ID of '{name_or_id}' exists in any "
            "project"
        )
    if len(found) > 1:
        candidates = "\n".join(
            f"  {volume.id}  project {volume.project_id}  {volume.size} GiB"
            f"  {volume.status}  {volume.host or 'no host'}"
            for volume in found
        )
        raise errors.LookupFailedError(
            f"{len(found)} volumes are named '{name_or_id}'; give the ID of "
            f"one:\n{candidates}"
        )
    return found[0]


def take(
    cloud: cloud_.Cloud,
    action: action_.Action,
    options: action_.Options,
    volume: model.Volume | None = None,
) -> Survey:
    """Look at all that the checks of this action's path need.

    Sends only GETs, and the probe for ``--swap-via nova``, which changes
    nothing.

    :param volume: where it was read already
    :raises CloudError: what has to be seen was not shown
    """
    path = action_.path_of(action, options)
    if volume is None:
        volume = find_volume(cloud, action.resource_id)
    survey = _seen(Survey(volume), _of_volume(cloud, volume, path))
    survey = _seen(survey, _of_servers_and_types(cloud, survey, action, path))
    if (
        path is action_.Path.SWAP_VIA_NOVA
        and len(survey.servers) == 1
        and volume.attachments
    ):
        accepted = cloud.probe_swap(survey.servers[0].id, volume.id)
        survey = dataclasses.replace(survey, swap_accepted=accepted)
    return survey


#: How to read some fields of a survey.
_Reads = dict[str, Callable[[], typing.Any]]


def _seen(survey: Survey, reads: _Reads) -> Survey:
    return dataclasses.replace(survey, **at_once.read(reads))


def _of_volume(
    cloud: cloud_.Cloud, volume: model.Volume, path: action_.Path
) -> _Reads:
    """What needs nothing but the volume."""
    reads: _Reads = {
        "types": cloud.list_types,
        "snapshots": lambda: cloud.list_snapshots(volume.id),
        "pools": lambda: if_shown(cloud.list_pools),
        "volume_services": lambda: if_shown(cloud.list_volume_services),
    }
    if volume.moving:
        reads["target"] = lambda: _target(cloud, volume)
    if path is not action_.Path.MIGRATE:
        reads["quota"] = lambda: if_shown(
            lambda: cloud.quota(volume.project_id)
        )
    direct = path is action_.Path.SWAP_VIA_NOVA
    if direct:
        reads["project"] = lambda: cloud.get_project(volume.project_id)
    # A shelved server's volume is only reserved: the volume itself does not
    # show for whom.
    reserved = not volume.attachments and volume.status != "available"
    if direct or reserved:
        reads["attachments"] = lambda: cloud.list_attachments(volume.id)
    return reads


def _of_servers_and_types(
    cloud: cloud_.Cloud,
    survey: Survey,
    action: action_.Action,
    path: action_.Path,
) -> _Reads:
    """What needs the volume's attachments, or the list of types."""
    reads: _Reads = {}
    wanted = survey.type_called(action.destination_type)
    if wanted is not None and not wanted.is_public:
        reads["type_projects"] = lambda: if_shown(
            lambda: cloud.type_projects(wanted.id)
        )
    if wanted is not None and path is not action_.Path.MIGRATE:
        reads |= _of_encryption(cloud, survey, wanted)
    live = path in (action_.Path.SWAP_VIA_CINDER, action_.Path.SWAP_VIA_NOVA)
    server_ids = {
        attachment.server_id
        for attachment in (*survey.volume.attachments, *survey.holders)
        if attachment.server_id
    }
    if live and server_ids:
        reads["servers"] = lambda: tuple(_servers(cloud, server_ids))
        reads["compute_services"] = lambda: if_shown(
            cloud.list_compute_services
        )
    return reads


def _target(cloud: cloud_.Cloud, volume: model.Volume) -> model.Volume | None:
    found = cloud.list_volumes(migration_status=f"target:{volume.id}")
    return found[0] if found else None


def _servers(
    cloud: cloud_.Cloud, server_ids: Collection[str]
) -> Iterator[model.Server]:
    for server_id in sorted(server_ids):
        with contextlib.suppress(errors.NotFoundError):
            yield cloud.get_server(server_id)


def _of_encryption(
    cloud: cloud_.Cloud, survey: Survey, wanted: model.VolumeType
) -> _Reads:
    """The types' encryption, where it can matter.

    It does for an attached volume, which cannot be swapped with LUKS, and
    for types whose extra specs are the same: only if nothing at all differs
    does Cinder move the row without the data (semantics 0.8).
    """
    volume, present = survey.volume, survey.volume_type
    same = present is not None and present.extra_specs == wanted.extra_specs
    reads: _Reads = {}
    if volume.attachments or same:
        reads["destination_encryption"] = lambda: cloud.type_encryption(
            wanted.id
        )
    type_id = volume.type_id
    if type_id and (same or (volume.attachments and volume.encrypted)):
        reads["source_encryption"] = lambda: cloud.type_encryption(type_id)
    return reads


def if_shown(read: Callable[[], _T]) -> _T | None:
    """What a read gives; None where policy keeps it from this user."""
    try:
        return read()
    except errors.ForbiddenError:
        return None
