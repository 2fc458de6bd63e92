# SPDX-License-Identifier: Apache-2.0

"""Where the guest's disk is after a failed swap, by Nova's traceback.

Nova's swap can fail at many points (services.rst, services-swap-failures).
Before the pivot the guest is on the old volume, after it on the new one, and
the API's states look alike; only the event's traceback tells them apart.
It is ``traceback.format_tb``: frames with their source lines and no line
for the exception itself. When Nova's own rollback fails, that failure's
traceback takes the place of the first one, which therefore proves nothing.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

from volmigrateclient.core import model


class Disk(enum.Enum):
    """Where the guest's writes go."""

    OLD = "old"
    NEW = "new"
    UNKNOWN = "unknown"


#: What is called only after the pivot, or by a rollback (P5 to P8).
_AFTER_PIVOT = re.compile(
    r"\.(attachment_complete|attachment_delete|migrate_volume_completion"
    r"|roll_detaching|unreserve_volume|terminate_connection"
    r"|write_instance_config|resize|_disconnect_volume)\("
    r"|\bbdm\.(save|update)\("
)
#: The source lines that raise before the pivot (P1, P3, P4).
_RAISED_BEFORE = re.compile(
    r"^raise (exception\.(VolumeRebaseFailed|DiskNotFound|VolumeBDMNotFound)"
    r"|NotImplementedError)\("
)
#: Calls of compute/manager.py and the driver before the copy (P1 to P3).
_CALLED_BEFORE = re.compile(
    r"\.(attachment_update|get_volume_connector|_connect_volume"
    r"|get_by_volume_and_instance|volume_api\.get)\("
)
_FRAME = re.compile(r"^\s*File .*, line \d+, in (\S+)$")


def disk_after(swap: model.SwapAction | None) -> Disk:
    """Where the guest's disk is, as far as a swap's action proves it.

    :param swap: None is a swap that Nova never took
    """
    if swap is None:
        return Disk.OLD
    if swap.result == "Success":
        return Disk.NEW
    if swap.result != "Error":
        return Disk.UNKNOWN
    lines = [
        line.strip()
        for line in swap.traceback.splitlines()
        if line.strip() and not _FRAME.match(line) and set(line) - set("^~ ")
    ]
    if not lines or any(_AFTER_PIVOT.search(line) for line in lines):
        return Disk.UNKNOWN
    if _RAISED_BEFORE.search(lines[-1]):
        return Disk.OLD
    # A call that failed somewhere deep inside: what counts is the frame of
    # Nova that made it, and that no later one is known to follow the copy.
    if any(_CALLED_BEFORE.search(line) for line in lines):
        return Disk.OLD
    return Disk.UNKNOWN


def most_open(
    swaps: Iterable[model.SwapAction | None],
) -> model.SwapAction | None:
    """Of several swaps the one that leaves the most open; None of none.

    Nova's actions do not name their volumes: where several may be meant, the
    one counts after which the least is certain.
    """
    return max(
        (swap for swap in swaps if swap is not None),
        key=_leaves_open,
        default=None,
    )


def _leaves_open(swap: model.SwapAction) -> int:
    if swap.events and swap.result is None:
        return 4
    if swap.result == "Success":
        return 3
    if swap.result is None:
        return 1
    return 0 if disk_after(swap) is Disk.OLD else 2
