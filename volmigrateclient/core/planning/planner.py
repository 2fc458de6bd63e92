# SPDX-License-Identifier: Apache-2.0

"""From a selection and destinations to planned actions; changes nothing."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping, Sequence

from volmigrateclient.core import action as action_
from volmigrateclient.core import checks, errors, model, specs
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core.checks import check
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


#: What another pool may not say.
_OF_THE_POOL = (check.POOL, check.SAME_TYPE)


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
        self._served: dict[tuple[str, str], bool] = {}

    def enter(self, volumes: Sequence[model.Volume]) -> Iterator[Planned]:
        """Plan volumes in this order."""
        for volume in volumes:
            yield self._planned(volume)

    def _planned(self, volume: model.Volume) -> Planned:
        nodes = self._nodes(volume)
        refused: list[Planned] = []
        for node in nodes:
            one, elsewhere = self._tried(volume, self._action(volume, node))
            if not elsewhere:
                return one
            refused.append(one)
        first = refused[0]
        others = [n for n in self._destination.nodes if n != nodes[0]]
        if others:
            reason = f"nor can {', '.join(others)} take it"
            first = dataclasses.replace(
                first, reasons=(*first.reasons, reason)
            )
        return first

    def _tried(
        self, volume: model.Volume, action: action_.Action
    ) -> tuple[Planned, bool]:
        """The action's verdict, and whether only its pool is against it."""
        survey = self._inventory.survey(
            volume,
            action,
            self._quota(volume),
            tuple(self._pools.values()),
        )
        options = action_.Options(unattended=True)
        case = checks.Case(action, options, survey)
        there = checks.already_there(case)
        if there is not None:
            return (
                Planned(volume, action, Verdict.ALREADY_THERE, (there,)),
                False,
            )
        blockers = checks.blockers(checks.of(action, options, survey))
        if not blockers:
            self._book(volume, action, case)
            return Planned(volume, action, Verdict.READY), False
        return (
            Planned(
                volume,
                action,
                Verdict.BLOCKED,
                tuple(errors.sentences(blockers)),
            ),
            action.destination_node is not None
            and all(b.sentence in _OF_THE_POOL for b in blockers),
        )

    def _action(
        self, volume: model.Volume, node: str | None
    ) -> action_.Action:
        attached = bool(volume.attachments)
        kind = action_.SWAP if attached else action_.COLD
        if node is None:
            return action_.Action(
                volume.id,
                kind,
                destination_type=self._destination.volume_type,
            )
        return action_.Action(
            volume.id,
            kind,
            destination_node=node,
            # A swap needs a type: its own, so that only the pool changes.
            destination_type=volume.type_name if attached else None,
        )

    def _nodes(self, volume: model.Volume) -> Sequence[str | None]:
        """The pools to try for a volume; at least one, to say why not."""
        nodes = self._destination.nodes
        if not nodes:
            return (None,)
        if volume.host in nodes:
            return (volume.host,)
        volume_type = self._types.get(volume.type_id or "")
        fitting = [
            node
            for node in nodes
            if specs.room(self._pools[node], volume_type) >= volume.size
            and self._serves(node, volume_type)
        ]
        return fitting or nodes[:1]

    def _serves(self, node: str, volume_type: model.VolumeType | None) -> bool:
        if volume_type is None:
            return True
        key = node, volume_type.id
        if key not in self._served:
            unmet = specs.mismatches(volume_type, self._pools[node])
            self._served[key] = not unmet
        return self._served[key]

    def _quota(self, volume: model.Volume) -> Mapping[str, model.Quota] | None:
        """The project's quota, where the type would change; else none."""
        if self._destination.volume_type in (
            None,
            volume.type_id,
            volume.type_name,
        ):
            return {}
        project_id = volume.project_id
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
