# SPDX-License-Identifier: Apache-2.0

"""Steps one and two: the temporary user and the destination volume."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.cloud.reading import Reads, read_concurrently
from volmigrateclient.core.model import errors, swap_marker
from volmigrateclient.core.paths import retry
from volmigrateclient.core.paths.move import Wait, Waits
from volmigrateclient.core.paths.swap_via_nova import password as password_
from volmigrateclient.core.paths.swap_via_nova.run import Run

#: Seconds after which a token is surely younger than a changed password.
_A_SECOND_AND_MORE = 1.5
#: Looks for what a request has made that was not answered.
_LOOKS = 4

_USER = "creating the temporary user"
_VOLUME = "creating the destination"


# -- Step one ---------------------------------------------------------------


def make_user(run: Run) -> Waits[str]:
    """Make the user with its role; gives its password."""
    cloud, project = run.move.cloud, run.move.before.project
    if project is None:
        raise RuntimeError("the survey has no project")
    found = yield from retry.read(
        lambda: read_concurrently(_before_the_user(run)), _USER, retry.FEW
    )
    _refuse_if_begun(run, found["users"], found["volumes"])
    role_id = found["role"]
    domain_id = found.get("domain", project.domain_id)
    password = password_.make(found["password_regex"])
    run.user = yield from _locked(run, domain_id, password)
    user_id = run.user.id
    yield from retry.read(
        lambda: cloud.grant_role(user_id, project.id, role_id),
        _USER,
        retry.FEW,
    )
    return password


def _before_the_user(run: Run) -> Reads:
    cloud, options, marker = run.move.cloud, run.move.options, run.marker
    reads: dict[str, Callable[[], Any]] = {
        "users": lambda: cloud.find_users(None, marker.user_name),
        "volumes": lambda: cloud.list_volumes(
            metadata=swap_marker.source_filter(marker.source_id)
        ),
        "role": lambda: cloud.find_role(options.temporary_user_role),
        "password_regex": cloud.password_regex,
    }
    wanted = options.temporary_user_domain
    if wanted is not None:
        reads["domain"] = lambda: cloud.find_domain(wanted)
    return reads


def _refuse_if_begun(
    run: Run, users: Sequence[model.User], volumes: Sequence[model.Volume]
) -> None:
    """Another domain's user is no lock to Keystone, a leftover is none."""
    if users:
        raise _begun(run, f"user {run.marker.user_name} exists")
    if volumes:
        raise _begun(run, f"its destination volume {volumes[0].id} exists")


def _begun(run: Run, why: str) -> errors.LockedError:
    return errors.LockedError(run.marker.source_id, why)


def _locked(run: Run, domain_id: str, password: str) -> Waits[model.User]:
    """Make the user; somebody else's of that name is their lock."""
    marker = run.marker
    unanswered: errors.UnansweredError | None = None
    for _ in (1, 2):
        run.domain_id = domain_id
        try:
            return run.move.cloud.create_user(
                marker.user_name, domain_id, password, marker.description
            )
        except errors.UnansweredError as error:
            unanswered = error
        except errors.CloudError as error:
            # The first request may have made it after we looked for it.
            if unanswered is not None:
                ours = yield from find_user(run)
                if ours is not None:
                    return ours
            run.domain_id = None
            if isinstance(error, errors.ConflictError):
                raise _begun(run, f"user {marker.user_name} exists") from error
            if isinstance(error, errors.ForbiddenError):
                raise errors.FailedError(
                    f"domain {domain_id} does not accept new users "
                    f"(read-only?): {error}; name another one with "
                    "--temporary-user-domain"
                ) from error
            raise
        ours = yield from find_user(run)
        if ours is not None:
            return ours
    raise unanswered or RuntimeError("unreachable")


def find_user(run: Run) -> Waits[model.User | None]:
    """The user, if Keystone made it without an answer.

    Its description tells it from another run's.
    """
    for _ in range(_LOOKS):
        found = yield from retry.read(
            lambda: run.move.cloud.find_users(
                run.domain_id, run.marker.user_name
            ),
            "looking for the temporary user",
            _LOOKS,
        )
        for user in found:
            marker = swap_marker.of_user(user)
            if marker is not None and marker.run_id == run.marker.run_id:
                return user
        yield Wait((), "looking for the temporary user")
    return None


# -- Step two ---------------------------------------------------------------


def create_destination(run: Run, password: str) -> Waits[None]:
    """Have the user make the volume; it can do nothing any more then."""
    cloud, source, user = run.move.cloud, run.source, run.user
    if user is None:
        raise RuntimeError("the destination needs the temporary user")
    body: dict[str, object] = {
        "size": source.size,
        "name": source.name,
        "description": source.description,
        # By ID: a name may be given to another type meanwhile.
        "volume_type": run.move.destination_type.id,
        "availability_zone": source.availability_zone,
        "metadata": {
            **swap_marker.without(source.metadata),
            **run.marker.metadata,
        },
    }
    run.asked_for_volume = True
    try:
        run.destination_id = yield from _posted(run, user.id, password, body)
    except errors.UnansweredError:
        # Never a second POST: the first may still be on its way. Its marker
        # tells whether it arrived.
        run.destination_id = yield from find_destination(run)
        if run.destination_id is None:
            raise
    except errors.CloudError:
        run.asked_for_volume = False
        raise
    yield from retry.read(
        lambda: cloud.disable_user(user.id), _VOLUME, retry.FEW
    )


