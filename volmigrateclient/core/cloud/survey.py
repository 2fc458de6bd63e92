# SPDX-License-Identifier: Apache-2.0

"""Everything that the checks of one action need to know of the cloud.

The only survey there is: ``run`` takes it of the cloud as it is, ``plan`` of
a cloud that was read beforehand (:mod:`.cloud.preread`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.cloud.interface import Cloud
from volmigrateclient.core.cloud.place import Place, place_of
from volmigrateclient.core.cloud.reading import (
    Reader,
    none_if_forbidden,
    read_concurrently,
)
from volmigrateclient.core.model import errors, wording

#: The status of a volume that was offered to another project.
AWAITING_TRANSFER = "awaiting-transfer"


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the cloud shows; None is what it would not show.

    Fields that a path does not need stay empty.

    :param volume: the volume itself: the baseline of the verdict
    :param volume_type: the volume's present type
    :param destination_type: the type that is asked for; None where none is,
        or where no such type exists
    :param target: Cinder's temporary volume of a move that is running
    :param attachments: Cinder's of the volume, the reserved ones too
    :param servers: those that have the volume by the record of either
        service; not those that Nova does not know
    :param nova_asked: whether there is a Nova that answers this user
    :param source_qos: who applies the QoS specs of the present type, and of
        the destination type; read for an attached volume whose specs change
    :param block_storage_version: in which Cinder is asked: says what it
        tells
    :param compute_version: the same of Nova; None where nobody is asked
    :param type_projects: who may use the destination type, if private
    :param quota: of the volume's project; read where the type changes
    :param swap_accepted: whether Nova would take a direct swap
    :param project: the volume's; None where it was deleted
    :param transfers: IDs by volume; read where it awaits one
    """

    volume: model.Volume
    volume_type: model.VolumeType | None = None
    destination_type: model.VolumeType | None = None
    snapshots: Sequence[model.Snapshot] = ()
    target: model.Volume | None = None
    attachments: Sequence[model.Attachment] = ()
    servers: Sequence[model.Server] = ()
    nova_asked: bool = True
    block_storage_version: model.Microversion | None = None
    compute_version: model.Microversion | None = None
    pools: Sequence[model.Pool] | None = ()
    volume_services: Sequence[model.Service] | None = ()
    compute_services: Sequence[model.Service] | None = ()
    source_encryption: model.Encryption | None = None
    destination_encryption: model.Encryption | None = None
    source_qos: str | None = None
    destination_qos: str | None = None
    type_projects: Collection[str] | None = ()
    quota: Mapping[str, model.Quota] | None = None
    swap_accepted: bool | None = None
    project: model.Project | None = None
    transfers: Mapping[str, str] | None = None

    @property
    def all_attachments(self) -> Sequence[model.Attachment]:
        """Cinder's attachments, as the volume shows them and as listed.

        While Cinder is moving the volume only the former: the others change
        by the second then.
        """
        return _all_attachments(self.volume, self.attachments)

    def place(self, node: str | None) -> Place | None:
        """The pool of that name, under all of its names; None for None."""
        if node is None:
            return None
        if node not in self._places:
            self._places[node] = place_of(node, self.volume_services)
        return self._places[node]

    def pool_called(self, name: str | None) -> model.Pool | None:
        """The pool of that name, as the scheduler knows it."""
        place = self.place(name)
        if place is None:
            return None
        if place.node not in self._pools_called:
            names = place.names
            self._pools_called[place.node] = next(
                (p for p in self.pools or () if p.name in names), None
            )
        return self._pools_called[place.node]

    # Each rule asks for the same two or three, of every volume of a plan.

    @functools.cached_property
    def _places(self) -> dict[str, Place]:
        return {}

    @functools.cached_property
    def _pools_called(self) -> dict[str, model.Pool | None]:
        return {}

    @property
    def own_pool(self) -> model.Pool | None:
        """The pool that the volume is in, whoever of a cluster has it."""
        return self.pool_called(self.volume.host)

    def service_of(self, pool: str | None) -> model.Service | None:
        """The cinder-volume service behind a pool; of a cluster, any fit."""
        place = self.place(pool)
        return place.service if place else None


