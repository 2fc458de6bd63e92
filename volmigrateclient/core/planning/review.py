# SPDX-License-Identifier: Apache-2.0

"""A plan that is read again: what of it is done, moving, ready, blocked."""

from __future__ import annotations

import dataclasses

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.preread import PrereadCloud
from volmigrateclient.core.planning.plan import Plan, PlannedAction
from volmigrateclient.core.planning.planner import (
    Assessment,
    Ledger,
    Outlook,
    Readiness,
    Tell,
    pools_shown,
    services_shown,
    tell_nobody,
)

#: Volumes that are read between two words on how far it got.
_PART = 500


def review(
    cloud: Cloud,
    plan: Plan,
    options: model.Options | None = None,
    tell: Tell = tell_nobody,
) -> Outlook:
    """Judge every step of a plan anew, by the cloud as it is now.

    Only list requests: one for each 50 volumes, and those that planning
    sends. Nothing is changed.

    :param options: how the moves would be carried out
    :param tell: is told how far it got, first of all how many there are
    """
    ids = [step.action.resource_id for step in plan.steps]
    volumes: dict[str, model.Volume] = {}
    tell(0, len(ids))
    preread = PrereadCloud(cloud, cloud.list_types())
    if ids:
        preread.read_ahead()
    for start in range(0, len(ids), _PART):
        volumes.update(cloud.get_volumes(ids[start : start + _PART]))
        tell(min(start + _PART, len(ids)), len(ids))
    preread.will_survey(list(volumes.values()))
    pools = pools_shown(preread)
    options = dataclasses.replace(options or model.Options(), unattended=True)
    ledger = Ledger(preread, options=options)
    return Outlook(
        tuple(
            _assessed(
                model.Request(step.action, options),
                step,
                volumes.get(step.action.resource_id),
                ledger,
            )
            for step in plan.steps
        ),
        pools,
        services_shown(preread),
    )


def _assessed(
    request: model.Request,
    step: PlannedAction,
    volume: model.Volume | None,
    ledger: Ledger,
) -> Assessment:
    action, planned = step.action, step.planned
    if volume is None:
        return Assessment(
            _gone(step), action, Readiness.CHANGED, ("the volume is gone",)
        )
    changes = (
        planned.changes(volume, action)
        if planned is not None and not volume.moving
        else ()
    )
    found, _ = ledger.assess(volume, request, book=not changes)
    if found.readiness is Readiness.ALREADY_THERE:
        # As when it is applied: that is no change.
        return dataclasses.replace(found, planned=planned)
    if changes:
        return dataclasses.replace(
            found, readiness=Readiness.CHANGED, reasons=changes, blockers=()
        )
    if volume.moving and found.readiness is Readiness.READY:
        return dataclasses.replace(found, readiness=Readiness.MOVING)
    return found


def _gone(step: PlannedAction) -> model.Volume:
    """A volume that is no more, as it was when it was planned."""
    planned = step.planned or model.PlannedVolume()
    return model.Volume(
        id=step.action.resource_id,
        name=planned.name or "",
        project_id=planned.project_id or "",
        status="gone",
        size=planned.size or 0,
        type_id=None,
        type_name=planned.type,
        host=planned.host,
    )
