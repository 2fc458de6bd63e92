# SPDX-License-Identifier: Apache-2.0

"""The preconditions of an action, every one with what clears it.

Each check is a pure function of what was asked and what was seen; a path's
checks are a tuple of them, so that all reasons are named at once and not
only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import survey as survey_
from volmigrateclient.core.checks import (
    check,
    destination,
    direct_swap,
    parameters,
    server,
    volume,
)

__all__ = (
    "Case",
    "Check",
    "Result",
    "already_there",
    "blockers",
    "of",
    "of_parameters",
)

Case = check.Case
Check = check.Check
Result = check.Result

_Of = Callable[[Case], Iterator[Check]]

_OF_PATH: dict[action_.Path, tuple[_Of, ...]] = {
    action_.Path.MIGRATE: (
        volume.detached,
        volume.snapshots,
        volume.ties,
        destination.pool,
        destination.served,
        destination.capacity,
        destination.zone,
        destination.source_service,
    ),
    action_.Path.RETYPE: (
        volume.detached,
        volume.snapshots,
        volume.ties,
        destination.type_differs,
        destination.type_usable,
        destination.some_pool,
        destination.quota,
        destination.source_service,
    ),
    action_.Path.SWAP_VIA_CINDER: (
        volume.attached,
        volume.snapshots,
        volume.ties,
        server.state,
        server.unlocked,
        server.compute_service,
        server.firmware,
        destination.one_move,
        destination.encryption,
        destination.type_usable,
        destination.pool,
        destination.served,
        destination.some_pool,
        destination.capacity,
        destination.zone,
        destination.quota,
        destination.source_service,
    ),
    action_.Path.SWAP_VIA_NOVA: (
        volume.attached,
        volume.snapshots,
        volume.ties,
        server.state,
        server.unlocked,
        server.compute_service,
        server.firmware,
        destination.encryption,
        destination.type_usable,
        destination.some_pool,
        direct_swap.quota,
        direct_swap.project,
        direct_swap.accepted,
        direct_swap.unfinished,
        direct_swap.new_identity,
    ),
}


def of_parameters(
    action: action_.Action, options: action_.Options
) -> tuple[Check, ...]:
    """The checks that need no cloud."""
    return tuple(parameters.destinations(action, options))


def of(
    action: action_.Action,
    options: action_.Options,
    survey: survey_.Survey,
) -> tuple[Check, ...]:
    """All checks of an action's path, in the order of reading."""
    case = Case(action, options, survey)
    return of_parameters(action, options) + tuple(
        found for function in _OF_PATH[case.path] for found in function(case)
    )


def look(
    cloud: cloud_.Cloud, action: action_.Action, options: action_.Options
) -> tuple[Check, ...]:
    """All checks of an action, on what the cloud shows now.

    Sends only GETs, and for a swap via Nova the probe, which changes
    nothing.

    :raises LookupFailedError: the volume is none, or several
    """
    found = of_parameters(action, options)
    if blockers(found):
        return found
    survey = survey_.take(cloud, action, options)
    case = Case(action, options, survey)
    reason = already_there(case)
    if reason is not None:
        return (Check("Already there", Result.OK, reason),)
    return of(action, options, survey)


def blockers(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Those that keep an action from being carried out."""
    return tuple(c for c in checks if c.result is Result.BLOCKED)


def already_there(case: Case) -> str | None:
    """Why there is nothing to do, or None.

    A cold retype to the volume's own type is none when it stands alone: the
    spec refuses it.
    """
    seen, wanted = case.survey.volume, case.action
    if seen.moving or seen.lost_attachment:
        return None
    if case.path is action_.Path.RETYPE:
        if case.options.unattended and not case.type_changes:
            return f"the volume is of type {seen.type_name} already"
        return None
    if case.path is action_.Path.MIGRATE:
        if seen.host == wanted.destination_node and case.type_fits_request:
            return f"the volume is on {seen.host} already"
        return None
    if case.path is not action_.Path.SWAP_VIA_CINDER or case.type_changes:
        return None
    if wanted.destination_node in (None, seen.host):
        where = f" on {seen.host}" if wanted.destination_node else ""
        return f"the volume is of type {seen.type_name}{where} already"
    return None
