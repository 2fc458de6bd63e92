# SPDX-License-Identifier: Apache-2.0

"""Every error that the core raises, with its exit code and sentence."""

from __future__ import annotations

import typing
from collections.abc import Sequence

if typing.TYPE_CHECKING:
    from volmigrateclient.core import checks


class MigrateError(Exception):
    """What ends an action without success; its text is for the user."""


class InvalidActionError(MigrateError):
    """The parameters do not fit the action's schema."""


class LookupFailedError(MigrateError):
    """A name or ID leads to no volume, or to several."""


class RefusedError(MigrateError):
    """Preconditions do not hold; nothing was changed.

    :param blockers: the checks that failed, all of them
    """

    def __init__(self, blockers: Sequence[checks.Check]) -> None:
        self.blockers = tuple(blockers)
        super().__init__("\n".join(sentences(self.blockers)))


class ChangedError(MigrateError):
    """The volume is not as it was when it was planned; nothing was done."""


class FailedError(MigrateError):
    """The action was started and did not reach its end."""


class LockedError(MigrateError):
    """Somebody else is swapping this volume, or was interrupted."""


class QuarantineError(MigrateError):
    """Which volume the guest is on cannot be told; nothing was deleted."""


class HandOver(BaseException):
    """Thrown into a path that has to stop waiting.

    A path that owns what it made undoes it, as far as nothing can be lost;
    for the rest the cloud goes on alone. Not an Exception, so that no
    handler of errors takes it for one.
    """


class TimedOut(HandOver):
    """The action's own time is over."""


class LostSight(HandOver):
    """The credentials are no longer accepted; nothing can be seen."""


class Interrupted(HandOver):
    """The user wants out: Ctrl-C, SIGTERM, SIGHUP."""


class CloudError(MigrateError):
    """A service refused a request; ``status`` is the HTTP status."""

    def __init__(
        self, message: str, status: int | None = None, request_id: str = ""
    ) -> None:
        self.status = status
        self.request_id = request_id
        super().__init__(message)


class NotFoundError(CloudError):
    """404."""


class BadRequestError(CloudError):
    """400."""


class UnauthorizedError(CloudError):
    """401: the credentials are not, or no longer, accepted."""


class ForbiddenError(CloudError):
    """403: the credentials do not allow it."""


class ConflictError(CloudError):
    """409."""


class OverQuotaError(CloudError):
    """413: not a rate limit, but a quota that does not suffice."""


class UnansweredError(CloudError):
    """5xx, 429, a time-out or a broken connection.

    Whether the service did what it was asked is not known. A read may be
    repeated; a write has to be looked up first.
    """


def sentences(blockers: Sequence[checks.Check]) -> list[str]:
    """One line per sentence of the contract, each with all its reasons."""
    grouped: dict[str, list[str]] = {}
    for blocker in blockers:
        reasons = grouped.setdefault(blocker.sentence, [])
        if blocker.detail:
            reasons.append(blocker.reason)
    return [
        f"{sentence}: {'; '.join(reasons)}" if reasons else sentence
        for sentence, reasons in grouped.items()
    ]
