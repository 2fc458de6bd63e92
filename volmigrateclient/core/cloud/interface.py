# SPDX-License-Identifier: Apache-2.0

"""The interface to the cloud that the core needs.

:mod:`volmigrateclient.gateway` carries it out with the services' clients.
Every method is one API request unless it says otherwise, and raises a
:class:`.errors.CloudError`; reads may be repeated, writes never blindly.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Mapping, Sequence

from volmigrateclient.core import model


class BlockStorage(typing.Protocol):
    """What Cinder is asked."""

    def block_storage_version(self) -> model.Microversion:
        """In which it is asked: says what it tells. One request, once.

        :raises NoMicroversionsError: its endpoint is one of an older API
        :raises ServiceMissingError: the catalogue has none
        """

    def find_volumes(self, name_or_id: str) -> Sequence[model.Volume]:
        """Volumes of all projects with that ID or else that name."""

    def get_volumes(
        self, volume_ids: Collection[str]
    ) -> Mapping[str, model.Volume]:
        """Those of the volumes that exist, by ID: a request per 50 IDs."""

    def list_volumes(self, **filters: object) -> Sequence[model.Volume]:
        """Volumes of all projects that match all of Cinder's filters."""

    def list_volumes_while(
        self,
        worth: Callable[[Sequence[model.Volume]], bool],
        **filters: object,
    ) -> Sequence[model.Volume]:
        """The same, page by page: a request for each 1000.

        :param worth: is given each page, and says whether to ask for more
        """

    def list_snapshots(self, volume_id: str) -> Sequence[model.Snapshot]:
        """The snapshots of a volume, of whatever project."""

    def list_all_snapshots(
        self, **filters: object
    ) -> Sequence[tuple[str, model.Snapshot]]:
        """Snapshots of all projects, each with its volume's ID.

        A request for each 1000. A ``host`` filter is one by prefix.
        """

    def list_attachments(self, volume_id: str) -> Sequence[model.Attachment]:
        """All attachments of a volume, reserved ones too; no secrets."""

    def list_all_attachments(self) -> Sequence[model.Attachment]:
        """All attachments of all projects: a request for each 1000."""

    def list_types(self) -> Sequence[model.VolumeType]:
        """All volume types, private ones too."""

    def type_projects(self, type_id: str) -> Collection[str]:
        """The projects that may use a private type."""

    def type_encryption(self, type_id: str) -> model.Encryption | None:
        """How a type encrypts, or None."""

    def qos_consumer(self, qos_specs_id: str) -> str | None:
        """Who applies QoS specs: front-end, back-end or both; or None."""

    def list_pools(self) -> Sequence[model.Pool]:
        """The pools that the scheduler may choose from."""

    def list_volume_services(self) -> Sequence[model.Service]:
        """The cinder-volume services, ``host`` being ``host@backend``."""

    def list_volume_clusters(self) -> Sequence[model.Cluster]:
        """The clusters of cinder-volume services."""

    def disable_volume_service(self, host: str, reason: str) -> None:
        """Have the scheduler place nothing on ``host@backend``.

        With 200 as an answer it may be enabled all the same: read it back
        (services.rst, services-enable).
        """

    def enable_volume_service(self, host: str) -> None:
        """Undo it; the same holds for the answer."""

    def disable_volume_cluster(self, name: str, reason: str) -> None:
        """The same of a cluster, ``cluster@backend``."""

    def enable_volume_cluster(self, name: str) -> None:
        """The same of a cluster."""

    def quota(self, project_id: str) -> Mapping[str, model.Quota]:
        """A project's block storage quota by resource."""

    def list_messages(self, volume_id: str) -> Sequence[str]:
        """What Cinder tells users of a volume, newest first."""

    def list_transfers(self) -> Mapping[str, str]:
        """The transfers that await acceptance: their IDs, by volume."""

    def migrate_volume(
        self,
        volume_id: str,
        pool: str,
        *,
        lock: bool,
        clustered: bool = False,
        force_host_copy: bool = False,
    ) -> str:
        """Ask for os-migrate_volume; gives the request ID.

        :param lock: have a detached volume be in maintenance meanwhile
        :param clustered: the pool is a cluster's, ``cluster@backend#pool``
        :param force_host_copy: have Cinder copy the data, whatever the
            driver could do itself
        """

    def fail_migration(self, volume_id: str, target_id: str) -> None:
        """Have Cinder end a migration with an error, and delete its target.

        Only where nothing uses the target: its data are gone then.
        """

    def retype_volume(self, volume_id: str, type_id: str, policy: str) -> str:
        """Ask for os-retype; gives the request ID."""

    def update_volume(self, volume_id: str, **fields: str) -> None:
        """Set a volume's name or description."""

    def set_metadata(
        self, volume_id: str, metadata: Mapping[str, str]
    ) -> None:
        """Add to a volume's metadata."""

    def unset_metadata(self, volume_id: str, keys: Collection[str]) -> None:
        """Remove keys of a volume's metadata, all at once or none."""

    def set_bootable(self, volume_id: str, bootable: bool) -> None:
        """Set the bootable flag."""

    def set_image_metadata(
        self, volume_id: str, metadata: Mapping[str, str]
    ) -> None:
        """Add to what a volume knows of the image that it was made from."""

    def set_read_only(self, volume_id: str) -> None:
        """Have the volume attached read-only from now on."""

    def roll_detaching(self, volume_id: str) -> None:
        """Put a ``detaching`` volume back to ``in-use``."""

    def reset_status(self, volume_id: str, status: str) -> None:
        """Write a volume's status; its attachments stay as they are."""

    def reserve_attachment(self, volume_id: str, server_id: str) -> None:
        """Make an attachment without a connection: no backend is asked.

        Cinder refuses it unless the volume waits for one; for a server that
        has one already it makes another.
        """

    def complete_attachment(self, attachment_id: str) -> None:
        """Have an attachment be attached, and its volume in-use."""

    def delete_attachment(self, attachment_id: str) -> None:
        """Delete an attachment that was reserved and never connected."""

    def delete_volume(self, volume_id: str) -> None:
        """Ask for a volume's deletion; never with force or cascade."""


