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


if __name__ == "__main__":
    sys.exit(main())
