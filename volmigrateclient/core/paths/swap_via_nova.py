# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
from collections.abc import Generator

from volmigrateclient.core import errors, model, verdict
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import endings, evidence, marks
from volmigrateclient.core.direct_swap import password as password_
from volmigrateclient.core.paths import patience, retyping

_T = typing.TypeVar("_T")
_Waits = Generator[move_.Wait, move_.Reading, _T]

_RECOVER = "openstack volume watcher-migrate recover"
_SWAPPING = "swapping"


@dataclasses.dataclass
class _Run:
    """What this run has made so far.

    :param asked_for_volume: whether Cinder may have made a destination
    """

    move: move_.Move
    mark: marks.Mark
    user: model.User | None = None
    asked_for_volume: bool = False
    destination_id: str | None = None

    @property
    def source(self) -> model.Volume:
        """The volume as it was before anything was done."""
        return self.move.before.volume


def steps(move: move_.Move) -> move_.Steps:
    """The five steps."""
    source = move.before.volume
    run = _Run(
        move,
        marks.new(
            source.id,
            str(source.attachments[0].server_id),
            move.options.keep_source,
        ),
    )
    try:
        password = yield from _make_user(run)
        yield from _create_destination(run, password)
        yield from _make_alike(run)
        yield from _before_swapping(run)
    except (errors.MigrateError, errors.HandOver) as reason:
        yield from _undo(run)
        if isinstance(reason, errors.MigrateError):
            raise
        return _undone(run, reason)
    return (yield from _swap(run))


# -- Step one ---------------------------------------------------------------


def _make_user(run: _Run) -> _Waits[str]:
    """Make the user with its role; gives its password."""
    move, cloud = run.move, run.move.cloud
    options, project = move.options, move.before.project
    if project is None:
        raise RuntimeError("the survey has no project")
    phase = "creating the temporary user"
    role_id = yield from patience.read(
        lambda: cloud.find_role(options.temporary_user_role), phase, 3
    )
    domain_id = project.domain_id
    wanted_domain = options.temporary_user_domain
    if wanted_domain is not None:
        domain_id = yield from patience.read(
            lambda: cloud.find_domain(wanted_domain), phase, 3
        )
    password = password_.make(
        (yield from patience.read(cloud.password_regex, phase, 3))
    )
    run.user = yield from _locked(run, domain_id, password)
    user_id = run.user.id
    yield from patience.read(
        lambda: cloud.grant_role(user_id, project.id, role_id), phase, 3
    )
    return password


def _locked(run: _Run, domain_id: str, password: str) -> _Waits[model.User]:
    """Make the user; somebody else's of that name is their lock."""
    cloud, mark = run.move.cloud, run.mark
    for attempt in (1, 2):
        try:
            return cloud.create_user(
                mark.user_name, domain_id, password, mark.description
            )
        except errors.UnansweredError as error:
            unanswered = error
        except errors.ConflictError as error:
            raise errors.LockedError(
                f"volume {mark.source_id} is already being swapped, or a "
                f"swap of it was interrupted: user {mark.user_name} exists. "
                f"See '{_RECOVER}'"
            ) from error
        except errors.ForbiddenError as error:
            raise errors.FailedError(
                f"domain {domain_id} takes no users ({error}); name another "
                "one with --temporary-user-domain"
            ) from error
        # Keystone may have made it: its description tells whose it is.
        found = yield from patience.read(
            lambda: cloud.find_users(domain_id, mark.user_name),
            "looking for the temporary user",
        )
        for user in found:
            seen = marks.of_user(user)
            if seen is not None and seen.run_id == mark.run_id:
                return user
        if attempt == 2:
            raise unanswered
    raise AssertionError("unreachable")


# -- Step two ---------------------------------------------------------------


def _create_destination(run: _Run, password: str) -> _Waits[None]:
    move, source, user = run.move, run.source, run.user
    if user is None:
        raise RuntimeError("the destination needs the temporary user")
    run.asked_for_volume = True
    body: dict[str, object] = {
        "size": source.size,
        "name": source.name,
        "description": source.description,
        # By ID: a name may be given to another type meanwhile.
        "volume_type": retyping.wanted_type(move).id,
        "availability_zone": source.availability_zone,
        "metadata": {**source.metadata, **run.mark.metadata},
    }
    try:
        run.destination_id = move.cloud.create_volume_as(
            user.id, password, source.project_id, body
        )
    except errors.UnansweredError:
        # Never a second POST: the first may still be on its way. Its mark
        # tells whether it arrived.
        run.destination_id = yield from _found_destination(run)
        if run.destination_id is None:
            raise


def _found_destination(run: _Run) -> _Waits[str | None]:
    for _ in range(4):
        found = yield from patience.read(
            lambda: run.move.cloud.list_volumes(
                metadata=marks.run_filter(run.mark.run_id)
            ),
            "looking for the destination",
        )
        if found:
            return found[0].id
        yield move_.Wait((), "looking for the destination")
    return None


