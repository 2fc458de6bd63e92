# SPDX-License-Identifier: Apache-2.0

"""Servers that were read by a list, found by their volumes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from volmigrateclient.core import model


class ServerIndex:
    """Finds servers by their ID, and by a volume that they have."""

    def __init__(self, servers: Iterable[model.Server]) -> None:
        self._by_id: dict[str, model.Server] = {}
        self._by_volume: dict[str, list[model.Server]] = {}
        for server in servers:
            self._by_id[server.id] = server
            for volume_id in server.volume_ids or ():
                self._by_volume.setdefault(volume_id, []).append(server)

    def get(self, server_id: str) -> model.Server | None:
        """The server with that ID."""
        return self._by_id.get(server_id)

    def of_volume(self, volume_id: str) -> Sequence[model.Server]:
        """The servers that have a volume."""
        return self._by_volume.get(volume_id, ())