def find_volume(cloud: Cloud, name_or_id: str) -> model.Volume:
    """The one volume, of whatever project, with that ID or name.

    :raises LookupFailedError: there is none, or there are several
    """
    if not name_or_id:
        # Asked for no name, Cinder lists all volumes, and one without a
        # name would be taken for the one that was meant.
        raise errors.LookupFailedError("The volume's name or ID is empty")
    rows = cloud.find_volumes(name_or_id)
    # Cinder's own rows bear the name of the volume that they were made for.
    found = [row for row in rows if not row.cinders_own]
    if not found and any(row.id == name_or_id for row in rows):
        raise errors.LookupFailedError(_told_of_copy(rows[0]))
    if not found:
        raise errors.NoVolumeError(name_or_id)
    if len(found) > 1:
        candidates = "\n".join(
            f"  {volume.id}  project {volume.project_id}  {volume.size} GiB"
            f"  {volume.status}  {volume.host or 'no host'}"
            for volume in found
        )
        raise errors.LookupFailedError(
            f"{len(found)} volumes are named {wording.quoted(name_or_id)}; "
            f"give the ID of one:\n{candidates}"
        )
    return found[0]


def _told_of_copy(row: model.Volume) -> str:
    if row.source_id is not None:
        return (
            f"{row.id} is the copy that Cinder made to move volume "
            f"{row.source_id} to {row.host}: name that volume; see also "
            "'openstack volume watcher-migrate recover'"
        )
    return (
        f"{row.id} is an old copy that Cinder is deleting "
        f"({wording.quoted(row.description or '')})"
    )


def find_type(
    types: Sequence[model.VolumeType], name_or_id: str | None
) -> model.VolumeType | None:
    """The type with that ID or else that name; None where there is none."""
    for attribute in ("id", "name"):
        for volume_type in types:
            if getattr(volume_type, attribute) == name_or_id:
                return volume_type
    return None


def take_survey(
    cloud: Cloud,
    request: model.Request,
    volume: model.Volume | None = None,
    read: Reader = read_concurrently,
) -> Survey:
    """Read all that the checks of this request's path need.

    Sends only GETs, and the probe for ``--swap-via nova``, which changes
    nothing.

    :param volume: where it was read already
    :param read: how to read what does not need each other's answers
    :raises CloudError: what has to be known was not shown
    :raises LookupFailedError: the volume is none, or several
    """
    if volume is None:
        volume = find_volume(cloud, request.action.resource_id)
    found = read(_of_volume(cloud, volume, request.path))
    types = found.pop("types")
    present = find_type(types, volume.type_id)
    wanted = find_type(types, request.action.destination_type)
    listed = found.pop("listed")
    found["nova_asked"] = listed is not None
    # Known by now: the reads above were sent in these.
    found["block_storage_version"] = cloud.block_storage_version()
    if listed is not None:
        found["compute_version"] = cloud.compute_version()
    found |= read(
        _of_types(cloud, volume, request.path, present, wanted)
        | _of_servers(cloud, volume, found["attachments"], listed)
        | _of_compute(cloud, listed)
    )
    if request.path is model.Path.SWAP_VIA_NOVA:
        found["swap_accepted"] = _swap_accepted(
            cloud, volume, found["servers"]
        )
    return Survey(
        volume, volume_type=present, destination_type=wanted, **found
    )


#: How to read some of a survey's fields.
_Reads = dict[str, Callable[[], Any]]


def _of_volume(cloud: Cloud, volume: model.Volume, path: model.Path) -> _Reads:
    """What needs nothing but the volume."""
    reads: _Reads = {
        "types": cloud.list_types,
        "snapshots": lambda: cloud.list_snapshots(volume.id),
        "pools": lambda: none_if_forbidden(cloud.list_pools),
        "volume_services": lambda: none_if_forbidden(
            cloud.list_volume_services
        ),
    }
    if volume.moving:
        reads["target"] = lambda: _target(cloud, volume)
    if volume.status == AWAITING_TRANSFER:
        reads["transfers"] = lambda: none_if_forbidden(cloud.list_transfers)
    if path is model.Path.SWAP_VIA_NOVA:
        reads["project"] = lambda: _project(cloud, volume.project_id)
    # Who has the volume, by each service's own record: a volume that looks
    # free to the one may be a running guest's disk to the other.
    reads["attachments"] = lambda: _attachments(cloud, volume)
    reads["listed"] = lambda: _listed_by_nova(cloud, volume)
    return reads


def _attachments(
    cloud: Cloud, volume: model.Volume
) -> Sequence[model.Attachment]:
    """All attachments; of a Cinder that lists none, what the volume shows."""
    try:
        return cloud.list_attachments(volume.id)
    except errors.TooOldError:
        return volume.attachments


