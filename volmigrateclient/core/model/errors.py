# SPDX-License-Identifier: Apache-2.0

"""Every error that the core raises.

A class owns its sentence where that is raised in more than one place; all
texts are for the user. The commands say what a process exits with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from volmigrateclient.core.model import check, wording


class MigrateError(Exception):
    """What ends an action without success; its text is for the user."""


class InvalidActionError(MigrateError):
    """The parameters do not fit the action's schema."""


class LookupFailedError(MigrateError):
    """A name or ID leads to nothing, or to several things."""


class NoVolumeError(LookupFailedError):
    """There is no such volume."""

    def __init__(self, name_or_id: str) -> None:
        super().__init__(
            f"No volume with a name or ID of {wording.quoted(name_or_id)} "
            "exists in any project"
        )


class UnknownTypeError(LookupFailedError):
    """There is no such volume type.

    :param names: of those that there are
    """

    def __init__(self, name_or_id: str, names: Iterable[str] = ()) -> None:
        super().__init__(
            f"No volume type with a name or ID of "
            f"{wording.quoted(name_or_id)} exists"
            + wording.did_you_mean(name_or_id, names)
        )


class RefusedError(MigrateError):
    """Preconditions do not hold; nothing was changed.

    :param blockers: the checks that failed, all of them
    """

    def __init__(self, blockers: Sequence[check.Check]) -> None:
        self.blockers = tuple(blockers)
        #: Whether nothing blocks but services that do not answer now.
        self.passing = all(blocker.passing for blocker in self.blockers)
        super().__init__("\n".join(check.sentences(self.blockers)))


class ChangedError(MigrateError):
    """The volume is not as it was when it was planned; nothing was done.

    :param changes: everything that differs, in words
    """

    def __init__(self, changes: Sequence[str]) -> None:
        super().__init__(
            "the volume changed since it was planned: " + "; ".join(changes)
        )


class FailedError(MigrateError):
    """The action was started and did not reach its end."""


class DestinationTakenError(FailedError):
    """The five steps' destination volume is not ours alone any more.

    :param status: of the volume; None is one that is gone
    """

    def __init__(self, volume_id: str, status: str | None) -> None:
        super().__init__(
            f"the destination volume {volume_id} is in use by somebody else: "
            f"it is {status or 'gone'}"
        )


class UnwritableError(FailedError):
    """A file cannot be written."""

    def __init__(self, path: object, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {error.strerror or error}")


class LockedError(MigrateError):
    """Somebody else is swapping this volume, or was interrupted.

    :param why: what says so
    """

    def __init__(self, volume_id: str, why: str) -> None:
        super().__init__(
            f"volume {volume_id} is already being swapped, or a swap of it "
            f"was interrupted: {why}. See 'openstack volume watcher-migrate "
            "recover'"
        )


class UndecidedError(MigrateError):
    """Which volume the guest is on cannot be told; nothing was deleted."""


class StopWaiting(BaseException):
    """Thrown into a path that has to stop waiting.

    A path that owns what it made undoes it, as far as nothing can be lost;
    for the rest the cloud goes on alone. Not an Exception, so that no
    handler of errors takes it for one.
    """


class TimedOut(StopWaiting):
    """The action's own time is over."""


class CredentialsExpired(StopWaiting):
    """The credentials are no longer accepted; nothing can be read."""


class Interrupted(StopWaiting):
    """The user interrupted: Ctrl-C, SIGTERM, SIGHUP."""


class CloudError(MigrateError):
    """A service refused a request; ``status`` is the HTTP status."""

    def __init__(
        self, message: str, status: int | None = None, request_id: str = ""
    ) -> None:
        self.status = status
        self.request_id = request_id
        super().__init__(message)


class ServiceMissingError(CloudError):
    """The catalogue has no endpoint of a service: nobody can be asked.

    :param where: interface and region that were looked for
    """

    def __init__(self, service: str, where: str) -> None:
        super().__init__(f"{service} cannot be asked: there is no {where}")


class NoMicroversionsError(CloudError):
    """An endpoint that tells too little for anything to be verified."""

    def __init__(self, service: str, url: str, needed: str) -> None:
        super().__init__(
            f"{service}'s endpoint {url} takes no microversions, so that "
            "nothing could be verified there: give the endpoint that ends in "
            f"/{needed} in its place (see 'openstack endpoint list' and "
            "'openstack endpoint set --url')"
        )


class TooOldError(CloudError):
    """A service's API is too old to tell something, or to do it."""

    def __init__(self, service: str, takes: object, needed: object) -> None:
        super().__init__(
            f"{service} is too old for this: it takes microversion {takes} "
            f"at most, and {needed} is needed"
        )


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
