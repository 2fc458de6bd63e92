# SPDX-License-Identifier: Apache-2.0
"""Has Cinder and Nova disagree about who uses a volume.

By the means by which it comes about in real clouds: an admin's request, a
service that does not answer the other, and, where there is no such request,
somebody who edits a database.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from cinderclient.v3 import client as cinder_client
from novaclient import client as nova_client
from novaclient import exceptions

from tests.cloud import databases, errors, fault_switches

_GONE_SECONDS = 60.0


class StaleRecords:
    """Makes records of one cloud stale.

    :param database: gives one by its name
    :param nova_faults: Nova's fault switches
    """

    def __init__(
        self,
        database: Callable[[str], databases.Database],
        cinder: cinder_client.Client,
        nova: nova_client.Client,
        nova_faults: fault_switches.FaultSwitches,
    ) -> None:
        self._database = database
        self._cinder = cinder
        self._nova = nova
        self._nova_faults = nova_faults

    def cinder_forgets(self, volume_id: str) -> None:
        """Have Cinder say available and detached, as reset-state does.

        Nova's block device mapping and the guest's disk stay.
        """
        self._cinder.volumes.reset_state(
            volume_id, "available", attach_status="detached"
        )

    def nova_forgets(self, volume_id: str) -> None:
        """Delete Nova's block device mappings of a volume.

        Cinder's attachment and the guest's disk stay.

        :raises errors.CloudError: Nova has none
        """
        done = self._database("nova").execute(
            "UPDATE block_device_mapping SET deleted = id,"
            " deleted_at = CURRENT_TIMESTAMP"
            " WHERE volume_id = ? AND deleted = 0",
            volume_id,
        )
        if not done:
            raise errors.CloudError(f"Nova knows of no volume {volume_id}")

    def delete_server(self, server_id: str) -> None:
        """Delete a server while Cinder does not answer Nova.

        Its attachments stay in Cinder: attached ones as they are, those of a
        shelved server reserved. Nova knows the server no more.

        :raises errors.CloudError: it is still there after a minute
        """
        self._nova_faults.set(attachment_delete="fail")
        try:
            self._nova.servers.delete(server_id)
            deadline = time.monotonic() + _GONE_SECONDS
            while self._knows(server_id):
                if time.monotonic() > deadline:
                    raise errors.CloudError(f"server {server_id} stays")
                time.sleep(0.1)
        finally:
            self._nova_faults.set(attachment_delete=None)

    def _knows(self, server_id: str) -> bool:
        try:
            self._nova.servers.get(server_id)
        except exceptions.NotFound:
            return False
        return True

    def reserve(self, volume_id: str, server_id: str | None = None) -> str:
        """Reserve an available volume for a server that Nova never had.

        :param server_id: another server
        :returns: the attachment's ID
        """
        return self._created(volume_id, None, server_id or str(uuid.uuid4()))

    def attach_to_server(
        self, volume_id: str, server_id: str | None = None
    ) -> str:
        """Attach an available volume in Cinder; Nova does not hear of it.

        :param server_id: None for one that Nova never had
        :returns: the attachment's ID
        """
        return self._attached(
            volume_id, "cloud", server_id or str(uuid.uuid4())
        )

    def attach_to_host(self, volume_id: str, host: str) -> str:
        """Attach an available volume to a host, and to no server.

        So do bare-metal nodes, and Cinder for its own purposes.

        :returns: the attachment's ID
        """
        return self._attached(volume_id, host, None)

    def _attached(
        self, volume_id: str, host: str, server_id: str | None
    ) -> str:
        connector = {"host": host, "ip": "127.0.0.1", "mountpoint": "/dev/vdz"}
        attachment_id = self._created(volume_id, connector, server_id)
        self._cinder.attachments.complete(attachment_id)
        return attachment_id

    def _created(
        self,
        volume_id: str,
        connector: dict[str, str] | None,
        server_id: str | None,
    ) -> str:
        made = self._cinder.attachments.create(volume_id, connector, server_id)
        found: Any = made["id"] if isinstance(made, dict) else made.id
        return str(found)

    def add_attachment(
        self, volume_id: str, server_id: str | None = None
    ) -> str:
        """Give an attached volume one attachment more, in Cinder alone.

        No request does so for a volume that is not multiattach, except for
        a second attachment of the same server, during its migration.

        :param server_id: None for a server that Nova never had
        :returns: the attachment's ID
        :raises errors.CloudError: the volume has none yet
        """
        cinder = self._database("cinder")
        found = cinder.rows(
            "SELECT * FROM volume_attachment"
            " WHERE volume_id = ? AND deleted = 0",
            volume_id,
        )
        if not found:
            raise errors.CloudError(f"volume {volume_id} has no attachment")
        made = str(uuid.uuid4())
        changes = {
            "id": made,
            "instance_uuid": server_id or str(uuid.uuid4()),
        }
        cinder.insert("volume_attachment", found[0] | changes)
        return made
