# SPDX-License-Identifier: Apache-2.0

"""Cinder, through python-cinderclient."""

from __future__ import annotations

import functools
import itertools
import sys
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib import parse

from cinderclient import client as cinder_client

from volmigrateclient.core import model
from volmigrateclient.core.model import errors, microversion
from volmigrateclient.gateway import connection, failures, microversions

#: IDs in one list request: its URL stays under the shortest usual limit.
_IDS_PER_REQUEST = 50

#: Rows of one page, as many as Cinder gives by default.
_PAGE = 1000

#: Without it, Cinder lists an admin's own project alone. It comes last: older
#: releases evaluate a list of values only in the first filter that they read
#: (services.rst, services-lists).
_ALL_PROJECTS: dict[str, object] = {"all_tenants": 1}

#: What Cinder mixes into an attached volume's metadata by itself.
_ADMIN_METADATA = ("readonly", "attached_mode")

#: No volume has this ID.
_NO_ID = str(uuid.UUID(int=0))

_BINARY = "cinder-volume"
_HOST = "os-vol-host-attr:host"

#: "Precondition failed": the client replaces what it has read before.
_CHANGED_MEANWHILE = 412


@failures.translated_class("Cinder")
class BlockStorage:
    """See :class:`volmigrateclient.core.cloud.BlockStorage`."""

    def __init__(self, link: connection.Connection) -> None:
        self._cinder_link = link
        self._cinder_version = microversions.Negotiated(
            microversions.CINDER, link
        )
        #: By name, for a Cinder that tells no volume's type but by name.
        self._type_ids: dict[str, str] = {}

    @functools.cached_property
    def _cinder(self) -> Any:
        link = self._cinder_link
        return cinder_client.Client(
            str(self._cinder_version.get()),
            session=link.gated(),
            region_name=link.region_name,
            endpoint_type=link.interface,
            endpoint_override=link.endpoint_overrides.get("block-storage"),
        )

    def block_storage_version(self) -> model.Microversion:
        return self._cinder_version.get()

    def _needs(self, needed: model.Microversion) -> None:
        takes = self._cinder_version.get()
        if takes < needed:
            raise errors.TooOldError("Cinder", takes, needed)

    def find_volumes(self, name_or_id: str) -> Sequence[model.Volume]:
        volume_id = _as_uuid(name_or_id)
        if volume_id is not None:
            found = self.get_volumes([volume_id])
            if found:
                return list(found.values())
        # Older releases of Cinder evaluate a name as a Python literal, so
        # that one like None finds other volumes.
        named = [
            volume
            for volume in self.list_volumes(name=name_or_id)
            if volume.name == name_or_id
        ]
        if not named and volume_id is None:
            # All projects were looked in for an admin only; for others
            # Cinder silently leaves it at their own. This tells.
            self.get_volumes([_NO_ID])
        return named

    def get_volumes(
        self, volume_ids: Collection[str]
    ) -> Mapping[str, model.Volume]:
        wanted = list(volume_ids)
        found: dict[str, model.Volume] = {}
        for start in range(0, len(wanted), _IDS_PER_REQUEST):
            part = wanted[start : start + _IDS_PER_REQUEST]
            for volume in self._listed(part):
                found[volume.id] = volume
        return found

    def _listed(self, volume_ids: list[str]) -> Sequence[model.Volume]:
        return self.list_volumes(id=str(volume_ids))

    def list_volumes(self, **filters: object) -> Sequence[model.Volume]:
        return self.list_volumes_while(lambda page: True, **filters)

    def list_volumes_while(
        self,
        worth: Callable[[Sequence[model.Volume]], bool],
        **filters: object,
    ) -> Sequence[model.Volume]:
        found: list[model.Volume] = []
        try:
            for rows in self._pages(
                "/volumes/detail", "volumes", _ALL_PROJECTS | filters
            ):
                if self._cinder_version.get() < microversion.VOLUME_TYPE_IDS:
                    self._add_type_ids(rows)
                page = [_volume(row) for row in rows]
                found += page
                if not worth(page):
                    break
        except cinder_client.exceptions.BadRequest as error:
            # Only admins may filter by what we filter by.
            if "Invalid filters" not in str(error):
                raise
            raise errors.ForbiddenError(
                "Cinder does not let this user look at all projects' "
                "volumes: admin credentials are needed",
                403,
            ) from error
        return found

    def _add_type_ids(self, rows: Sequence[dict[str, Any]]) -> None:
        """Look up the types of volumes, of which Cinder gave the names.

        The names are those that the last reading of the types showed. Each
        move begins with one, in its survey.
        """
        named = {row["volume_type"] for row in rows if row["volume_type"]}
        if not named <= self._type_ids.keys():
            self.list_types()
        for row in rows:
            row["volume_type_id"] = self._type_ids.get(row["volume_type"])

    def list_snapshots(self, volume_id: str) -> Sequence[model.Snapshot]:
        return [
            snapshot
            for _, snapshot in self.list_all_snapshots(volume_id=volume_id)
        ]

    def list_all_snapshots(
        self, **filters: object
    ) -> Sequence[tuple[str, model.Snapshot]]:
        return [
            (
                row["volume_id"],
                model.Snapshot(row["id"], row["name"] or "", row["status"]),
            )
            for row in self._rows(
                "/snapshots/detail", "snapshots", filters | _ALL_PROJECTS
            )
        ]

    def list_attachments(self, volume_id: str) -> Sequence[model.Attachment]:
        return self._attachments(volume_id=volume_id)

    def list_all_attachments(self) -> Sequence[model.Attachment]:
        return self._attachments()

    def _attachments(self, **filters: object) -> list[model.Attachment]:
        self._needs(microversion.ATTACHMENTS)
        # Not the details: those hold connection_info, the backend's secrets.
        return [
            model.Attachment(
                id=row["id"],
                volume_id=row["volume_id"],
                server_id=row["instance"],
                status=row["status"],
            )
            for row in self._rows(
                "/attachments", "attachments", filters | _ALL_PROJECTS
            )
        ]

    def list_types(self) -> Sequence[model.VolumeType]:
        types = [
            model.VolumeType(
                id=row["id"],
                name=row["name"],
                is_public=row["is_public"],
                extra_specs=row.get("extra_specs") or {},
                qos_specs_id=row.get("qos_specs_id"),
            )
            for row in self._rows(
                "/types", "volume_types", {"is_public": None}
            )
        ]
        self._type_ids = {found.name: found.id for found in types}
        return types

    def type_projects(self, type_id: str) -> Collection[str]:
        rows = self._cinder.volume_type_access.list(type_id)
        return {row.project_id for row in rows}

    def type_encryption(self, type_id: str) -> model.Encryption | None:
        row = self._cinder.volume_encryption_types.get(type_id).to_dict()
        # A type without encryption is answered with an empty object.
        provider = row.get("provider")
        return model.Encryption(provider) if provider else None

    def qos_consumer(self, qos_specs_id: str) -> str | None:
        body = self._cinder.qos_specs.get(qos_specs_id).to_dict()
        consumer = body.get("consumer")
        return str(consumer) if consumer else None

    def list_pools(self) -> Sequence[model.Pool]:
        pools = []
        for row in self._cinder.pools.list(detailed=True):
            # The manager moves capabilities into attributes of the pool.
            body = row.to_dict()
            pools.append(
                model.Pool(body["name"], body.get("capabilities") or body)
            )
        return pools

    def list_volume_services(self) -> Sequence[model.Service]:
        return [
            model.Service(
                host=row.host,
                enabled=row.status == "enabled",
                up=row.state == "up",
                frozen=bool(getattr(row, "frozen", False)),
                cluster=getattr(row, "cluster", None),
                disabled_reason=getattr(row, "disabled_reason", None),
                zone=row.zone,
            )
            for row in self._cinder.services.list(binary=_BINARY)
        ]

    def list_volume_clusters(self) -> Sequence[model.Cluster]:
        return [
            model.Cluster(
                name=row.name,
                enabled=row.status == "enabled",
                disabled_reason=row.disabled_reason,
            )
            for row in self._cinder.clusters.list(
                binary=_BINARY, detailed=True
            )
        ]

    def disable_volume_service(self, host: str, reason: str) -> None:
        self._cinder.services.disable_log_reason(host, _BINARY, reason)

    def enable_volume_service(self, host: str) -> None:
        self._cinder.services.enable(host, _BINARY)

    def disable_volume_cluster(self, name: str, reason: str) -> None:
        self._cinder.clusters.update(name, _BINARY, True, reason)

    def enable_volume_cluster(self, name: str) -> None:
        self._cinder.clusters.update(name, _BINARY, False)

    def quota(self, project_id: str) -> Mapping[str, model.Quota]:
        body = self._cinder.quotas.get(project_id, usage=True).to_dict()
        return {
            resource: model.Quota(
                limit=usage["limit"],
                in_use=usage["in_use"],
                reserved=usage["reserved"],
            )
            for resource, usage in body.items()
            if isinstance(usage, dict)
        }

    def list_messages(self, volume_id: str) -> Sequence[str]:
        self._needs(microversion.MESSAGES)
        rows = self._cinder.messages.list(
            search_opts={"resource_uuid": volume_id}
        )
        return [row.user_message for row in rows]

    def list_transfers(self) -> Mapping[str, str]:
        rows = self._cinder.transfers.list(search_opts={"all_tenants": 1})
        return {row.volume_id: row.id for row in rows}

    def migrate_volume(
        self,
        volume_id: str,
        pool: str,
        *,
        lock: bool,
        clustered: bool = False,
        force_host_copy: bool = False,
    ) -> str:
        return _request_id(
            self._cinder.volumes.migrate_volume(
                volume_id,
                None if clustered else pool,
                force_host_copy=force_host_copy,
                lock_volume=lock,
                cluster=pool if clustered else None,
            )
        )

    def fail_migration(self, volume_id: str, target_id: str) -> None:
        self._cinder.volumes.migrate_volume_completion(
            volume_id, target_id, True
        )

    def retype_volume(self, volume_id: str, type_id: str, policy: str) -> str:
        return _request_id(
            self._cinder.volumes.retype(volume_id, type_id, policy)
        )

    def update_volume(self, volume_id: str, **fields: str) -> None:
        self._cinder.volumes.update(volume_id, **fields)

    def set_metadata(
        self, volume_id: str, metadata: Mapping[str, str]
    ) -> None:
        self._cinder.volumes.set_metadata(volume_id, dict(metadata))

    def unset_metadata(self, volume_id: str, keys: Collection[str]) -> None:
        # All at once or none: half a mark could not be found any more.
        held = self._cinder.volumes.get(volume_id).metadata
        present = [key for key in keys if key in held]
        if not present:
            return
        try:
            self._cinder.volumes.delete_metadata(volume_id, present)
        except cinder_client.exceptions.ClientException as error:
            if error.code != _CHANGED_MEANWHILE:
                raise
            raise errors.UnansweredError(
                f"metadata of volume {volume_id} was changed meanwhile",
                error.code,
            ) from error

    def set_bootable(self, volume_id: str, bootable: bool) -> None:
        self._cinder.volumes.set_bootable(volume_id, bootable)

    def set_image_metadata(
        self, volume_id: str, metadata: Mapping[str, str]
    ) -> None:
        self._cinder.volumes.set_image_metadata(volume_id, dict(metadata))

    def set_read_only(self, volume_id: str) -> None:
        # Never False: the mere key makes Cinder attach read-only.
        self._cinder.volumes.update_readonly_flag(volume_id, True)

    def roll_detaching(self, volume_id: str) -> None:
        self._cinder.volumes.roll_detaching(volume_id)

    def reset_status(self, volume_id: str, status: str) -> None:
        self._cinder.volumes.reset_state(volume_id, status)

    def reserve_attachment(self, volume_id: str, server_id: str) -> None:
        self._needs(microversion.ATTACHMENT_MODES)
        self._cinder.attachments.create(volume_id, None, server_id, "rw")

    def complete_attachment(self, attachment_id: str) -> None:
        self._needs(microversion.ATTACHMENT_MODES)
        self._cinder.attachments.complete(attachment_id)

    def delete_attachment(self, attachment_id: str) -> None:
        self._needs(microversion.ATTACHMENTS)
        self._cinder.attachments.delete(attachment_id)

    def delete_volume(self, volume_id: str) -> None:
        self._cinder.volumes.delete(volume_id)

    def _rows(
        self, path: str, key: str, filters: Mapping[str, object]
    ) -> Iterator[dict[str, Any]]:
        """The rows of all pages."""
        return itertools.chain.from_iterable(self._pages(path, key, filters))

    def _pages(
        self, path: str, key: str, filters: Mapping[str, object]
    ) -> Iterator[list[dict[str, Any]]]:
        """All rows, page by page.

        cinderclient holds every page until it has the last, follows links as
        Cinder writes them, which behind a proxy may lead nowhere, and looks
        for the link of volume types under a name that they do not have.

        :param key: of the rows in the answer
        """
        asked: dict[str, object] = {**filters, "limit": _PAGE}
        while True:
            _, body = self._cinder.client.get(
                f"{path}?{parse.urlencode(asked)}"
            )
            page = body[key]
            yield page
            if not page or not _has_more(body, key):
                return
            asked["marker"] = page[-1]["id"]