class Compute(typing.Protocol):
    """What Nova is asked."""

    def compute_version(self) -> model.Microversion:
        """In which it is asked: says what it tells. One request, once.

        :raises NoMicroversionsError: its endpoint is one of an older API
        :raises ServiceMissingError: the catalogue has none
        """

    def get_server(self, server_id: str) -> model.Server:
        """A server of any project."""

    def servers_of_volume(
        self, volume_id: str, project_id: str
    ) -> Sequence[model.Server]:
        """The project's servers that Nova says have the volume.

        A request for each 1000 servers of the project. Nova leaves out those
        whose cell is down (services.rst, services-servers).
        """

    def list_servers(self, **filters: str) -> Sequence[model.Server]:
        """Servers of all projects: a request for each 1000."""

    def list_compute_services(self) -> Sequence[model.Service]:
        """The nova-compute services."""

    def list_server_volumes(
        self, server_id: str
    ) -> Sequence[model.ServerVolume]:
        """What Nova believes to be attached to a server."""

    def probe_swap(self, server_id: str, volume_id: str) -> bool:
        """Whether Nova would take a swap of this volume; changes nothing."""

    def swap_volume(self, server_id: str, old_id: str, new_id: str) -> str:
        """Update a volume attachment; gives the request ID."""

    def get_swap(
        self, server_id: str, request_id: str
    ) -> model.SwapAction | None:
        """The action that a swap request started, or None."""

    def list_actions(self, server_id: str) -> Sequence[model.ServerAction]:
        """What was done to a server, newest first."""

    def list_swaps(self, server_id: str) -> Sequence[model.SwapAction]:
        """A server's swap_volume actions, newest first, without events."""


class Identity(typing.Protocol):
    """What Keystone is asked, and what a temporary user can do."""

    def get_project(self, project_id: str) -> model.Project:
        """A project."""

    def project_names(self) -> Mapping[str, str]:
        """Names of projects, by ID: as many as one list shows."""

    def find_project(self, name_or_id: str, domain: str | None = None) -> str:
        """A project's ID, in any domain or in the one that is named."""

    def find_domain(self, name_or_id: str) -> str:
        """A domain's ID."""

    def find_role(self, name_or_id: str) -> str:
        """The ID of a role that belongs to no domain."""

    def password_regex(self) -> str | None:
        """What passwords have to match, where Keystone tells."""

    def find_users(
        self, domain_id: str | None, name_prefix: str
    ) -> Sequence[model.User]:
        """Users whose name starts so; in all domains for None."""

    def list_admins(self) -> Sequence[model.User]:
        """Users with a role called admin on something: two requests."""

    def create_user(
        self, name: str, domain_id: str, password: str, description: str
    ) -> model.User:
        """Make an enabled user that need not change its password."""

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user a password, as an admin."""

    def grant_role(self, user_id: str, project_id: str, role_id: str) -> None:
        """Give a user a role on a project."""

    def disable_user(self, user_id: str) -> None:
        """Let a user log in no more."""

    def delete_user(self, user_id: str) -> None:
        """Delete a user; one that is gone already is fine."""

    def create_volume_as(
        self,
        user_id: str,
        password: str,
        project_id: str,
        volume: Mapping[str, object],
    ) -> str:
        """Make a volume as that user in that project; gives its ID.

        Two requests: the user's token and the volume.
        """


class Cloud(BlockStorage, Compute, Identity, typing.Protocol):
    """A cloud, with an admin's eyes."""
