# SPDX-License-Identifier: Apache-2.0

"""From a selection and destinations to planned actions; changes nothing."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator, Sequence

from volmigrateclient.core import checks, model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.cloud import Cloud, take_survey
from volmigrateclient.core.cloud.cached import share_answers
from volmigrateclient.core.cloud.place import place_of
from volmigrateclient.core.cloud.preread import PrereadCloud
from volmigrateclient.core.cloud.reading import (
    none_if_forbidden,
    read_in_turn,
)
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import check, errors, wording
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.selection import (
    Selection,
    refuse_unknown_nodes,
    select,
    sources,
)


class Readiness(enum.Enum):
    """Whether an action can be carried out, as the cloud is now."""

    READY = "ready"
    BLOCKED = "blocked"
    ALREADY_THERE = "already there"
    #: Of a plan that is read again: Cinder is moving the volume.
    MOVING = "moving"
    #: Of a plan that is read again: the volume is not as it was planned.
    CHANGED = "changed"


@dataclasses.dataclass(frozen=True)
class Assessment:
    """A volume, its action, and everything that blocks it."""

    volume: model.Volume
    action: model.Action
    readiness: Readiness
    reasons: tuple[str, ...] = ()
    #: The checks that the reasons come from, one by one.
    blockers: tuple[model.Check, ...] = ()
    #: Those that the volume is attached to, as far as they were read.
    servers: tuple[model.Server, ...] = ()
    #: Name of the type that the volume would end with.
    final_type: str | None = None
    #: As it was when it was planned; None where that is now, or not known.
    planned: model.PlannedVolume | None = None


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What is planned, and the pools as they are before any of it.

    :param services: the cinder-volume services, which tell of a clustered
        pool that its volumes call it by another name
    """

    assessments: tuple[Assessment, ...]
    pools: tuple[model.Pool, ...] = ()
    services: tuple[model.Service, ...] = ()


@dataclasses.dataclass(frozen=True)
class Destination:
    """Pools, filled in their order, or one type."""

    nodes: tuple[str, ...] = ()
    volume_type: str | None = None


def plan(
    cloud: Cloud,
    selection: Selection,
    destination: Destination,
    order: Order = Order.GIVEN,
    options: model.Options | None = None,
) -> list[Assessment]:
    """One action for each selected volume; only list requests.

    :param options: how the moves would be carried out
    :raises LookupFailedError: a type, pool, backend or host that does not
        exist
    """
    found = outlook(cloud, selection, destination, order, options)
    return list(found.assessments)


#: Hears how many volumes of how many were assessed.
Tell = Callable[[int, int], None]


def tell_nobody(done: int, total: int) -> None:
    """Nobody watches."""


def outlook(
    cloud: Cloud,
    selection: Selection,
    destination: Destination,
    order: Order = Order.GIVEN,
    options: model.Options | None = None,
    tell: Tell = tell_nobody,
) -> Outlook:
    """The same, with the pools that it fills.

    :param tell: is told how far it got, first of all how many there are
    :raises LookupFailedError: a type, pool, backend or host that does not
        exist
    """
    # The volumes are looked for by names that the services tell.
    cloud = share_answers(cloud)
    types = cloud.list_types()
    preread = PrereadCloud(
        cloud,
        types,
        host=_only(
            [h for one in sources(cloud, selection) for h in one.hosts]
        ),
        project_id=_only(selection.project_ids),
    )
    preread.read_ahead()
    selected = select(cloud, selection, types)
    refuse_unknown_nodes(cloud, selection, selected)
    volumes = order.apply(selected.volumes, lambda volume: volume.size)
    preread.will_survey(volumes)
    tell(0, len(volumes))
    destination = _with_pools(preread, destination)
    _refuse_unknown(preread, destination)
    pools = pools_shown(preread)
    ledger = Ledger(preread, destination, options)
    found: list[Assessment] = []
    ready = 0
    for number, volume in enumerate(volumes, 1):
        if selection.limit is not None and ready >= selection.limit:
            break
        found.append(ledger.enter(volume))
        ready += found[-1].readiness is Readiness.READY
        tell(number, len(volumes))
    return Outlook(tuple(found), pools, services_shown(preread))


def pools_shown(preread: PrereadCloud) -> tuple[model.Pool, ...]:
    """The pools with what is planned so far; none where policy hides them."""
    return tuple(none_if_forbidden(preread.list_pools) or ())


def services_shown(preread: PrereadCloud) -> tuple[model.Service, ...]:
    """The cinder-volume services; none where policy hides them."""
    return tuple(preread.list_volume_services() or ())


def _with_pools(
    preread: PrereadCloud, destination: Destination
) -> Destination:
    """A backend as a destination stands for all of its pools."""
    nodes: dict[str, None] = {}
    for node in destination.nodes:
        of_backend = [
            pool.name
            for pool in preread.list_pools()
            if "#" not in node and model.backend_of(pool.name) == node
        ]
        nodes.update(dict.fromkeys(of_backend or [node]))
    return dataclasses.replace(destination, nodes=tuple(nodes))


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _refuse_unknown(preread: PrereadCloud, destination: Destination) -> None:
    for node in destination.nodes:
        if preread.pool(node) is None:
            raise errors.LookupFailedError(_no_pool(preread, node))
    wanted, types = destination.volume_type, preread.list_types()
    if wanted is not None and find_type(types, wanted) is None:
        raise errors.UnknownTypeError(wanted, (t.name for t in types))


