# SPDX-License-Identifier: Apache-2.0

"""A plan that evens out the pools that serve a type."""

from __future__ import annotations

from collections.abc import Sequence

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.cached import share_answers
from volmigrateclient.core.cloud.place import Place, place_of
from volmigrateclient.core.cloud.preread import PrereadCloud
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import planner
from volmigrateclient.core.planning.balance import (
    Answer,
    Balance,
    Goal,
    even_out,
)
from volmigrateclient.core.planning.selection import (
    Selection,
    refuse_unknown_nodes,
    select,
)


def plan(
    cloud: Cloud,
    selection: Selection,
    goal: Goal,
    options: model.Options | None = None,
) -> tuple[planner.Outlook, Balance]:
    """The moves that even out the pools of one type; only list requests.

    :param selection: which volumes may be moved; it names the type
    :param options: how the moves would be carried out
    :returns: the moves, all of them ready, and what comes of them
    :raises InvalidActionError: no type is named, or several are
    :raises LookupFailedError: there is no such type, or no pool serves it
    """
    # The volumes are looked for by names that the services tell.
    cloud = share_answers(cloud)
    types = cloud.list_types()
    volume_type = _only_type(selection, types)
    preread = PrereadCloud(cloud, types)
    preread.read_ahead()
    selected = select(cloud, selection, types)
    refuse_unknown_nodes(cloud, selection, selected)
    preread.will_survey(selected.volumes)
    places = _serving(preread, volume_type)
    pools = planner.pools_shown(preread)
    ledger = planner.Ledger(
        preread, planner.Destination(), options or model.Options()
    )
    ready: dict[str, planner.Assessment] = {}

    def judge(volume: model.Volume, pool: model.Pool) -> Answer:
        found, elsewhere = ledger.assess(
            volume, ledger.request(volume, pool.name)
        )
        if found.readiness is planner.Readiness.READY:
            ready[volume.id] = found
            return Answer.YES
        return Answer.NOT_THERE if elsewhere else Answer.NOWHERE

    balance = even_out(
        [
            (volume, name)
            for volume in selected.volumes
            if not volume.moving
            for name, place in places.items()
            if place.holds(volume)
        ],
        [pool for pool in pools if pool.name in places],
        volume_type,
        goal,
        judge,
    )
    moves = tuple(ready[one.volume.id] for one in balance.transfers)
    services = planner.services_shown(preread)
    return planner.Outlook(moves, pools, services), balance


def _only_type(
    selection: Selection, types: Sequence[model.VolumeType]
) -> model.VolumeType:
    names = selection.source_types
    if len(names) != 1:
        raise errors.InvalidActionError(
            "name the one type whose pools are to be evened out: --source-type"
        )
    found = find_type(types, names[0])
    if found is None:
        raise errors.UnknownTypeError(names[0], (one.name for one in types))
    return found


def _serving(
    preread: PrereadCloud, volume_type: model.VolumeType
) -> dict[str, Place]:
    """The pools that serve a type and can take something, by name."""
    services = preread.list_volume_services()
    places = {
        pool.name: place_of(pool.name, services)
        for pool in preread.list_pools()
        if not scheduler.capabilities_mismatches(volume_type, pool)
    }
    found = {
        name: place
        for name, place in places.items()
        if place.service is None
        or (place.service.up and place.service.enabled)
    }
    if not found:
        raise errors.LookupFailedError(
            f"no pool that is up and enabled serves type {volume_type.name}"
        )
    return found
