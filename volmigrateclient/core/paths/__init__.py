# SPDX-License-Identifier: Apache-2.0

"""The ways to carry out an action, as the steps that they are.

A path is a generator (:data:`.move.Steps`): it sends its writes itself,
yields what it waits for and returns how it ended.
"""

from __future__ import annotations

from collections.abc import Callable

from volmigrateclient.core import action as action_
from volmigrateclient.core import checks, errors
from volmigrateclient.core import move as move_
from volmigrateclient.core import survey as survey_
from volmigrateclient.core.paths import (
    cold_migrate,
    cold_retype,
    patience,
    swap_via_cinder,
    swap_via_nova,
)

_STEPS: dict[action_.Path, Callable[[move_.Move], move_.Steps]] = {
    action_.Path.MIGRATE: cold_migrate.steps,
    action_.Path.RETYPE: cold_retype.steps,
    action_.Path.SWAP_VIA_CINDER: swap_via_cinder.steps,
    action_.Path.SWAP_VIA_NOVA: swap_via_nova.steps,
}


def steps(move: move_.Move) -> move_.Steps:
    """Look, check, and carry out an action if nothing speaks against it.

    :raises RefusedError: with every reason; nothing was changed
    """
    _refuse(checks.of_parameters(move.action, move.options))
    move.survey = yield from patience.read(
        lambda: survey_.take(
            move.cloud, move.action, move.options, move.volume
        ),
        "checking",
        attempts=None if move.options.unattended else 3,
    )
    case = checks.Case(move.action, move.options, move.survey)
    reason = checks.already_there(case)
    if reason is not None:
        return move_.Ending(
            move_.Outcome.ALREADY_THERE, reason, move.survey.volume
        )
    if move.seen is not None and not move.survey.volume.moving:
        changes = move.seen.changes(move.survey.volume, move.action)
        if changes:
            raise errors.ChangedError(
                "the volume changed since it was planned: "
                + "; ".join(changes)
            )
    found = checks.of(move.action, move.options, move.survey)
    _refuse(found)
    for check in found:
        if check.result is checks.Result.WARNING:
            move.warn(check.reason)
    return (yield from _STEPS[move.path](move))


def handed_over(move: move_.Move, signal: errors.HandOver) -> move_.Ending:
    """How a move ends that we stopped waiting for, and how to follow it."""
    interrupted = isinstance(signal, errors.Interrupted)
    outcome = (
        move_.Outcome.INTERRUPTED
        if interrupted
        else move_.Outcome.STILL_RUNNING
    )
    if not move.under_way:
        return move_.Ending(
            move_.Outcome.INTERRUPTED if interrupted else move_.Outcome.FAILED,
            f"{signal} before anything was changed",
        )
    volume = move.before.volume
    return move_.Ending(
        outcome,
        f"{signal}; the move of volume {volume.id} goes on in the cloud. "
        f"Follow it with: openstack volume show {volume.id} -c status -c "
        "migration_status -c os-vol-host-attr:host -c type. Run the same "
        "command again to wait for its end",
    )


def _refuse(found: tuple[checks.Check, ...]) -> None:
    blockers = checks.blockers(found)
    if blockers:
        raise errors.RefusedError(blockers)
