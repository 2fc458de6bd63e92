# SPDX-License-Identifier: Apache-2.0

"""The library: volume migrate actions from Python.

A strategy hands over a keystoneauth session with admin credentials and a
list of actions, and is told what became of each::

    from volmigrateclient import api

    results = api.migrate(
        session,
        [
            api.Action.from_mapping(
                {
                    "resource_id": volume_id,
                    "migration_type": "cold",
                    "destination_node": "host@backend#pool",
                }
            )
        ],
    )
    for result in results:
        print(result.volume_id, result.outcome.value, result.reason)

It needs nothing of OpenStackClient.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from keystoneauth1 import session as session_

from volmigrateclient import gateway
from volmigrateclient.core import checks as checks_
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.cached import share_answers, share_catalogue
from volmigrateclient.core.engine import (
    Admission,
    Engine,
    Handle,
    Job,
    Limits,
    Reporter,
)
from volmigrateclient.core.model import (
    SCHEMA,
    WATCHER_SCHEMA,
    Action,
    Check,
    Options,
    Path,
    Request,
    Result,
    Volume,
)
from volmigrateclient.core.model.check import sentences
from volmigrateclient.core.model.errors import (
    CloudError,
    InvalidActionError,
    LookupFailedError,
    MigrateError,
)
from volmigrateclient.core.paths import Move, MoveResult, Outcome, Steps
from volmigrateclient.core.planning import planner
from volmigrateclient.core.planning.order import Order
from volmigrateclient.core.planning.planner import (
    Assessment,
    Destination,
    Readiness,
)
from volmigrateclient.core.planning.selection import Selection
from volmigrateclient.gateway import connection

__all__ = (
    "SCHEMA",
    "WATCHER_SCHEMA",
    "Action",
    "Admission",
    "Assessment",
    "Check",
    "CheckedAction",
    "Cloud",
    "CloudError",
    "Destination",
    "Handle",
    "InvalidActionError",
    "Limits",
    "LookupFailedError",
    "MigrateError",
    "Move",
    "MoveResult",
    "Options",
    "Order",
    "Outcome",
    "Path",
    "Readiness",
    "Reporter",
    "Result",
    "Selection",
    "Volume",
    "check",
    "connect",
    "migrate",
    "plan",
)


def connect(
    session: session_.Session,
    region_name: str | None = None,
    interface: str = "public",
    endpoint_overrides: Mapping[str, str | None] | None = None,
) -> Cloud:
    """The cloud that a session with admin credentials leads to.

    Sends nothing.

    :param session: if it has no timeout, requests get one of 60 s
    :param region_name: None is the catalogue's first
    :param interface: of the catalogue's endpoints
    :param endpoint_overrides: by service type: ``block-storage``,
        ``compute``, ``identity``
    """
    return gateway.Gateway(
        connection.Connection(
            session=connection.bounded(session),
            region_name=region_name,
            interface=interface,
            endpoint_overrides=endpoint_overrides or {},
        )
    )


@dataclasses.dataclass(frozen=True)
class CheckedAction:
    """An action, and everything that its checks found."""

    #: The action as it was given.
    action: Action
    #: The path that would carry it out.
    path: Path
    #: Whether it can be carried out, as the cloud is now.
    readiness: Readiness
    #: Every precondition, the ones that are met, too.
    checks: tuple[Check, ...] = ()
    #: Why it is blocked, or why there is nothing to do; a line for each
    #: sentence of the contract, with all its reasons.
    reasons: tuple[str, ...] = ()


def check(
    session: session_.Session,
    actions: Iterable[Action],
    options: Options | None = None,
    region_name: str | None = None,
    interface: str = "public",
) -> list[CheckedAction]:
    """Check what actions need, and change nothing; the findings for each.

    Sends only GETs, and for a swap via Nova the probe, which changes
    nothing. A volume that does not exist is a reason, not an error.

    :param options: the same for all actions
    :raises CloudError: the cloud cannot be read
    """
    chosen = options or Options()
    cloud_ = share_answers(connect(session, region_name, interface))
    return [_checked(cloud_, Request(action, chosen)) for action in actions]


def _checked(cloud_: Cloud, request: Request) -> CheckedAction:
    def found(
        readiness: Readiness,
        checks: tuple[Check, ...] = (),
        reasons: Sequence[str] = (),
    ) -> CheckedAction:
        return CheckedAction(
            request.action, request.path, readiness, checks, (*reasons,)
        )

    try:
        judged = checks_.judge(cloud_, request)
    except LookupFailedError as error:
        return found(Readiness.BLOCKED, reasons=[str(error)])
    if judged.there is not None:
        return found(Readiness.ALREADY_THERE, judged.checks, [judged.there])
    blockers = checks_.blockers(judged.checks)
    if blockers:
        return found(Readiness.BLOCKED, judged.checks, sentences(blockers))
    return found(Readiness.READY, judged.checks)


def plan(
    session: session_.Session,
    selection: Selection,
    destination: Destination,
    order: Order = Order.GIVEN,
    region_name: str | None = None,
    interface: str = "public",
) -> list[Assessment]:
    """Choose volumes and an action for each, and change nothing.

    Sends only list requests, a few for thousands of volumes. What is ready
    is booked: what fits only without the others is blocked.

    :raises LookupFailedError: a type or pool that does not exist
    :raises CloudError: the cloud cannot be read
    """
    return planner.plan(
        connect(session, region_name, interface),
        selection,
        destination,
        order,
    )


def migrate(
    session: session_.Session,
    actions: Iterable[Action],
    options: Options | None = None,
    reporter: Reporter | None = None,
    max_parallel: int = 1,
    region_name: str | None = None,
    interface: str = "public",
    admission: Admission | None = None,
    handle: Handle | None = None,
) -> list[MoveResult]:
    """Carry out actions to their verified ends; a result for each.

    What happens to a single action is in its result and never raised. For
    several, what the cloud says of types, pools and services is asked once in
    20 seconds; so it is of quotas and snapshots, but not for a swap via Nova.

    It may be called in several threads at once. No server ever has two
    moves, whichever calls of this process they are from.

    :param options: the same for all actions
    :param reporter: hears of every event on the way
    :param max_parallel: how many are moved at once
    :param admission: caps and stop rules, instead of ``max_parallel``; calls
        that are given the same one keep them together
    :param handle: stops the call from outside
    :raises CloudError: the volumes of several actions cannot be read;
        nothing was started
    """
    chosen = options or Options()
    wanted = list(actions)
    cloud_: Cloud = connect(session, region_name, interface)
    if len(wanted) > 1:
        # Not the evidence by which a swap via Nova deletes its source.
        evident = chosen.swap_via == "nova"
        cloud_ = (share_catalogue if evident else share_answers)(cloud_)
    engine = Engine(
        cloud_,
        reporter=reporter,
        admission=admission or Admission(Limits(max_parallel)),
    )
    held = handle or Handle()
    held.attach(engine)
    try:
        return engine.run(_jobs(engine, wanted, chosen))
    finally:
        held.detach(engine)


def _jobs(
    engine: Engine, actions: Sequence[Action], options: Options
) -> list[Job]:
    """Jobs that know their servers: else two of one would not wait."""
    requests = [Request(action, options) for action in actions]
    try:
        found = engine.read(
            [action.resource_id for action in actions],
            seconds=options.timeout,
        )
    except CloudError as error:
        if len(requests) > 1:
            raise
        return [Job(request, steps=_ended_by(error)) for request in requests]
    return [
        Job(request, volume=found.get(request.action.resource_id))
        for request in requests
    ]


def _ended_by(error: CloudError) -> Callable[[Move], Steps]:
    """A path that ends at once, by what kept its volume from being read."""

    def steps(move: Move) -> Steps:
        yield from ()  # a path is a generator
        raise error

    return steps