def _no_pool(preread: PrereadCloud, node: str) -> str:
    near = wording.did_you_mean(node, (p.name for p in preread.list_pools()))
    if "#" not in node:
        return (
            f"the scheduler knows no pools of backend {wording.quoted(node)}; "
            f"give host@backend#pool{near}"
        )
    return f"the scheduler knows no pool {wording.quoted(node)}" + (
        near or " (see 'openstack volume backend pool list')"
    )


def automatic(
    volume: model.Volume, node: str | None, volume_type: str | None
) -> model.Action:
    """The action that suits a volume: cold if detached, else a swap.

    :param node: a pool, or None
    :param volume_type: a type, name or ID, or None
    """
    attached = bool(volume.attachments)
    if node is not None and volume_type is None and attached:
        # A swap needs a type: its own, so that only the pool changes.
        volume_type = volume.type_name
    return model.Action(
        volume.id,
        model.SWAP if attached else model.COLD,
        destination_node=node,
        destination_type=volume_type,
    )


#: Why a pool cannot take a volume that another pool may take.
_OF_THE_POOL = (check.POOL, check.SAME_TYPE)


class Ledger:
    """Enters volumes one by one, and keeps what is left for the next."""

    def __init__(
        self,
        preread: PrereadCloud,
        destination: Destination = Destination(),
        options: model.Options | None = None,
    ) -> None:
        self._preread = preread
        self._options = dataclasses.replace(
            options or model.Options(), unattended=True
        )
        self._destination = destination
        self._types = {t.id: t for t in preread.list_types()}
        self._served: dict[tuple[str, str], bool] = {}
        services = preread.list_volume_services()
        self._places = {
            node: place_of(node, services) for node in destination.nodes
        }

    def enter(self, volume: model.Volume) -> Assessment:
        """Assess a volume's move; if it is ready, book what it takes."""
        refused: list[Assessment] = []
        for node in self._nodes(volume):
            assessment, elsewhere = self.assess(
                volume, self.request(volume, node)
            )
            if not elsewhere:
                return assessment
            refused.append(assessment)
        first = refused[0]
        tried = first.action.destination_node
        others = [n for n in self._destination.nodes if n != tried]
        if others:
            reason = f"nor can {', '.join(others)} take it"
            first = dataclasses.replace(
                first, reasons=(*first.reasons, reason)
            )
        return first

    def assess(
        self,
        volume: model.Volume,
        request: model.Request,
        book: bool = True,
    ) -> tuple[Assessment, bool]:
        """The assessment, and whether nothing but the pool blocks it.

        :param book: whether to book what it takes, if it is ready
        """
        survey = take_survey(
            self._preread.as_cloud, request, volume, read_in_turn
        )
        case, action = checks.Case(request, survey), request.action
        final = case.final_type
        ready = Assessment(
            volume,
            action,
            Readiness.READY,
            servers=tuple(survey.servers),
            final_type=final.name if final else None,
        )
        there = checks.already_there(case)
        if there is not None:
            return (
                dataclasses.replace(
                    ready,
                    readiness=Readiness.ALREADY_THERE,
                    reasons=(there,),
                ),
                False,
            )
        blockers = checks.blockers(checks.evaluate(case))
        if not blockers:
            if book:
                self._book(case)
            return ready, False
        return (
            dataclasses.replace(
                ready,
                readiness=Readiness.BLOCKED,
                reasons=tuple(check.sentences(blockers)),
                blockers=blockers,
            ),
            action.destination_node is not None
            and all(b.sentence in _OF_THE_POOL for b in blockers),
        )

    def request(self, volume: model.Volume, node: str | None) -> model.Request:
        """What moves a volume: to a node, or to the type that is asked for."""
        return model.Request(
            automatic(volume, node, self._destination.volume_type),
            self._options,
        )

    def _nodes(self, volume: model.Volume) -> Iterator[str | None]:
        """The pools to try for a volume; at least one, to say why not."""
        nodes = self._destination.nodes
        held = (node for node in nodes if self._places[node].holds(volume))
        where = next(held, None)
        if where is not None or not nodes:
            yield where
            return
        volume_type = self._types.get(volume.type_id or "")
        fitting = (
            node for node in nodes if self._fits(volume, volume_type, node)
        )
        yield next(fitting, nodes[0])
        yield from fitting

    def _fits(
        self,
        volume: model.Volume,
        volume_type: model.VolumeType | None,
        node: str,
    ) -> bool:
        pool = self._preread.pool(node)
        if (
            pool is None
            or scheduler.available_gib(pool, volume_type) < volume.size
        ):
            return False
        if volume_type is None:
            return True
        key = node, volume_type.id
        if key not in self._served:
            unmet = scheduler.capabilities_mismatches(volume_type, pool)
            self._served[key] = not unmet
        return self._served[key]

    def _book(self, case: checks.Case) -> None:
        volume = case.survey.volume
        pool = case.survey.pool_called(case.action.destination_node)
        if pool is not None:
            self._preread.replace_pool(
                scheduler.with_allocated(pool, volume.size)
            )
        wanted = case.survey.destination_type
        if wanted is not None and case.type_changes:
            self._preread.reserve(
                volume.project_id,
                {
                    f"volumes_{wanted.name}": 1,
                    f"gigabytes_{wanted.name}": volume.size,
                },
            )
