# SPDX-License-Identifier: Apache-2.0

"""What interrupted moves have left in a cloud, and what may be done.

Found from the cloud alone, from any machine. Only what an interrupted swap
via Nova has left is ever acted on, and only as far as the evidence proves
it (:func:`.direct_swap.evidence.decide`); all else is advice.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator

from volmigrateclient.core import action as action_
from volmigrateclient.core import cloud as cloud_
from volmigrateclient.core import errors, model
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_
from volmigrateclient.core.direct_swap import endings, evidence, marks
from volmigrateclient.core.paths import patience

_COMPARE = (
    "do not reboot, stop or live-migrate the server; compare 'virsh "
    "domblklist' on its hypervisor with both volumes"
)
_WOULD = {
    evidence.Verdict.WAIT: (
        "nothing yet: look again when the swap ended. Only if nova-compute "
        f"was restarted since then it never will: {_COMPARE}"
    ),
    evidence.Verdict.QUARANTINE: f"nothing: {_COMPARE}",
}


@dataclasses.dataclass(frozen=True)
class Leftover:
    """What one interrupted swap via Nova has left.

    :param age: seconds since it was started; None where that is unknown
    """

    seen: evidence.Evidence
    decision: evidence.Decision
    age: float | None

    def to_do(self, older_than: float) -> str:
        """What ``recover`` would do about it, for people.

        :param older_than: seconds for which a run may still be alive
        """
        if self.may_be_alive(older_than):
            started = (
                "nobody knows when it was started: it"
                if self.age is None
                else f"it was started {self.age:.0f} s ago and"
            )
            return (
                f"nothing: {started} may still be running (see --older-than)"
            )
        return _WOULD.get(self.decision.verdict) or self._would()

    def _would(self) -> str:
        """What finishing or undoing comes to, with what is still there."""
        seen = self.seen
        finishes = self.decision.verdict is evidence.Verdict.FINISH
        words, doomed = [], []
        if finishes and seen.source is not None:
            if seen.mark.keep_source or evidence.source_needed(seen):
                words.append("keep the source, renamed")
            else:
                doomed.append("the source")
        if not finishes and seen.destination is not None:
            doomed.append("the destination")
        if seen.user is not None:
            doomed.append("the temporary user")
        if doomed:
            words.append(f"delete {' and '.join(doomed)}")
        return "; ".join(words) or "take the mark away"

    def may_be_alive(self, older_than: float) -> bool:
        """Whether some process may still be at work on it."""
        if self.age is None:  # a tenant may have edited the metadata
            return older_than > 0
        return self.age < older_than

    def settled(self, older_than: float) -> bool:
        """Whether nobody will change it any more but us or a human."""
        return not self.may_be_alive(older_than) and (
            self.decision.verdict is not evidence.Verdict.WAIT
        )

    def safe(self, older_than: float) -> bool:
        """Whether it may be finished or undone."""
        return not self.may_be_alive(older_than) and (
            self.decision.verdict
            in (evidence.Verdict.FINISH, evidence.Verdict.UNDO)
        )


@dataclasses.dataclass(frozen=True)
class Advice:
    """Something that is only told of.

    :param kind: what it is, in a few words
    :param subject: the ID of what it is about
    """

    kind: str
    subject: str
    state: str
    advice: str


def leftovers(cloud: cloud_.Cloud, now: datetime.datetime) -> list[Leftover]:
    """Everything that interrupted swaps via Nova have left; only GETs."""
    users: dict[marks.Mark, model.User] = {}
    for user in cloud.find_users(None, marks.USER_PREFIX):
        mark = marks.of_user(user)
        # A user of that name who does not say so is not ours to delete.
        if mark is not None and mark.user_name == user.name:
            users[mark] = user
    volumes = {
        mark.run_id: (mark, volume)
        for volume in cloud.list_volumes(metadata=marks.destination_filter())
        if (mark := marks.of_volume(volume)) is not None
    }
    found = []
    for of_user, user in users.items():
        mark, volume = volumes.pop(of_user.run_id, (of_user, None))
        found.append(_leftover(cloud, mark, volume, user, now))
    # A mark without a user: all was done but to take the mark away, or the
    # destination could not be deleted.
    for mark, volume in volumes.values():
        found.append(_leftover(cloud, mark, volume, None, now))
    return sorted(found, key=lambda one: one.seen.mark.started)


def _leftover(
    cloud: cloud_.Cloud,
    mark: marks.Mark,
    volume: model.Volume | None,
    user: model.User | None,
    now: datetime.datetime,
) -> Leftover:
    seen = evidence.gather(cloud, mark, volume.id if volume else None, user)
    return Leftover(seen, evidence.decide(seen), _age(mark.started, now))


def _age(started: str, now: datetime.datetime) -> float | None:
    try:
        then = datetime.datetime.strptime(started, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return (now - then).total_seconds()


def job(leftover: Leftover) -> job_.Job:
    """What the engine is to do about a leftover."""
    return job_.Job(
        action_.Action(leftover.seen.mark.source_id),
        volume=leftover.seen.source or leftover.seen.destination,
        steps=lambda move: _steps(move, leftover),
    )


def _steps(move: move_.Move, leftover: Leftover) -> move_.Steps:
    """Look again, and finish or undo if that is still what is proven."""
    before = leftover.seen
    destination = before.destination
    seen = yield from patience.read(
        lambda: evidence.gather(
            move.cloud,
            before.mark,
            destination.id if destination else None,
            before.user,
        ),
        "looking again",
        attempts=3,
    )
    decision = evidence.decide(seen)
    if decision.verdict is not leftover.decision.verdict:
        raise errors.FailedError(
            "it changed meanwhile: " + "; ".join(decision.reasons)
        )
    try:
        if decision.verdict is evidence.Verdict.FINISH:
            yield from endings.finish(move, seen)
        else:
            yield from endings.undo(move, seen)
    except errors.HandOver as signal:
        return move_.Ending(
            move_.Outcome.INTERRUPTED, f"{signal}; run recover again"
        )
    if move.warnings:
        return move_.Ending(move_.Outcome.FAILED, "; ".join(move.warnings))
    return move_.Ending(move_.Outcome.DONE)


def advice(cloud: cloud_.Cloud) -> list[Advice]:
    """What else looks left behind: by Cinder, or by an earlier Watcher."""
    return [
        *_stuck_in_cinder(cloud),
        *_lost_attachments(cloud),
        *_forged_admins(cloud),
    ]


def past_swaps(cloud: cloud_.Cloud) -> Iterator[Advice]:
    """Servers with swaps behind them: a request for each server.

    By OSSN-0094 a server whose volume was swapped directly must not be
    live-migrated before a hard reboot; Cinder's own moves look the same
    in this list and need nothing.
    """
    for server in cloud.list_servers():
        swaps = cloud.list_swaps(server.id)
        if swaps:
            yield Advice(
                "swapped server",
                server.id,
                f"{len(swaps)} swap(s), last {swaps[0].started_at}",
                "unless Cinder led them, hard-reboot it before its next "
                f"live migration: openstack server reboot --hard {server.id}",
            )


def _forged_admins(cloud: cloud_.Cloud) -> Iterable[Advice]:
    """Users as Watcher made them for its swaps, until it withdrew them."""
    for user in cloud.list_admins():
        name = user.name
        if len(name) == 10 and name.isalnum() and not name.islower():
            yield Advice(
                "admin user",
                user.id,
                f"user {name}, role admin",
                "if nobody knows it, an earlier Watcher may have left it "
                f"(OSSN-0094): openstack user show {user.id}",
            )


def _stuck_in_cinder(cloud: cloud_.Cloud) -> Iterator[Advice]:
    moving = cloud.list_volumes(migration_status=str(sorted(model.MIGRATING)))
    old = [
        row
        for row in cloud.list_volumes(migration_status="deleting")
        if row.status != "deleting"
    ]
    for volume in moving:
        yield Advice(
            "moving volume",
            volume.id,
            f"{volume.status}, migration {volume.migration_status}, last "
            f"changed {volume.updated_at}",
            _ADVICE[str(volume.migration_status)],
        )
    for volume in old:
        yield Advice(
            "old copy",
            volume.id,
            f"{volume.status} on {volume.host}, {volume.description}",
            "the move succeeded but its old data was not deleted: read "
            "cinder-volume's log; if the volume that it names is fine: "
            f"openstack volume set --state error {volume.id}; openstack "
            f"volume delete {volume.id}",
        )


def _lost_attachments(cloud: cloud_.Cloud) -> Iterator[Advice]:
    """Disks of servers that Cinder has attached to nothing."""
    for volume in cloud.list_volumes(
        status="in-use", migration_status="success"
    ):
        if volume.lost_attachment:
            yield Advice(
                "lost attachment",
                volume.id,
                f"in-use and attached to nothing, last changed "
                f"{volume.updated_at}",
                "if it stays so: do not reboot, stop or live-migrate its "
                "server before that is repaired; see 'An attachment that "
                "Cinder lost' in the documentation",
            )


#: Semantics A.7.
_ADVICE = {
    "starting": (
        "if it stays so for 10 minutes: are cinder-scheduler and the source's "
        "cinder-volume up? (openstack volume service list) Their queues run "
        "when they come back, so reset nothing before that"
    ),
    "migrating": (
        "a copy has no progress to see. Only if the source's cinder-volume "
        "was restarted after it started is it dead: then see 'Recovering' in "
        "the documentation; never delete its target"
    ),
    "completing": (
        "it may or may not have switched to the copy: leave both volumes "
        "alone and read cinder-volume's log"
    ),
}
