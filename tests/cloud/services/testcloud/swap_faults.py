# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
