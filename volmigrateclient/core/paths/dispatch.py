# SPDX-License-Identifier: Apache-2.0

"""What all paths begin with, and how they end when nobody waits any more."""

from __future__ import annotations

from collections.abc import Callable

from volmigrateclient.core import checks, model
from volmigrateclient.core.cloud import take_survey
from volmigrateclient.core.model import errors
from volmigrateclient.core.paths import (
    migrate,
    retry,
    retype,
    swap_via_cinder,
)
from volmigrateclient.core.paths.move import Ending, Move, Outcome, Steps
from volmigrateclient.core.paths.swap_via_nova import steps as five_steps

_STEPS: dict[model.Path, Callable[[Move], Steps]] = {
    model.Path.MIGRATE: migrate.steps,
    model.Path.RETYPE: retype.steps,
    model.Path.SWAP_VIA_CINDER: swap_via_cinder.steps,
    model.Path.SWAP_VIA_NOVA: five_steps.steps,
}


def steps(move: Move) -> Steps:
    """Survey, check, and carry out an action if nothing blocks it.

    :raises RefusedError: with every reason; nothing was changed
    """
    _refuse(checks.evaluate_parameters(move.request))
    move.survey = yield from retry.read(
        lambda: take_survey(move.cloud, move.request, move.volume),
        "checking",
        attempts=None if move.options.unattended else 3,
    )
    case = checks.Case(move.request, move.survey)
    reason = checks.already_there(case)
    if reason is not None:
        return Ending(Outcome.ALREADY_THERE, reason, move.survey.volume)
    if move.planned is not None and not move.survey.volume.moving:
        changes = move.planned.changes(move.survey.volume, move.action)
        if changes:
            raise errors.ChangedError(changes)
    found = checks.evaluate(case)
    _refuse(found)
    for check in found:
        # Of many moves, what the cloud does not tell is the same each time.
        untold = check.result is model.Result.UNKNOWN
        if check.result is model.Result.WARNING or (
            untold and not move.options.unattended
        ):
            move.warn(check.reason)
    return (yield from _STEPS[move.request.path](move))


def stopped_waiting(move: Move, signal: errors.StopWaiting) -> Ending:
    """How a move ends that we stopped waiting for, and how to follow it."""
    interrupted = isinstance(signal, errors.Interrupted)
    outcome = Outcome.INTERRUPTED if interrupted else Outcome.STILL_RUNNING
    if not move.under_way:
        return Ending(
            Outcome.INTERRUPTED if interrupted else Outcome.FAILED,
            f"{signal} before anything was changed",
        )
    volume = move.before.volume
    unless = (
        ", unless nova-compute was restarted meanwhile (see 'openstack volume "
        "watcher-migrate recover')"
        if volume.attachments
        else ""
    )
    ended = (
        # By then the volume has the type, which the spec refuses.
        "; if it has ended by then, the answer is 'Volume type must be "
        "different for retyping'"
        if move.request.path is model.Path.RETYPE
        and not move.options.unattended
        else ""
    )
    return Ending(
        outcome,
        f"{signal}; the move of volume {volume.id} continues in the cloud"
        f"{unless}. Follow it with: openstack volume show {volume.id} -c "
        "status -c migration_status -c os-vol-host-attr:host -c type. Run the "
        "same command again to wait for its end" + ended,
    )


def _refuse(found: tuple[model.Check, ...]) -> None:
    blockers = checks.blockers(found)
    if blockers:
        raise errors.RefusedError(blockers)