def _posted(
    run: Run, user_id: str, password: str, body: dict[str, object]
) -> Waits[str]:
    """Send the POST as the user; a token that is refused did nothing.

    Where passwords are to be changed upon first use, Keystone lets a new
    one expire at once: it heeds the user's option against that only when an
    admin sets the password later (identity/backends/sql.py of Keystone 30).
    """
    cloud, project_id = run.move.cloud, run.source.project_id
    try:
        return cloud.create_volume_as(user_id, password, project_id, body)
    except errors.UnauthorizedError:
        yield from retry.read(
            lambda: cloud.set_password(user_id, password), _VOLUME, retry.FEW
        )
    # That revokes what tokens were issued until then, to the second; one
    # that is issued within the same second would be revoked as well.
    since: float | None = None
    while True:
        reading = yield Wait((), _VOLUME)
        since = reading.at if since is None else since
        if reading.at - since >= _A_SECOND_AND_MORE:
            break
    return cloud.create_volume_as(user_id, password, project_id, body)


def find_destination(run: Run) -> Waits[str | None]:
    """The volume, if Cinder made it without an answer."""
    for _ in range(_LOOKS):
        found = yield from retry.read(
            lambda: run.move.cloud.list_volumes(
                metadata=swap_marker.run_filter(run.marker.run_id)
            ),
            "looking for the destination",
            _LOOKS,
        )
        if found:
            return found[0].id
        yield Wait((), "looking for the destination")
    return None


def make_alike(run: Run) -> Waits[None]:
    """Wait for the destination and make it like the source."""
    cloud, source, new_id = run.move.cloud, run.source, run.new_id
    volume = yield from _available(run, new_id)
    _refuse_unlike(run, volume)
    alike: list[Callable[[], None]] = []
    if source.bootable != volume.bootable:
        alike.append(
            functools.partial(cloud.set_bootable, new_id, source.bootable)
        )
    if source.image_metadata:
        alike.append(
            functools.partial(
                cloud.set_image_metadata, new_id, source.image_metadata
            )
        )
    if source.read_only:
        alike.append(functools.partial(cloud.set_read_only, new_id))
    for request in alike:
        yield from retry.read(request, _VOLUME, retry.FEW)


def _available(run: Run, new_id: str) -> Waits[model.Volume]:
    while True:
        reading = yield Wait((new_id,), _VOLUME, poll_fast=True)
        volume = reading.volumes.get(new_id)
        if volume is None:
            raise errors.FailedError(
                f"the destination volume {new_id} was deleted by somebody"
            )
        if volume.status == "available":
            return volume
        if volume.status == "error":
            messages = yield from retry.read(
                lambda: run.move.cloud.list_messages(new_id),
                _VOLUME,
                retry.FEW,
            )
            raise errors.FailedError(
                f"Cinder could not create the destination volume {new_id}: "
                + ("; ".join(messages) or "it is in error")
            )
        if volume.status not in ("creating", "downloading"):
            raise errors.DestinationTakenError(new_id, volume.status)


def _refuse_unlike(run: Run, volume: model.Volume) -> None:
    wanted = run.move.destination_type
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


def carry_over(run: Run, now: model.Volume) -> Waits[None]:
    """Give the destination what the tenant changed at the source meanwhile.

    A copy takes hours; a volume that was renamed in that time is not to
    come back under its old name.

    :param now: the source, once the swap has ended
    """
    cloud, was, new_id = run.move.cloud, run.source, run.new_id
    before, after = (
        swap_marker.without(was.metadata),
        swap_marker.without(now.metadata),
    )
    requests: list[Callable[[], None]] = []
    fields = {
        field: getattr(now, field) or ""
        for field in ("name", "description")
        if getattr(now, field) != getattr(was, field)
    }
    if fields:
        requests.append(
            functools.partial(cloud.update_volume, new_id, **fields)
        )
    added = {k: v for k, v in after.items() if before.get(k) != v}
    if added:
        requests.append(functools.partial(cloud.set_metadata, new_id, added))
    if before.keys() - after.keys():
        requests.append(
            functools.partial(
                cloud.unset_metadata, new_id, before.keys() - after.keys()
            )
        )
    for request in requests:
        try:
            yield from retry.read(request, "finishing", retry.FEW)
        except errors.CloudError as error:
            run.move.warn(
                f"what was changed at volume {was.id} during the swap is not "
                f"all carried over to {new_id}: {error}"
            )
