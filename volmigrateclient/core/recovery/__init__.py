# SPDX-License-Identifier: Apache-2.0

"""What interrupted moves left in a cloud: what is repaired, and advice."""

from volmigrateclient.core.recovery.advice import Advice, advice, past_swaps
from volmigrateclient.core.recovery.swaps import Leftover, job, leftovers

__all__ = (
    "Advice",
    "Leftover",
    "advice",
    "job",
    "leftovers",
    "past_swaps",
)
