# SPDX-License-Identifier: Apache-2.0
"""Faults of a volume swap that lie in Nova itself, outside the driver."""

from __future__ import annotations

import functools

from nova import exception, objects
from nova.volume import cinder
from testcloud import fault_switches, messaging


def _obey_first(name: str, function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        fault_switches.FaultSwitches("nova").obey(
            name, {"fail": exception.NovaException(f"{name} told to fail")}
        )
        return function(*args, **kwargs)

    return wrapper


def install() -> None:
    """Let the switches of "nova" reach these steps of a swap.

    consume=never: nova-compute does not take the request from its queue.
    attachment_update, attachment_complete, attachment_delete,
    migrate_volume_completion: the request to Cinder is not made.
    bdm_save: the server's own record of its volume is not written.
    """
    messaging.hold(
        "swap_volume",
        lambda: fault_switches.FaultSwitches("nova").get("consume") == "never",
    )
    for name in (
        "attachment_update",
        "attachment_complete",
        "attachment_delete",
        "migrate_volume_completion",
    ):
        setattr(cinder.API, name, _obey_first(name, getattr(cinder.API, name)))
    mapping = objects.BlockDeviceMapping
    mapping.save = _obey_first("bdm_save", mapping.save)
