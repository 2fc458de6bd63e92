# SPDX-License-Identifier: Apache-2.0

"""One pool under all of its names.

Where cinder-volume runs as an active-active cluster, the scheduler lists a
pool as ``cluster@backend#pool``, and a volume in it says
``host@backend#pool`` of whichever member serves it at the moment
(services.rst, services-clusters).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from volmigrateclient.core import model


@dataclasses.dataclass(frozen=True)
class Place:
    """A pool, or a whole backend where no pool is named."""

    #: As it was named.
    node: str
    #: ``cluster@backend``; None where no cluster serves it, or none is told.
    cluster: str | None
    #: Its services: one, or all members of the cluster; none is known of what
    #: Cinder does not show.
    services: tuple[model.Service, ...]

    @property
    def pool(self) -> str:
        """``pool`` of ``host@backend#pool``; empty for a whole backend."""
        return self.node.partition("#")[2]

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """All names of it, the one that was used among them."""
        backends = {service.host for service in self.services}
        if self.cluster is not None:
            backends.add(self.cluster)
        suffix = f"#{self.pool}" if self.pool else ""
        return frozenset({self.node} | {b + suffix for b in backends})

    @property
    def listed_name(self) -> str:
        """As the scheduler lists it."""
        if self.cluster is None:
            return self.node
        return f"{self.cluster}#{self.pool}" if self.pool else self.cluster

    @property
    def service(self) -> model.Service | None:
        """One of its services: of a cluster's one that can work, if any.

        Messages go to the cluster's queue, so that any member will do.
        """
        fit = [s for s in self.services if s.up and s.enabled]
        up = [s for s in self.services if s.up]
        return next(iter((*fit, *up, *self.services)), None)

    def holds(self, volume: model.Volume) -> bool:
        """Whether a volume is there."""
        return volume.host in self.names or (
            self.cluster is not None
            and volume.cluster_name == self.listed_name
        )


def place_of(node: str, services: Sequence[model.Service] | None) -> Place:
    """The pool or backend that somebody named.

    :param node: ``host@backend``, ``cluster@backend``, or either ``#pool``
    :param services: the cinder-volume services; None is not shown
    """
    backend = model.backend_of(node)
    own = [s for s in services or () if backend in (s.host, s.cluster)]
    cluster = next((s.cluster for s in own if s.cluster), None)
    if cluster is None:
        return Place(node, None, tuple(own))
    members = tuple(s for s in services or () if s.cluster == cluster)
    return Place(node, cluster, members)
