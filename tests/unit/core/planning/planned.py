# SPDX-License-Identifier: Apache-2.0

"""A cloud in memory of which plans can be made."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model
from volmigrateclient.core.planning import planner
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.selection import Selection


class Cloud(scripted_cloud.ScriptedCloud):
    """One that lists: volumes by the prefix of a host, snapshots, servers.

    :ivar filters: those of each list, in their order
    :ivar paged: how many rows were read of each list that came in pages
    :ivar quotas: by project
    :ivar moves: the readings of a volume once it was asked to move
    """

    def __init__(self, *volumes: model.Volume) -> None:
        super().__init__(*volumes)
        self.filters: list[dict[str, Any]] = []
        self.paged: list[int] = []
        self.owned: list[tuple[str, model.Snapshot]] = []
        self.moves: dict[str, list[model.Volume]] = {}
        self.quotas: dict[str, Mapping[str, model.Quota]] = {}
        self.pools = [builders.pool(name) for name in _POOLS]
        self.services = [
            builders.service(host=model.backend_of(name)) for name in _POOLS
        ]

    def list_volumes(self, **filters: Any) -> Sequence[model.Volume]:
        self._answer("list_volumes")
        self.filters.append(filters)
        host = filters.get("host", "")
        return [
            volume
            for volume in self.volumes.values()
            if (volume.host or "").startswith(host)
            and _matches(
                filters.get("migration_status"), volume.migration_status
            )
            and filters.get("project_id") in (None, volume.project_id)
            and filters.get("volume_type_id") in (None, volume.type_id)
        ]

    def list_volumes_while(
        self,
        worth: Callable[[Sequence[model.Volume]], bool],
        **filters: Any,
    ) -> Sequence[model.Volume]:
        """In pages of a hundred."""
        rows = self.list_volumes(**filters)
        self.paged.append(0)
        for start in range(0, len(rows), 100):
            page = rows[start : start + 100]
            self.paged[-1] += len(page)
            if not worth(page):
                break
        return rows[: self.paged[-1]]

    def migrate_volume(
        self, volume_id: str, pool: str, *, lock: bool, **how: bool
    ) -> str:
        self.script[volume_id] = list(self.moves.get(volume_id, ()))
        return super().migrate_volume(volume_id, pool, lock=lock, **how)

    def list_all_snapshots(
        self, **filters: Any
    ) -> Sequence[tuple[str, model.Snapshot]]:
        self._answer("list_all_snapshots")
        self.filters.append(filters)
        return self.owned

    def list_pools(self) -> Sequence[model.Pool]:
        self._answer("list_pools")
        return self.pools

    def list_volume_services(self) -> Sequence[model.Service]:
        self._answer("list_volume_services")
        return self.services

    def quota(self, project_id: str) -> Mapping[str, model.Quota]:
        self._answer("quota")
        return self.quotas.get(project_id, {})


def _matches(wanted: str | None, status: str | None) -> bool:
    """As Cinder takes a filter: a text, or a list in a text."""
    if wanted is None or wanted == status:
        return True
    return wanted.startswith("[") and status in ast.literal_eval(wanted)


_POOLS = (builders.POOL, builders.SPARE, builders.OTHER)


def planned(
    cloud: Cloud,
    *nodes: str,
    volume_type: str | None = None,
    order: Order = Order.GIVEN,
    **conditions: Any,
) -> list[planner.Assessment]:
    """The plan for what fits the conditions: by default, all on the pool."""
    conditions.setdefault("source_nodes", (builders.POOL,))
    return planner.plan(
        cloud.core,
        Selection(**conditions),
        planner.Destination(nodes, volume_type),
        order,
    )
