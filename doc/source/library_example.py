# SPDX-License-Identifier: Apache-2.0

"""Carries out the volume migrate actions that it reads from stdin.

The cloud is the one that the ``OS_`` variables or ``clouds.yaml`` name. The
actions are a JSON list of the four parameters, as a strategy would make it::

    [{"resource_id": "0b5d…", "migration_type": "cold",
      "destination_node": "host@backend#pool"}]
"""

from __future__ import annotations

import json
import sys
import threading

import openstack.config

from volmigrateclient import api


class Progress(api.Reporter):
    """Says on stderr where each move is."""

    def phase(self, move, phase, elapsed):
        sys.stderr.write(f"{move.action.resource_id}: {phase}\n")

    def warning(self, move, text):
        sys.stderr.write(f"{move.action.resource_id}: {text}\n")


def main() -> int:
    region = openstack.config.get_cloud_region()
    actions = [api.Action.from_mapping(row) for row in json.load(sys.stdin)]
    results = api.migrate(
        region.get_session(),
        actions,
        options=api.Options(timeout=3600),
        reporter=Progress(),
        max_parallel=4,
        region_name=region.region_name,
        interface=region.get_interface() or "public",
    )
    json.dump(
        [
            {
                "volume": result.volume_id,
                "result": result.outcome.value,
                "reason": result.reason,
                "pool": result.destination_node,
                "type": result.destination_type,
            }
            for result in results
        ],
        sys.stdout,
        indent=2,
    )
    return 0 if all(result.outcome.success for result in results) else 1


def blockers(session, actions):
    """What blocks each action: a list of lines by volume."""
    return {
        found.action.resource_id: list(found.reasons)
        for found in api.check(session, actions)
        if found.readiness is api.Readiness.BLOCKED
    }


def what_can_leave(session, pool, other_pools):
    """Actions for all volumes of a pool that can go to others."""
    assessed = api.plan(
        session,
        api.Selection(source_nodes=(pool,)),
        api.Destination(nodes=tuple(other_pools)),
        api.Order.SMALLEST,
    )
    return [
        one.action for one in assessed if one.readiness is api.Readiness.READY
    ]


def of_a_strategy(session, rows):
    """Actions from what Watcher's strategies write."""
    cloud = api.connect(session)
    volumes = cloud.get_volumes([row["resource_id"] for row in rows])
    return [
        api.Action.from_watcher(row, volumes.get(row["resource_id"]))
        for row in rows
    ]


def for_so_long(session, actions, seconds):
    """Start nothing any more after some seconds; wait for what runs."""
    handle = api.Handle()
    timer = threading.Timer(seconds, handle.stop, ["the time is over"])
    timer.start()
    try:
        return api.migrate(session, actions, handle=handle)
    finally:
        timer.cancel()


def two_at_a_time(session, batches):
    """Carry out batches in threads, never more than two moves in all."""
    shared = api.Admission(api.Limits(parallel=2, failures=3))
    results = []
    threads = [
        threading.Thread(
            target=lambda actions=actions: results.extend(
                api.migrate(session, actions, admission=shared)
            )
        )
        for actions in batches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


if __name__ == "__main__":
    sys.exit(main())