def _make_alike(run: _Run) -> _Waits[None]:
    """Wait for the destination and make it like the source."""
    cloud, source = run.move.cloud, run.source
    new_id, user = str(run.destination_id), run.user
    phase = "creating the destination"
    while True:
        reading = yield move_.Wait((new_id,), phase)
        volume = reading.volumes.get(new_id)
        if volume is None:
            raise errors.FailedError(
                f"the destination volume {new_id} was deleted by somebody"
            )
        if volume.status == "available":
            break
        if volume.status != "creating":
            messages = yield from patience.read(
                lambda: cloud.list_messages(new_id), phase
            )
            raise errors.FailedError(
                f"Cinder could not create the destination volume {new_id}: "
                + ("; ".join(messages) or f"it is {volume.status}")
            )
    _refuse_unlike(run, volume)
    alike = []
    if source.bootable != volume.bootable:
        alike.append(lambda: cloud.set_bootable(new_id, source.bootable))
    if source.image_metadata:
        alike.append(
            lambda: cloud.set_image_metadata(new_id, source.image_metadata)
        )
    if source.read_only:
        alike.append(lambda: cloud.set_read_only(new_id))
    if user is not None:
        # It was needed for the destination's creation only.
        alike.append(lambda: cloud.disable_user(user.id))
    for request in alike:
        yield from patience.read(request, phase, attempts=3)


def _refuse_unlike(run: _Run, volume: model.Volume) -> None:
    wanted = retyping.wanted_type(run.move)
    for what, is_so, should_be in (
        ("project", volume.project_id, run.source.project_id),
        ("size", volume.size, run.source.size),
        ("type", volume.type_id, wanted.id),
    ):
        if is_so != should_be:
            raise errors.FailedError(
                f"the destination volume {volume.id} has {what} {is_so}, "
                f"not {should_be}"
            )


# -- Step three -------------------------------------------------------------


def _before_swapping(run: _Run) -> _Waits[None]:
    """Look once more: what was checked may have changed meanwhile."""
    cloud, source, new_id = run.move.cloud, run.source, str(run.destination_id)
    server_id = run.mark.server_id
    yield from _until_no_other_swap(run)
    reading = yield move_.Wait((source.id, new_id), "checking again")
    now, new = reading.volumes.get(source.id), reading.volumes.get(new_id)
    reserved = yield from patience.read(
        lambda: cloud.list_attachments(new_id), "checking again"
    )
    if now is None or new is None or new.status != "available" or reserved:
        raise errors.FailedError(
            "source or destination were changed by somebody: "
            f"{now.status if now else 'gone'}, {new.status if new else 'gone'}"
        )
    if (now.status, now.migration_status, now.attachments) != (
        source.status,
        source.migration_status,
        source.attachments,
    ):
        raise errors.FailedError(
            f"volume {source.id} is no longer as it was checked: it is "
            f"{now.status}"
        )
    # Written ahead, so that what a killed run has left can be told apart
    # from what never reached Nova.
    run.mark = dataclasses.replace(run.mark, request_id=marks.PENDING)
    yield from patience.read(
        lambda: cloud.set_metadata(new_id, run.mark.metadata),
        f"preparing the swap on server {server_id}",
        attempts=3,
    )


def _until_no_other_swap(run: _Run) -> _Waits[None]:
    """Nova does one swap per server at a time, and so do we."""
    cloud, server_id = run.move.cloud, run.mark.server_id
    while True:
        swaps = yield from patience.read(
            lambda: cloud.list_swaps(server_id), "checking again"
        )
        newest = swaps[0] if swaps else None
        if newest is None:
            return
        request_id = newest.request_id
        seen = yield from patience.read(
            lambda request_id=request_id: cloud.get_swap(  # type: ignore[misc]
                server_id, request_id
            ),
            "checking again",
        )
        if seen is None or seen.result is not None:
            return
        yield move_.Wait((), "waiting for another swap of the server")


def _swap(run: _Run) -> move_.Steps:
    move, cloud, new_id = run.move, run.move.cloud, str(run.destination_id)
    try:
        request_id = cloud.swap_volume(
            run.mark.server_id, run.source.id, new_id
        )
    except errors.CloudError as error:
        found = yield from _after_refusal(run, error)
        request_id = found
    move.request_ids.append(request_id)
    run.mark = dataclasses.replace(run.mark, request_id=request_id)
    try:
        yield from patience.read(
            lambda: cloud.set_metadata(new_id, run.mark.metadata), _SWAPPING
        )
        yield from _ended(run)
        seen, decision = yield from _decided(run)
    except errors.HandOver as signal:
        return _left_to_nova(run, signal)
    if decision.verdict is evidence.Verdict.FINISH:
        yield from endings.finish(move, seen)
        return _done(run, seen)
    if decision.verdict is evidence.Verdict.UNDO:
        yield from endings.undo(move, seen)
        raise errors.FailedError(
            f"{'; '.join(decision.reasons)}; the volume is where it was. See "
            f"'openstack server event show {run.mark.server_id} {request_id}'"
        )
    raise errors.QuarantineError(_quarantine(run, decision.reasons))


