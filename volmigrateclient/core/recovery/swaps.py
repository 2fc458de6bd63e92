# SPDX-License-Identifier: Apache-2.0

"""What interrupted swaps via Nova left in a cloud, and its repair.

Found from the cloud alone, from any machine. Only what an interrupted swap
via Nova has left is ever acted on, and only as far as the evidence proves
it (:func:`.swap_via_nova.evidence.decide`).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection

from volmigrateclient.core import model, paths
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.model.swap_marker import SwapMarker
from volmigrateclient.core.paths import retry
from volmigrateclient.core.paths.swap_via_nova import cleanup
from volmigrateclient.core.paths.swap_via_nova.evidence import (
    Decision,
    Evidence,
    Resolution,
    decide,
    gather,
    source_needed,
)

_COMPARE = (
    "do not reboot, stop or live-migrate the server; compare 'virsh "
    "domblklist' on its hypervisor with both volumes"
)
_WOULD = {
    Resolution.WAIT: (
        "nothing yet: run recover again once the swap has ended. Only if "
        "nova-compute was restarted since then it never will: see 'When "
        "nova-compute died in the middle' in the documentation, and once the "
        "guest was seen on the source, run recover with --guest-is-on-source"
    ),
    Resolution.QUARANTINE: f"nothing: {_COMPARE}",
}


@dataclasses.dataclass(frozen=True)
class Leftover:
    """What one interrupted swap via Nova has left.

    :param age: seconds since it was started; None where that is unknown
    :param older_than: seconds for which a run may still be alive
    """

    evidence: Evidence
    decision: Decision
    age: float | None
    older_than: float

    kind = "interrupted swap"

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.evidence.marker.run_id

    @property
    def source_id(self) -> str:
        """The volume that was to be swapped."""
        return self.evidence.marker.source_id

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the evidence proves, or fails to."""
        return self.decision.reasons

    @property
    def to_do(self) -> str:
        """What ``recover`` would do about it, for people."""
        if self.may_be_alive:
            started = (
                "its start time is unknown: it"
                if self.age is None
                else f"it was started {self.age:.0f} s ago and"
            )
            return (
                f"nothing: {started} may still be running (see --older-than)"
            )
        return _WOULD.get(self.decision.resolution) or self._would()

    def _would(self) -> str:
        """What finishing or undoing comes to, with what is still there."""
        evidence = self.evidence
        finishes = self.decision.resolution is Resolution.COMPLETE
        words, doomed = [], []
        if finishes and evidence.source is not None:
            if evidence.marker.keep_source or source_needed(evidence):
                words.append("keep the source, renamed")
            else:
                doomed.append("the source")
        if not finishes and evidence.destination is not None:
            doomed.append("the destination")
        if evidence.user is not None:
            doomed.append("the temporary user")
        if doomed:
            words.append(f"delete {' and '.join(doomed)}")
        return "; ".join(words) or "remove the marker"

    @property
    def may_be_alive(self) -> bool:
        """Whether some process may still be at work on it."""
        if self.age is None:  # a tenant may have edited the metadata
            return self.older_than > 0
        return self.age < self.older_than

    @property
    def settled(self) -> bool:
        """Whether nobody will change it any more but us or a human."""
        return not self.may_be_alive and (
            self.decision.resolution is not Resolution.WAIT
        )

    @property
    def safe(self) -> bool:
        """Whether it may be finished or undone."""
        return not self.may_be_alive and (
            self.decision.resolution
            in (Resolution.COMPLETE, Resolution.ROLLBACK)
        )


def leftovers(
    cloud: Cloud,
    now: datetime.datetime,
    guests_on_source: Collection[str] = (),
    *,
    older_than: float,
) -> list[Leftover]:
    """Everything that interrupted swaps via Nova have left; only GETs.

    :param guests_on_source: source volumes of which an operator has seen on
        the hypervisor that the guest is on them, and that no block job is left
    :param older_than: seconds for which a run may still be alive
    """
    users: dict[SwapMarker, model.User] = {}
    for user in cloud.find_users(None, swap_marker.USER_PREFIX):
        marker = swap_marker.of_user(user)
        # A user of that name who does not say so is not ours to delete.
        if marker is not None and marker.user_name == user.name:
            users[marker] = user
    volumes = {
        marker.run_id: (marker, volume)
        for volume in cloud.list_volumes(
            metadata=swap_marker.destination_filter()
        )
        if (marker := swap_marker.of_volume(volume)) is not None
    }
    left = [
        (*volumes.pop(of_user.run_id, (of_user, None)), user)
        for of_user, user in users.items()
    ]
    # A marker without a user: all was done but to remove the marker, or the
    # destination could not be deleted.
    left += [(marker, volume, None) for marker, volume in volumes.values()]
    found = []
    for marker, volume, user_left in left:
        evidence = gather(
            cloud,
            marker,
            volume.id if volume else None,
            user_left,
            marker.source_id in guests_on_source,
        )
        age = _age(marker.started, now)
        found.append(Leftover(evidence, decide(evidence), age, older_than))
    return sorted(found, key=lambda one: one.evidence.marker.started)


def _age(started: str, now: datetime.datetime) -> float | None:
    try:
        then = datetime.datetime.strptime(started, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None
    return (now - then).total_seconds()


def job(leftover: Leftover) -> Job:
    """What the engine is to do about a leftover."""
    return Job(
        model.Request(model.Action(leftover.evidence.marker.source_id)),
        volume=leftover.evidence.source or leftover.evidence.destination,
        steps=lambda move: _steps(move, leftover),
    )


def _steps(move: paths.Move, leftover: Leftover) -> paths.Steps:
    """Look again, and finish or undo if that is still what is proven."""
    before = leftover.evidence
    destination = before.destination
    evidence = yield from retry.read(
        lambda: gather(
            move.cloud,
            before.marker,
            destination.id if destination else None,
            before.user,
            before.guest_is_on_source,
        ),
        "looking again",
        attempts=3,
    )
    decision = decide(evidence)
    if decision.resolution is not leftover.decision.resolution:
        raise errors.FailedError(
            "it changed meanwhile: " + "; ".join(decision.reasons)
        )
    try:
        if decision.resolution is Resolution.COMPLETE:
            yield from cleanup.complete(move, evidence)
        else:
            yield from cleanup.rollback(move, evidence)
    except errors.StopWaiting as signal:
        return paths.Ending(
            paths.Outcome.INTERRUPTED, f"{signal}; run recover again"
        )
    if move.warnings:
        return paths.Ending(paths.Outcome.FAILED, "; ".join(move.warnings))
    return paths.Ending(paths.Outcome.DONE)
