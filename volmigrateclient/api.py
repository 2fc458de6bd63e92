# SPDX-License-Identifier: Apache-2.0

"""The library: carry out volume migrate actions from Python.

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
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keystoneauth1 import session as session_

from volmigrateclient import gateway
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.cached import share_answers, share_catalogue
from volmigrateclient.core.engine import (
    Admission,
    Engine,
    Job,
    Limits,
    Reporter,
)
from volmigrateclient.core.model import Action, Options, Request
from volmigrateclient.core.model.errors import CloudError, InvalidActionError
from volmigrateclient.core.paths import MoveResult, Outcome
from volmigrateclient.gateway import connection

__all__ = (
    "Action",
    "CloudError",
    "InvalidActionError",
    "MoveResult",
    "Options",
    "Outcome",
    "Reporter",
    "connect",
    "migrate",
)


def connect(
    session: session_.Session,
    region_name: str | None = None,
    interface: str = "public",
    endpoint_overrides: Mapping[str, str | None] | None = None,
) -> Cloud:
    """The cloud that a session with admin credentials leads to.

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


def migrate(
    session: session_.Session,
    actions: Iterable[Action],
    options: Options | None = None,
    reporter: Reporter | None = None,
    max_parallel: int = 1,
    region_name: str | None = None,
    interface: str = "public",
) -> list[MoveResult]:
    """Carry out actions to their verified ends; a result for each.

    What happens to a single action is in its result and never raised. For
    several, what the cloud says of types, pools and services is asked once in
    20 seconds; so it is of quotas and snapshots, but not for a swap via Nova.

    :param options: the same for all actions
    :param reporter: hears of every event on the way
    :param max_parallel: how many are moved at once; never two volumes of
        one server
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
    # Only with their servers known can two volumes of one wait for another.
    found = (
        cloud_.get_volumes([action.resource_id for action in wanted])
        if len(wanted) > 1 < max_parallel
        else {}
    )
    return Engine(
        cloud_,
        reporter=reporter,
        admission=Admission(Limits(max_parallel)),
    ).run(
        [
            Job(
                Request(action, chosen),
                volume=found.get(action.resource_id),
            )
            for action in wanted
        ]
    )
