# SPDX-License-Identifier: Apache-2.0
"""What is moved, how, and where to."""

from __future__ import annotations

import dataclasses
import enum

ALPHA, BETA = "cloud@alpha#pool", "cloud@beta#pool"

#: Watcher 14 migrates only to a pool whose backend's section is called as
#: the type's volume_backend_name. So alpha and beta report this name here,
#: and the volumes are of a type that asks for it.
BACKEND_NAME = "beta"
TYPE = "bench"
#: Served by pools of their own, so each change between the two is a copy.
OTHER_TYPE = "gold"


class Kind(enum.Enum):
    """A way to move a volume; the value is its title."""

    COLD_MIGRATE = "cold migrate"
    COLD_RETYPE = "cold retype"
    LIVE = "live move"
    FIVE_STEPS = "five steps"

    @property
    def attached(self) -> bool:
        """Whether it is for volumes of servers."""
        return self in (Kind.LIVE, Kind.FIVE_STEPS)

    @property
    def to_pool(self) -> bool:
        """Whether the destination is a pool; else it is a type."""
        return self is Kind.COLD_MIGRATE


@dataclasses.dataclass(frozen=True)
class Task:
    """Volumes to move, and how.

    :param destination: a pool for a migration, else a type
    :param parallel: how many at once, for each peer alike
    """

    kind: Kind
    volume_ids: tuple[str, ...]
    destination: str
    parallel: int
