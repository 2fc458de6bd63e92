# SPDX-License-Identifier: Apache-2.0

"""In which order volumes are moved."""

from __future__ import annotations

import enum
import typing
from collections.abc import Callable, Sequence

_T = typing.TypeVar("_T")


class Order(enum.Enum):
    """Which volumes go first."""

    #: As Cinder lists them, or as they stand in a plan.
    GIVEN = "given"
    SMALLEST = "smallest"
    LARGEST = "largest"

    @classmethod
    def named(cls, word: str) -> Order:
        """The order by its word; what is none of ours leaves all as it is."""
        return next((one for one in cls if one.value == word), cls.GIVEN)

    def apply(
        self, items: Sequence[_T], size: Callable[[_T], int]
    ) -> Sequence[_T]:
        """Things in this order; equal sizes stay as they are.

        :param size: GiB of one of them
        """
        if self is Order.GIVEN:
            return items
        return sorted(items, key=size, reverse=self is Order.LARGEST)
