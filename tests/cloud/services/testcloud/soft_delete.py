# SPDX-License-Identifier: Apache-2.0
"""Has Nova keep deleted servers for a day, as long as a switch says so."""

from __future__ import annotations

import functools

import nova.conf
from nova.api.openstack.compute import servers
from testcloud import fault_switches

_DAY = 86400


def install() -> None:
    """Set the option anew at each request to delete a server."""
    switches = fault_switches.FaultSwitches("nova")
    controller = servers.ServersController
    delete = controller._delete

    @functools.wraps(delete)
    def delete_softly_or_not(*args, **kwargs):
        nova.conf.CONF.set_override(
            "reclaim_instance_interval",
            _DAY if switches.get("soft_delete") else 0,
        )
        return delete(*args, **kwargs)

    controller._delete = delete_softly_or_not
