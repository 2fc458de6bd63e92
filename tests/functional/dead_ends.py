# SPDX-License-Identifier: Apache-2.0
"""What tests of moves that were cut off have in common."""

from __future__ import annotations

from typing import Any

from tests import cloud as cloud_
from tests.functional import resources, shell


def recovered(
    openstack: shell.Openstack, volume: Any, *words: str
) -> tuple[int, dict[str, Any]]:
    """recover's exit code, and what it says of a volume."""
    done = openstack.migrate("recover", *words, "-f=json")
    (row,) = [r for r in done.json if r["Source"].startswith(volume.id)]
    return done.exit_code, row


def until_nova_copies(make: resources.Resources, server_id: str) -> None:
    """Wait until nova-compute has taken up a swap of a server's."""
    actions = make.nova.instance_action
    resources.until(
        "Nova copies",
        lambda: any(
            actions.get(server_id, one.request_id).events
            for one in actions.list(server_id)
            if one.action == "swap_volume"
        ),
    )


def restart(cloud: cloud_.Cloud, name: str) -> None:
    cloud.service(name).kill()
    cloud.service(name).start()