def _has_more(body: Mapping[str, Any], key: str) -> bool:
    """Whether there may be another page (services.rst, services-lists)."""
    if key == "attachments":
        # They come without a link. To ask again is in vain almost always,
        # except where an operator allows but a few rows.
        return len(body[key]) > 1
    return any(
        link.get("rel") == "next"
        for name, links in body.items()
        if name.endswith("_links")
        for link in links
    )


def _volume(body: Mapping[str, Any]) -> model.Volume:
    if _HOST not in body:
        raise errors.ForbiddenError(
            f"Cinder does not show on which pool volume {body['id']} is: "
            "admin credentials are needed",
            403,
        )
    metadata = dict(body.get("metadata") or {})
    admin = {key: metadata.pop(key, None) for key in _ADMIN_METADATA}
    return model.Volume(
        id=body["id"],
        name=body.get("name") or "",
        project_id=_shared(body.get("os-vol-tenant-attr:tenant_id", "")),
        status=_shared(body["status"]),
        size=body["size"],
        type_id=_shared(body.get("volume_type_id")),
        type_name=_shared(body.get("volume_type")),
        host=_shared(body[_HOST]),
        cluster_name=_shared(body.get("cluster_name")),
        name_id=body.get("os-vol-mig-status-attr:name_id"),
        migration_status=body.get("migration_status") or None,
        attachments=tuple(
            model.Attachment(
                id=row["attachment_id"],
                volume_id=row["volume_id"],
                server_id=row["server_id"],
                device=row.get("device"),
                host=row.get("host_name"),
            )
            for row in body.get("attachments") or ()
        ),
        availability_zone=_shared(body.get("availability_zone")),
        bootable=body.get("bootable") in ("true", True),
        encrypted=bool(body.get("encrypted")),
        multiattach=bool(body.get("multiattach")),
        replication_status=_shared(body.get("replication_status")),
        group_id=body.get("group_id") or body.get("consistencygroup_id"),
        description=body.get("description"),
        metadata=metadata,
        image_metadata=dict(body.get("volume_image_metadata") or {}),
        read_only=str(admin["readonly"]).lower() == "true",
        created_at=body.get("created_at"),
        updated_at=body.get("updated_at"),
    )


def _shared(text: Any) -> Any:
    """The same text, kept once however many volumes have it."""
    return sys.intern(text) if isinstance(text, str) else text


def _request_id(answer: Any) -> str:
    return next(iter(getattr(answer, "request_ids", [])), "")


def _as_uuid(text: str) -> str | None:
    """A UUID as Cinder writes it; None for what is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
