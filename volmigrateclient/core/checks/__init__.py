# SPDX-License-Identifier: Apache-2.0

"""The preconditions of an action, every one with what clears it.

Each rule is a pure function of what was asked and what the cloud holds; a
path's rules are a tuple of them, so that all reasons are named at once and
not only the first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks import (
    data,
    destination,
    driver_filter,
    parameters,
    records,
    releases,
    server,
    swap_via_nova,
    volume,
)
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.cloud import Cloud, take_survey
from volmigrateclient.core.model.check import Check, Result

__all__ = (
    "Case",
    "Judgement",
    "already_there",
    "blockers",
    "evaluate",
    "evaluate_parameters",
    "judge",
    "run",
)

_Rule = Callable[[Case], Iterator[Check]]

_RULES: dict[model.Path, tuple[_Rule, ...]] = {
    model.Path.MIGRATE: (
        volume.detached,
        releases.attachments_listed,
        volume.image_cache,
        volume.snapshots,
        volume.group_and_replication,
        destination.pool,
        releases.clusters_told,
        destination.pool_serves_type,
        destination.capacity,
        destination.zone,
        driver_filter.told_of,
        destination.source_service,
        data.copied,
        data.copied_from_a_file,
    ),
    model.Path.RETYPE: (
        volume.detached,
        releases.attachments_listed,
        volume.image_cache,
        volume.snapshots,
        volume.group_and_replication,
        destination.type_differs,
        destination.type_usable,
        destination.size_limits,
        destination.schedulable,
        driver_filter.told_of,
        destination.quota,
        destination.source_service,
        data.copied,
        data.copied_from_a_file,
        data.encrypted_anew,
    ),
    model.Path.SWAP_VIA_CINDER: (
        volume.attached,
        releases.attachments_listed,
        volume.snapshots,
        volume.group_and_replication,
        server.state,
        server.unlocked,
        server.compute_service,
        server.vtpm,
        releases.verifiable,
        destination.one_move,
        destination.encryption,
        destination.type_usable,
        destination.size_limits,
        destination.qos,
        destination.pool,
        releases.clusters_told,
        destination.pool_serves_type,
        destination.schedulable,
        destination.capacity,
        destination.zone,
        driver_filter.told_of,
        destination.quota,
        destination.source_service,
        data.copied,
    ),
    model.Path.SWAP_VIA_NOVA: (
        volume.attached,
        releases.attachments_listed,
        volume.snapshots,
        volume.group_and_replication,
        server.state,
        server.unlocked,
        server.compute_service,
        server.vtpm,
        releases.evidence,
        destination.encryption,
        destination.type_usable,
        destination.size_limits,
        destination.schedulable,
        driver_filter.told_of,
        swap_via_nova.quota,
        swap_via_nova.project,
        swap_via_nova.accepted,
        swap_via_nova.unfinished,
        swap_via_nova.volume_id_changes,
    ),
}


def evaluate_parameters(request: model.Request) -> tuple[Check, ...]:
    """The checks that need no cloud."""
    return tuple(parameters.destinations(request))


def evaluate(case: Case) -> tuple[Check, ...]:
    """All checks of a request's path, in the order of reading."""
    return evaluate_parameters(case.request) + tuple(
        found for rule in _RULES[case.path] for found in rule(case)
    )


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What the checks of a request found.

    :param there: why there is nothing to do; None where there is something
    """

    checks: tuple[Check, ...]
    there: str | None = None


def judge(cloud: Cloud, request: model.Request) -> Judgement:
    """All checks of a request, on what the cloud shows now.

    Sends only GETs, and for a swap via Nova the probe, which changes
    nothing.

    :raises LookupFailedError: the volume is none, or several
    """
    found = evaluate_parameters(request)
    case = Case(request, take_survey(cloud, request))
    if blockers(found):
        # What does not ask where to is judged all the same.
        return Judgement(
            found
            + tuple(
                check
                for rule in _RULES[case.path]
                if rule.__module__ in (volume.__name__, server.__name__)
                for check in rule(case)
            )
        )
    reason = already_there(case)
    if reason is not None:
        return Judgement((Check.ok("Already there", reason),), reason)
    return Judgement(evaluate(case))


def run(cloud: Cloud, request: model.Request) -> tuple[Check, ...]:
    """The checks of :func:`judge` alone."""
    return judge(cloud, request).checks


def blockers(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Those that keep an action from being carried out."""
    return tuple(c for c in checks if c.result is Result.BLOCKED)


def already_there(case: Case) -> str | None:
    """Why there is nothing to do, or None.

    A cold retype to the volume's own type is none when it stands alone: the
    spec refuses it. Nor is a volume where it should be if Nova has it attached
    to a server and Cinder does not know that: no record is believed alone.
    """
    volume, action = case.survey.volume, case.action
    if volume.moving or volume.lost_attachment:
        return None
    if any(
        holder.agreement is records.Agreement.NOVA_ONLY
        for holder in records.holders(case.survey)
    ):
        return None
    if case.path is model.Path.RETYPE:
        if case.options.unattended and not case.type_changes:
            return f"the volume is of type {volume.type_name} already"
        return None
    if case.path is model.Path.MIGRATE:
        there = action.destination_node and not case.pool_changes
        if there and case.keeps_type:
            return f"the volume is on {volume.host} already"
        return None
    if case.path is not model.Path.SWAP_VIA_CINDER or case.type_changes:
        return None
    if not case.pool_changes:
        where = f" on {volume.host}" if action.destination_node else ""
        return f"the volume is of type {volume.type_name}{where} already"
    return None