def _after_refusal(run: _Run, error: errors.CloudError) -> _Waits[str]:
    """The swap's request ID if Nova took it after all; else it is undone."""
    for _ in range(4):
        swap = yield from patience.read(
            lambda: evidence.find_swap(run.move.cloud, run.mark),
            "looking whether Nova took the swap",
        )
        if swap is not None:
            return swap.request_id
        if not isinstance(error, errors.UnansweredError):
            break
        yield move_.Wait((), "looking whether Nova took the swap")
    seen = yield from _seen(run)
    decision = evidence.decide(seen)
    if decision.verdict is not evidence.Verdict.UNDO:
        raise errors.QuarantineError(
            _quarantine(run, (str(error), *decision.reasons))
        )
    yield from endings.undo(run.move, seen)
    raise error


def _ended(run: _Run) -> _Waits[None]:
    """Wait until the event of our request has a result."""
    both = (run.source.id, str(run.destination_id))
    while True:
        yield move_.Wait(both, _SWAPPING)
        swap = yield from patience.read(
            lambda: run.move.cloud.get_swap(
                run.mark.server_id, run.mark.request_id
            ),
            _SWAPPING,
        )
        if swap is None or swap.result is not None:
            return


def _decided(
    run: _Run,
) -> _Waits[tuple[evidence.Evidence, evidence.Decision]]:
    """The decision, once the records of both services have settled."""
    since: float | None = None
    while True:
        seen = yield from _seen(run)
        decision = evidence.decide(seen)
        if decision.verdict in (
            evidence.Verdict.FINISH,
            evidence.Verdict.UNDO,
        ):
            return seen, decision
        reading = yield move_.Wait((), "collecting the evidence")
        since = reading.at if since is None else since
        if reading.at - since > verdict.SETTLE:
            return seen, decision


def _seen(run: _Run) -> _Waits[evidence.Evidence]:
    return (
        yield from patience.read(
            lambda: evidence.gather(
                run.move.cloud, run.mark, run.destination_id, run.user
            ),
            "collecting the evidence",
        )
    )


# -- How it ends ------------------------------------------------------------


def _undo(run: _Run) -> _Waits[None]:
    """Undo a run that has not asked Nova yet."""
    if run.asked_for_volume and run.destination_id is None:
        run.destination_id = yield from _found_destination(run)
    if run.user is None and run.destination_id is None:
        return
    seen = yield from _seen(run)
    decision = evidence.decide(seen)
    if decision.verdict is evidence.Verdict.UNDO:
        yield from endings.undo(run.move, seen)
    else:
        run.move.warn(_quarantine(run, decision.reasons))


def _undone(run: _Run, signal: errors.HandOver) -> move_.Ending:
    outcome = (
        move_.Outcome.INTERRUPTED
        if isinstance(signal, errors.Interrupted)
        else move_.Outcome.FAILED
    )
    return move_.Ending(
        outcome,
        f"{signal} before Nova was asked to swap; what had been made is "
        f"undone, volume {run.source.id} is as it was",
    )


def _left_to_nova(run: _Run, signal: errors.HandOver) -> move_.Ending:
    outcome = (
        move_.Outcome.INTERRUPTED
        if isinstance(signal, errors.Interrupted)
        else move_.Outcome.STILL_RUNNING
    )
    return move_.Ending(
        outcome,
        f"{signal}; the swap of volume {run.source.id} for "
        f"{run.destination_id} goes on in the cloud, and neither is deleted. "
        f"Follow it with: openstack server event show {run.mark.server_id} "
        f"{run.mark.request_id}. When it has ended, finish it with: "
        f"{_RECOVER}",
    )


def _quarantine(run: _Run, reasons: tuple[str, ...]) -> str:
    return (
        f"it cannot be told which volume server {run.mark.server_id} is on: "
        f"the source {run.source.id} or the destination "
        f"{run.destination_id}; neither is deleted ({'; '.join(reasons)}). "
        "Do not reboot, stop or live-migrate the server and do not detach "
        "either volume. Look with: openstack server event show "
        f"{run.mark.server_id} {run.mark.request_id}; {_RECOVER}"
    )


def _done(run: _Run, seen: evidence.Evidence) -> move_.Ending:
    return move_.Ending(
        move_.Outcome.DONE,
        "before its next live migration, hard-reboot the server (OSSN-0094): "
        f"openstack server reboot --hard {run.mark.server_id}",
        seen.destination,
    )
