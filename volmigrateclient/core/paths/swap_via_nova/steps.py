# SPDX-License-Identifier: Apache-2.0

"""Swap via Nova: the specification's five steps, so that nothing is lost.

1. a temporary user in the volume's project, which is also a lock;
2. the destination volume, made by that user;
3. Nova's update of the volume attachment, and the evidence that it worked;
4. the source volume's end;
5. the temporary user's end.

Before Nova is asked everything is undone in reverse; after it nothing is
deleted without evidence (:mod:`.swap_via_nova.evidence`).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.paths import nova_traceback, retry, verdict
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Wait,
    Waits,
)
from volmigrateclient.core.paths.swap_via_nova import (
    cleanup,
    create,
    recheck,
)
from volmigrateclient.core.paths.swap_via_nova.evidence import (
    Decision,
    Evidence,
    Resolution,
    decide,
    find_swap,
    gather,
)
from volmigrateclient.core.paths.swap_via_nova.run import RECOVER, Run

_Left = tuple[str, ...]

_SWAPPING = "swapping"
#: One in so many looks asks Nova although the source is still detaching.
_DETACHING_LOOKS = 4

#: With these Nova changed nothing
#: (services.rst, services-swap-checks). After a 404 or a 500 the
#: source may be left detaching.
_REFUSALS = (
    errors.BadRequestError,
    errors.UnauthorizedError,
    errors.ForbiddenError,
    errors.ConflictError,
    errors.OverQuotaError,
)


def steps(move: Move) -> Steps:
    """The five steps."""
    source = move.before.volume
    run = Run(
        move,
        swap_marker.new(
            source.id,
            move.server_id,
            move.options.keep_source,
        ),
    )
    try:
        password = yield from create.make_user(run)
        yield from create.create_destination(run, password)
        yield from create.make_alike(run)
        yield from recheck.before_swapping(run)
    except (errors.MigrateError, errors.StopWaiting) as reason:
        return (yield from _given_up(run, reason))
    return (yield from _swap(run))


# -- Step three -------------------------------------------------------------


def _swap(run: Run) -> Steps:
    move = run.move
    unanswered: errors.CloudError | None = None
    try:
        request_id = move.cloud.swap_volume(
            run.marker.server_id, run.source.id, run.new_id
        )
    except _REFUSALS as error:
        run.marker = dataclasses.replace(run.marker, request_id="")
        return (yield from _given_up(run, error))
    except errors.CloudError as error:
        unanswered = error
        move.request_sent(error.request_id)
    else:
        # A proxy may take the header away that has the request ID.
        run.marker = dataclasses.replace(
            run.marker, request_id=request_id or swap_marker.PENDING
        )
        move.request_sent(request_id)
    try:
        if unanswered is None:
            yield from _journal(run)
            yield from _ended(run)
        elif (yield from _took(run)):
            yield from _ended(run)
        evidence, decision = yield from _decided(run)
    except (errors.CloudError, errors.StopWaiting) as reason:
        return _left_to_nova(run, reason)
    if decision.resolution is Resolution.COMPLETE:
        return (yield from _finished(run, evidence))
    if decision.resolution is Resolution.ROLLBACK:
        return (
            yield from _given_up(
                run,
                unanswered
                or errors.FailedError(
                    f"{'; '.join(decision.reasons)}; see 'openstack server "
                    f"event show {run.marker.server_id} "
                    f"{run.marker.request_id}'"
                ),
            )
        )
    raise cleanup.quarantine(evidence, decision.reasons)


def _journal(run: Run) -> Waits[None]:
    """Note the request ID; without it recover has PENDING to go by."""
    try:
        yield from retry.read(
            lambda: run.move.cloud.set_metadata(
                run.new_id, run.marker.metadata
            ),
            _SWAPPING,
            retry.FEW,
        )
    except errors.CloudError as error:
        run.move.warn(f"the swap's request ID is not noted: {error}")


def _took(run: Run) -> Waits[bool]:
    """Whether Nova took a swap although it did not say so."""
    phase = "checking whether Nova took the swap"
    for _ in range(4):
        swap = yield from retry.read(
            lambda: find_swap(run.move.cloud, run.marker), phase
        )
        if swap is not None:
            return True
        yield Wait((), phase)
    return False


def _ended(run: Run) -> Waits[None]:
    """Wait until the event of our request has a result."""
    both = (run.source.id, run.new_id)
    for look in itertools.count(1):
        reading = yield Wait(both, _SWAPPING, poll_fast=True)
        source = reading.volumes.get(run.source.id)
        detaching = source is not None and source.status == "detaching"
        # Then Nova has not come to its last writes; or it has failed and left
        # it so, which is looked for now and then.
        if detaching and look % _DETACHING_LOOKS:
            continue
        swap = yield from retry.read(
            lambda: find_swap(run.move.cloud, run.marker), _SWAPPING
        )
        if swap is None or swap.result is not None:
            return


def _decided(
    run: Run,
) -> Waits[tuple[Evidence, Decision]]:
    """The decision, once the records of both services have settled."""
    phase = "collecting the evidence"
    since: float | None = None
    while True:
        evidence = yield from retry.read(
            lambda: gather(
                run.move.cloud, run.marker, run.destination_id, run.user
            ),
            phase,
        )
        decision = decide(evidence)
        proven = decision.resolution in (
            Resolution.COMPLETE,
            Resolution.ROLLBACK,
        )
        # What no traceback proves now, none will prove later.
        hopeless = (
            evidence.swap is not None
            and evidence.swap.result == "Error"
            and nova_traceback.disk_after(evidence.swap)
            is not nova_traceback.Disk.OLD
        )
        if proven or hopeless:
            return evidence, decision
        reading = yield Wait((), phase)
        if since is None or decision.resolution is Resolution.WAIT:
            since = reading.at
        if reading.at - since > verdict.SETTLE:
            return evidence, decision


# -- How it ends ------------------------------------------------------------


def _shielded(ending: Callable[[], Waits[_Left]], made: _Left) -> Waits[_Left]:
    """Bring an ending to its end; gives what is left.

    The engine allows some more time for it after it has thrown its signal.
    """
    for _ in (1, 2):
        try:
            return (yield from ending())
        except errors.StopWaiting:
            continue
    return made


def _finished(run: Run, evidence: Evidence) -> Steps:
    def ending() -> Waits[_Left]:
        if evidence.source is not None:
            yield from create.carry_over(run, evidence.source)
        return (yield from cleanup.complete(run.move, evidence))

    left = yield from _shielded(ending, run.made)
    advice = (
        "before its next live migration, hard-reboot the server (OSSN-0094): "
        f"openstack server reboot --hard {run.marker.server_id}"
    )
    if not left:
        return Ending(Outcome.DONE, advice, evidence.destination)
    return Ending(
        Outcome.FAILED,
        f"the data has moved to volume {run.destination_id}, but there is "
        f"left: {', '.join(left)}. Finish it with: {RECOVER}. And "
        f"{advice}",
        evidence.destination,
    )


def _given_up(
    run: Run, reason: errors.MigrateError | errors.StopWaiting
) -> Steps:
    """Undo everything, as far as it is proven that nothing can be lost."""
    try:
        left = yield from _shielded(lambda: _undo(run), run.made)
    except errors.UndecidedError as error:
        raise errors.UndecidedError(f"{reason}; {error}") from error
    except errors.CloudError as error:
        run.move.warn(f"while undoing: {error}")
        left = run.made
    is_as_it_was = f"volume {run.source.id} is as it was"
    if left:
        is_as_it_was += (
            f"; but there is left: {', '.join(left)}. Remove it with: "
            f"{RECOVER}"
        )
    if isinstance(reason, errors.MigrateError):
        if not left:
            raise reason
        raise errors.FailedError(f"{reason}; {is_as_it_was}") from reason
    return Ending(
        Outcome.INTERRUPTED
        if isinstance(reason, errors.Interrupted)
        else Outcome.FAILED,
        f"{reason} before Nova swapped; {is_as_it_was}",
    )


def _undo(run: Run) -> Waits[_Left]:
    if run.user is None and run.domain_id is not None:
        run.user = yield from create.find_user(run)
        if run.user is None:
            run.domain_id = None
    if run.asked_for_volume and run.destination_id is None:
        run.destination_id = yield from create.find_destination(run)
    if run.user is None and run.destination_id is None:
        return ()
    return (
        yield from cleanup.rollback_made(
            run.move, run.marker, run.destination_id, run.user
        )
    )


def _left_to_nova(
    run: Run, reason: errors.CloudError | errors.StopWaiting
) -> Ending:
    outcome = Outcome.STILL_RUNNING
    if isinstance(reason, errors.Interrupted):
        outcome = Outcome.INTERRUPTED
    known = run.marker.request_id != swap_marker.PENDING
    event = (
        f"event show {run.marker.server_id} {run.marker.request_id}"
        if known
        else f"event list {run.marker.server_id}"
    )
    return Ending(
        outcome,
        f"{reason}; the swap of volume {run.source.id} "
        f"{'continues' if known else 'may continue'} in the cloud, unless "
        "nova-compute was restarted meanwhile. Nothing is deleted: there stay "
        f"{', '.join(run.made)}. Follow it with: "
        f"openstack server {event}. When it has ended, finish it with: "
        f"{RECOVER}",
    )
