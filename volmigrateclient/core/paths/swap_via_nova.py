# SPDX-License-Identifier: Apache-2.0

"""Swap via Nova: the specification's five steps, so that nothing is lost.

1. a temporary user in the volume's project, which is also a lock;
2. the destination volume, made by that user;
3. Nova's update of the volume attachment, and the evidence that it worked;
4. the source volume's end;
5. the temporary user's end.

Before Nova is asked everything is undone in reverse; after it nothing is
deleted without evidence (:mod:`.direct_swap.evidence`).
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Generator

from volmigrateclient.core import errors, verdict
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import (
    endings,
    evidence,
    last_look,
    making,
    marks,
    traceback,
)
from volmigrateclient.core.direct_swap import run as run_
from volmigrateclient.core.paths import patience

_T = typing.TypeVar("_T")
_Waits = Generator[move_.Wait, move_.Reading, _T]
_Left = tuple[str, ...]

_ATTEMPTS = 3
_SWAPPING = "swapping"

#: With these Nova changed nothing (semantics B.1). After a 404 or a 500 the
#: source may be left detaching.
_REFUSALS = (
    errors.BadRequestError,
    errors.UnauthorizedError,
    errors.ForbiddenError,
    errors.ConflictError,
    errors.OverQuotaError,
)


def steps(move: move_.Move) -> move_.Steps:
    """The five steps."""
    source = move.before.volume
    run = run_.Run(
        move,
        marks.new(
            source.id,
            str(source.attachments[0].server_id),
            move.options.keep_source,
        ),
    )
    try:
        password = yield from making.make_user(run)
        yield from making.create_destination(run, password)
        yield from making.make_alike(run)
        yield from last_look.before_swapping(run)
    except (errors.MigrateError, errors.HandOver) as reason:
        return (yield from _given_up(run, reason))
    return (yield from _swap(run))


# -- Step three -------------------------------------------------------------


def _swap(run: run_.Run) -> move_.Steps:
    move = run.move
    unanswered: errors.CloudError | None = None
    try:
        request_id = move.cloud.swap_volume(
            run.mark.server_id, run.source.id, str(run.destination_id)
        )
    except _REFUSALS as error:
        run.mark = dataclasses.replace(run.mark, request_id="")
        return (yield from _given_up(run, error))
    except errors.CloudError as error:
        unanswered = error
        move.asked(error.request_id)
    else:
        # A proxy may take the header away that has the request ID.
        run.mark = dataclasses.replace(
            run.mark, request_id=request_id or marks.PENDING
        )
        move.asked(request_id)
    try:
        if unanswered is None:
            yield from _journal(run)
            yield from _ended(run)
        elif (yield from _took(run)):
            yield from _ended(run)
        seen, decision = yield from _decided(run)
    except (errors.CloudError, errors.HandOver) as reason:
        return _left_to_nova(run, reason)
    if decision.verdict is evidence.Verdict.FINISH:
        return (yield from _finished(run, seen))
    if decision.verdict is evidence.Verdict.UNDO:
        return (
            yield from _given_up(
                run,
                unanswered
                or errors.FailedError(
                    f"{'; '.join(decision.reasons)}; see 'openstack server "
                    f"event show {run.mark.server_id} {run.mark.request_id}'"
                ),
            )
        )
    raise endings.quarantine(seen, decision.reasons)


def _journal(run: run_.Run) -> _Waits[None]:
    """Note the request ID; without it recover has PENDING to go by."""
    try:
        yield from patience.read(
            lambda: run.move.cloud.set_metadata(
                str(run.destination_id), run.mark.metadata
            ),
            _SWAPPING,
            _ATTEMPTS,
        )
    except errors.CloudError as error:
        run.move.warn(f"the swap's request ID is not noted: {error}")


def _took(run: run_.Run) -> _Waits[bool]:
    """Whether Nova took a swap although it did not say so."""
    phase = "looking whether Nova took the swap"
    for _ in range(4):
        swap = yield from patience.read(
            lambda: evidence.find_swap(run.move.cloud, run.mark), phase
        )
        if swap is not None:
            return True
        yield move_.Wait((), phase)
    return False


def _ended(run: run_.Run) -> _Waits[None]:
    """Wait until the event of our request has a result."""
    both = (run.source.id, str(run.destination_id))
    while True:
        yield move_.Wait(both, _SWAPPING, closely=True)
        swap = yield from patience.read(
            lambda: evidence.find_swap(run.move.cloud, run.mark), _SWAPPING
        )
        if swap is None or swap.result is not None:
            return


def _decided(
    run: run_.Run,
) -> _Waits[tuple[evidence.Evidence, evidence.Decision]]:
    """The decision, once the records of both services have settled."""
    phase = "collecting the evidence"
    since: float | None = None
    while True:
        seen = yield from patience.read(
            lambda: evidence.gather(
                run.move.cloud, run.mark, run.destination_id, run.user
            ),
            phase,
        )
        decision = evidence.decide(seen)
        proven = decision.verdict in (
            evidence.Verdict.FINISH,
            evidence.Verdict.UNDO,
        )
        # What no traceback proves now, none will prove later.
        hopeless = (
            seen.swap is not None
            and seen.swap.result == "Error"
            and traceback.disk_after(seen.swap) is not traceback.Disk.OLD
        )
        if proven or hopeless:
            return seen, decision
        reading = yield move_.Wait((), phase)
        if since is None or decision.verdict is evidence.Verdict.WAIT:
            since = reading.at
        if reading.at - since > verdict.SETTLE:
            return seen, decision


# -- How it ends ------------------------------------------------------------


def _in_spite_of_signals(
    ending: Callable[[], _Waits[_Left]], made: _Left
) -> _Waits[_Left]:
    """Bring an ending to its end; gives what is left.

    The engine allows some more time for it after it has thrown its signal.
    """
    for _ in (1, 2):
        try:
            return (yield from ending())
        except errors.HandOver:
            continue
    return made


def _finished(run: run_.Run, seen: evidence.Evidence) -> move_.Steps:
    def ending() -> _Waits[_Left]:
        if seen.source is not None:
            yield from making.carry_over(run, seen.source)
        return (yield from endings.finish(run.move, seen))

    left = yield from _in_spite_of_signals(ending, run.made)
    advice = (
        "before its next live migration, hard-reboot the server (OSSN-0094): "
        f"openstack server reboot --hard {run.mark.server_id}"
    )
    if not left:
        return move_.Ending(move_.Outcome.DONE, advice, seen.destination)
    return move_.Ending(
        move_.Outcome.FAILED,
        f"the data has moved to volume {run.destination_id}, but there is "
        f"left: {', '.join(left)}. Finish it with: {run_.RECOVER}. And "
        f"{advice}",
        seen.destination,
    )


def _given_up(
    run: run_.Run, reason: errors.MigrateError | errors.HandOver
) -> move_.Steps:
    """Undo everything, as far as it is proven that nothing can be lost."""
    try:
        left = yield from _in_spite_of_signals(lambda: _undo(run), run.made)
    except errors.QuarantineError as error:
        raise errors.QuarantineError(f"{reason}; {error}") from error
    except errors.CloudError as error:
        run.move.warn(f"while undoing: {error}")
        left = run.made
    is_as_it_was = f"volume {run.source.id} is as it was"
    if left:
        is_as_it_was += (
            f"; but there is left: {', '.join(left)}. Remove it with: "
            f"{run_.RECOVER}"
        )
    if isinstance(reason, errors.MigrateError):
        if not left:
            raise reason
        raise errors.FailedError(f"{reason}; {is_as_it_was}") from reason
    return move_.Ending(
        move_.Outcome.INTERRUPTED
        if isinstance(reason, errors.Interrupted)
        else move_.Outcome.FAILED,
        f"{reason} before Nova swapped; {is_as_it_was}",
    )


def _undo(run: run_.Run) -> _Waits[_Left]:
    if run.user is None and run.domain_id is not None:
        run.user = yield from making.find_user(run)
        if run.user is None:
            run.domain_id = None
    if run.asked_for_volume and run.destination_id is None:
        run.destination_id = yield from making.find_destination(run)
    if run.user is None and run.destination_id is None:
        return ()
    return (
        yield from endings.take_back(
            run.move, run.mark, run.destination_id, run.user
        )
    )


def _left_to_nova(
    run: run_.Run, reason: errors.CloudError | errors.HandOver
) -> move_.Ending:
    outcome = move_.Outcome.STILL_RUNNING
    if isinstance(reason, errors.Interrupted):
        outcome = move_.Outcome.INTERRUPTED
    known = run.mark.request_id != marks.PENDING
    event = (
        f"event show {run.mark.server_id} {run.mark.request_id}"
        if known
        else f"event list {run.mark.server_id}"
    )
    return move_.Ending(
        outcome,
        f"{reason}; the swap of volume {run.source.id} "
        f"{'goes' if known else 'may go'} on in the cloud, and nothing is "
        f"deleted: there stay {', '.join(run.made)}. Follow it with: "
        f"openstack server {event}. When it has ended, finish it with: "
        f"{run_.RECOVER}",
    )
