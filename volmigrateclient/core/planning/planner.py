# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""From a selection and destinations to planned actions; changes nothing."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping, Sequence

from volmigrateclient.core import action as action_
from volmigrateclient.core import checks, errors, model, specs
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core.planning import inventory as inventory_
from volmigrateclient.core.planning import selection as selection_


class Order(enum.Enum):
    """In which order volumes are moved."""

    LISTED = "listed"
    SMALLEST = "smallest"
    LARGEST = "largest"


class Verdict(enum.Enum):
    """Whether an action can be carried out, as far as is seen now."""

    READY = "ready"
    BLOCKED = "blocked"
    ALREADY_THERE = "already there"


@dataclasses.dataclass(frozen=True)
class Planned:
    """A volume, its action, and everything that speaks against it."""

    volume: model.Volume
    action: action_.Action
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Destination:
    """Pools, filled in their order, or one type."""

    nodes: tuple[str, ...] = ()
    volume_type: str | None = None


def plan(
    cloud: cloud_.Cloud,
    selection: selection_.Selection,
    destination: Destination,
    order: Order = Order.LISTED,
) -> list[Planned]:
    """One action for each selected volume; only list requests.

    :raises LookupFailedError: a type or pool that does not exist
    """
    types = cloud.list_types()
    selected = selection_.select(cloud, selection, types)
    volumes = _sorted(selected.volumes, order)
    inventory = inventory_.Inventory.take(
        cloud,
        types,
        volumes,
        host=selection.source_node,
        project_id=selection.project_id,
    )
    _refuse_unknown(inventory, destination)
    return list(_Ledger(inventory, destination).enter(volumes))


def _sorted(
    volumes: Sequence[model.Volume], order: Order
) -> Sequence[model.Volume]:
    if order is Order.LISTED:
        return volumes
    return sorted(
        volumes, key=lambda v: v.size, reverse=order is Order.LARGEST
    )


def _refuse_unknown(
    inventory: inventory_.Inventory, destination: Destination
) -> None:
    known = {pool.name for pool in inventory.pools}
    missing = [node for node in destination.nodes if node not in known]
    if missing:
        raise errors.LookupFailedError(
            f"the scheduler knows no pool {', '.join(missing)} (see "
            "'openstack volume backend pool list')"
        )
    wanted = destination.volume_type
    if wanted is not None and not any(
        wanted in (t.id, t.name) for t in inventory.types
    ):
        raise errors.LookupFailedError(
            f"No volume type with a name or ID of '{wanted}' exists"
        )


class _Ledger:
    """Enters volumes one by one, and keeps what is left for the next."""

    def __init__(
        self, inventory: inventory_.Inventory, destination: Destination
    ) -> None:
        self._inventory = inventory
        self._destination = destination
        self._pools = {pool.name: pool for pool in inventory.pools}
        self._quotas: dict[str, dict[str, model.Quota] | None] = {}
        self._types = {t.id: t for t in inventory.types}

    def enter(self, volumes: Sequence[model.Volume]) -> Iterator[Planned]:
        """Plan volumes in this order."""
        for volume in volumes:
            action = self._action(volume)
            survey = self._inventory.survey(
                volume,
                action,
                self._quota(volume.project_id),
                tuple(self._pools.values()),
            )
            options = action_.Options(unattended=True)
            case = checks.Case(action, options, survey)
            there = checks.already_there(case)
            if there is not None:
                yield Planned(volume, action, Verdict.ALREADY_THERE, (there,))
                continue
            blockers = checks.blockers(checks.of(action, options, survey))
            if blockers:
                yield Planned(
                    volume,
                    action,
                    Verdict.BLOCKED,
                    tuple(errors.sentences(blockers)),
                )
                continue
            self._book(volume, action, case)
            yield Planned(volume, action, Verdict.READY)

    def _action(self, volume: model.Volume) -> action_.Action:
        attached = bool(volume.attachments)
        kind = action_.SWAP if attached else action_.COLD
        if self._destination.volume_type is not None:
            return action_.Action(
                volume.id,
                kind,
                destination_type=self._destination.volume_type,
            )
        return action_.Action(
            volume.id,
            kind,
            destination_node=self._node(volume),
            # A swap needs a type: its own, so that only the pool changes.
            destination_type=volume.type_name if attached else None,
        )

    def _node(self, volume: model.Volume) -> str:
        """The first pool, in the order given, that can take a volume."""
        nodes = self._destination.nodes
        if volume.host in nodes:
            return str(volume.host)
        volume_type = self._types.get(volume.type_id or "")
        for node in nodes:
            pool = self._pools[node]
            if volume_type and specs.mismatches(volume_type, pool):
                continue
            if specs.room(pool, volume_type) >= volume.size:
                return node
        return nodes[0]

    def _quota(self, project_id: str) -> Mapping[str, model.Quota] | None:
        if project_id not in self._quotas:
            seen = self._inventory.quota(project_id)
            self._quotas[project_id] = None if seen is None else dict(seen)
        return self._quotas[project_id]

    def _book(
        self,
        volume: model.Volume,
        action: action_.Action,
        case: checks.Case,
    ) -> None:
        node = action.destination_node
        if node is not None:
            self._pools[node] = specs.filled(self._pools[node], volume.size)
        quota = self._quotas.get(volume.project_id)
        wanted = case.wanted_type
        if quota is None or wanted is None or not case.type_changes:
            return
        for resource, amount in (
            (f"volumes_{wanted.name}", 1),
            (f"gigabytes_{wanted.name}", volume.size),
        ):
            if resource in quota:
                was = quota[resource]
                quota[resource] = dataclasses.replace(
                    was, reserved=was.reserved + amount
                )
