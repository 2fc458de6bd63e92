# SPDX-License-Identifier: Apache-2.0

"""What interrupted moves left in a cloud: what is repaired, and advice."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.recovery import cut_off, lost, swaps
from volmigrateclient.core.recovery.advice import Advice, advice, past_swaps
from volmigrateclient.core.recovery.cut_off import CutOff
from volmigrateclient.core.recovery.lost import Lost
from volmigrateclient.core.recovery.swaps import Leftover
from volmigrateclient.core.recovery.under_way import UnderWay, under_way

__all__ = (
    "Advice",
    "CutOff",
    "Leftover",
    "Lost",
    "Repairable",
    "UnderWay",
    "advice",
    "job",
    "named",
    "past_swaps",
    "repairables",
    "under_way",
)

#: What may be repaired, if it is proven to be safe.
Repairable = Leftover | CutOff | Lost


def repairables(
    cloud: Cloud,
    now: datetime.datetime,
    guests_on_source: Collection[str] = (),
    *,
    older_than: float,
) -> list[Repairable]:
    """Everything that ``recover`` may act on; only GETs.

    :param guests_on_source: volumes of which an operator has seen on the
        hypervisor that the guest is on them, and that no block job is left
    :param older_than: seconds for which a swap may still be under way
    """
    return [
        *swaps.leftovers(cloud, now, guests_on_source, older_than=older_than),
        *cut_off.cut_off_moves(cloud, under_way(cloud), guests_on_source),
        *lost.lost_attachments(cloud),
    ]


def named(cloud: Cloud, one: Repairable) -> Repairable:
    """The same, with the command that is left for a human; only GETs."""
    return lost.with_command(cloud, one) if isinstance(one, Lost) else one


def job(one: Repairable) -> Job:
    """What the engine is to do about it."""
    if isinstance(one, CutOff):
        return cut_off.job(one)
    if isinstance(one, Lost):
        return lost.job(one)
    return swaps.job(one)
