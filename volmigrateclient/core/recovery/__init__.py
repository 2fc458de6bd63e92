# SPDX-License-Identifier: Apache-2.0

"""What interrupted moves left in a cloud: what is repaired, and advice."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.recovery import cut_off, swaps
from volmigrateclient.core.recovery.advice import Advice, advice, past_swaps
from volmigrateclient.core.recovery.cut_off import CutOff
from volmigrateclient.core.recovery.swaps import Leftover
from volmigrateclient.core.recovery.under_way import UnderWay, under_way

__all__ = (
    "Advice",
    "CutOff",
    "Leftover",
    "Repairable",
    "UnderWay",
    "advice",
    "job",
    "past_swaps",
    "repairables",
    "under_way",
)

#: What may be repaired, if it is proven to be safe.
Repairable = Leftover | CutOff


def repairables(
    cloud: Cloud,
    now: datetime.datetime,
    guests_on_source: Collection[str] = (),
) -> list[Repairable]:
    """Everything that ``recover`` may act on; only GETs.

    :param guests_on_source: volumes of which an operator has seen on the
        hypervisor that the guest is on them, and that no block job is left
    """
    return [
        *swaps.leftovers(cloud, now, guests_on_source),
        *cut_off.cut_off_moves(cloud, under_way(cloud), guests_on_source),
    ]


def job(one: Repairable) -> Job:
    """What the engine is to do about it."""
    if isinstance(one, CutOff):
        return cut_off.job(one)
    return swaps.job(one)