def _listed_by_nova(
    cloud: Cloud, volume: model.Volume
) -> Sequence[model.Server] | None:
    """Nova's answer to who has the volume; None where nobody can be asked."""
    try:
        return cloud.servers_of_volume(volume.id, volume.project_id)
    except (errors.ServiceMissingError, errors.ForbiddenError):
        return None


def _of_types(
    cloud: Cloud,
    volume: model.Volume,
    path: model.Path,
    present: model.VolumeType | None,
    wanted: model.VolumeType | None,
) -> _Reads:
    """What needs the types: access to them, their encryption, quotas."""
    reads: _Reads = {}
    if wanted is None:
        return reads
    if not wanted.is_public:
        reads["type_projects"] = lambda: none_if_forbidden(
            lambda: cloud.type_projects(wanted.id)
        )
    if path is model.Path.MIGRATE:
        return reads
    if path is model.Path.SWAP_VIA_NOVA or wanted.id != volume.type_id:
        reads["quota"] = lambda: none_if_forbidden(
            lambda: cloud.quota(volume.project_id)
        )
    # Encryption matters for an attached volume, which cannot be swapped with
    # LUKS, for one that is not encrypted and would be, and for types whose
    # extra specs are the same: only if nothing at all differs does Cinder
    # move the row without the data (services.rst, services-same-specs).
    same = present is not None and present.extra_specs == wanted.extra_specs
    if volume.attachments or same or not volume.encrypted:
        reads["destination_encryption"] = lambda: cloud.type_encryption(
            wanted.id
        )
    if volume.attachments:
        reads |= _of_qos(cloud, present, wanted)
    type_id = volume.type_id
    if type_id and (same or (volume.attachments and volume.encrypted)):
        reads["source_encryption"] = lambda: cloud.type_encryption(type_id)
    return reads


def _of_qos(
    cloud: Cloud,
    present: model.VolumeType | None,
    wanted: model.VolumeType,
) -> _Reads:
    """Who applies the types' QoS specs, where they differ."""
    old = present.qos_specs_id if present else None
    new = wanted.qos_specs_id
    reads: _Reads = {}
    if old and old != new:
        reads["source_qos"] = lambda: none_if_forbidden(
            lambda: cloud.qos_consumer(old)
        )
    if new and old != new:
        reads["destination_qos"] = lambda: none_if_forbidden(
            lambda: cloud.qos_consumer(new)
        )
    return reads


def _of_servers(
    cloud: Cloud,
    volume: model.Volume,
    attachments: Sequence[model.Attachment],
    listed: Sequence[model.Server] | None,
) -> _Reads:
    """The servers that Cinder names and Nova's list has not."""
    if listed is None:
        return {"servers": tuple}
    named = {
        attachment.server_id
        for attachment in _all_attachments(volume, attachments)
        if attachment.server_id
    }
    missing = named - {server.id for server in listed}
    return {"servers": lambda: (*listed, *_servers(cloud, missing))}


def _of_compute(cloud: Cloud, listed: Sequence[model.Server] | None) -> _Reads:
    """Who would do a live move, and whether all of Nova's cells answer."""
    if listed is None:
        return {}
    return {
        "compute_services": lambda: none_if_forbidden(
            cloud.list_compute_services
        )
    }


def _swap_accepted(
    cloud: Cloud, volume: model.Volume, servers: Sequence[model.Server]
) -> bool | None:
    """Whether Nova takes a direct swap; None where that cannot be tried."""
    if len(volume.attachments) != 1:
        return None
    server_id = volume.attachments[0].server_id
    for server in servers:
        if server.id == server_id and volume.id in (server.volume_ids or ()):
            return cloud.probe_swap(server.id, volume.id)
    return None


def _all_attachments(
    volume: model.Volume, attachments: Sequence[model.Attachment]
) -> Sequence[model.Attachment]:
    if volume.moving:
        return volume.attachments
    shown = {attachment.id for attachment in volume.attachments}
    return (
        *volume.attachments,
        *(one for one in attachments if one.id not in shown),
    )


def _project(cloud: Cloud, project_id: str) -> model.Project | None:
    """A volume's project; None is one that was deleted."""
    try:
        return cloud.get_project(project_id)
    except errors.NotFoundError:
        return None


def _target(cloud: Cloud, volume: model.Volume) -> model.Volume | None:
    found = cloud.list_volumes(migration_status=f"target:{volume.id}")
    return found[0] if found else None


def _servers(
    cloud: Cloud, server_ids: Collection[str]
) -> Iterator[model.Server]:
    for server_id in sorted(server_ids):
        with contextlib.suppress(errors.NotFoundError):
            yield cloud.get_server(server_id)
