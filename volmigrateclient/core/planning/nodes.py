# SPDX-License-Identifier: Apache-2.0

"""Pools, backends and hosts by name, and whether Cinder knows them.

A name without volumes may be one that is empty, or one that is misspelt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.place import place_of
from volmigrateclient.core.cloud.reading import none_if_forbidden
from volmigrateclient.core.model import wording


def is_at(host: str | None, node: str) -> bool:
    """Whether a volume's host is a pool, or is in a backend or host."""
    return host is not None and (
        host == node or host.startswith((f"{node}#", f"{node}@"))
    )


@dataclasses.dataclass(frozen=True)
class Node:
    """A pool, backend or host, under all of its names.

    :param name: as it was given
    :param hosts: as volumes name it: in a cluster, each member does
    :param cluster: as volumes name their cluster; None is no cluster
    """

    name: str
    hosts: tuple[str, ...]
    cluster: str | None = None

    def holds(self, volume: model.Volume) -> bool:
        """Whether a volume is there."""
        return any(is_at(volume.host, host) for host in self.hosts) or (
            self.cluster is not None
            and is_at(volume.cluster_name, self.cluster)
        )

    def list_volumes(
        self, cloud: Cloud, filters: Mapping[str, object]
    ) -> Sequence[model.Volume]:
        """The volumes there; for each of its names, a request for each 1000.

        :param filters: of Cinder's
        """
        wanted = [{"host": host} for host in self.hosts]
        if self.cluster is not None:
            wanted.append({"cluster_name": self.cluster})
        found = {
            row.id: row
            for one in wanted
            for row in cloud.list_volumes(**one, **filters)
            # Cinder matches any prefix: host@lvm also finds host@lvm-2.
            if self.holds(row)
        }
        return list(found.values())


def find(name: str, services: Sequence[model.Service] | None) -> Node:
    """The node that somebody named, whether there is one or not.

    (services.rst, services-clusters)

    :param services: the cinder-volume services; None is not shown
    """
    place = place_of(name, services)
    if place.cluster is not None:
        return Node(name, tuple(sorted(place.names)), place.listed_name)
    members = {
        service.host
        for service in services or ()
        if service.cluster and service.cluster.partition("@")[0] == name
    }
    if members:
        return Node(name, (name, *sorted(members)), name)
    return Node(name, (name,))


def label(node: str) -> str:
    """A node with what it is: ``backend host@backend``."""
    return f"{_kind(node)} {node}"


def _kind(node: str) -> str:
    if "#" in node:
        return "pool"
    return "backend" if "@" in node else "host"


def doubt(cloud: Cloud, node: str) -> str | None:
    """Why Cinder cannot be said to know a node, or None; two requests."""
    services = none_if_forbidden(cloud.list_volume_services)
    pools = none_if_forbidden(cloud.list_pools)
    if services is None or pools is None:
        return (
            f"whether there is a {label(node)} cannot be told: Cinder does "
            "not show its services and pools"
        )
    backends = {
        name
        for service in services
        for name in (service.host, service.cluster)
        if name
    }
    names = {
        "pool": {pool.name for pool in pools},
        "backend": backends,
        "host": {backend.partition("@")[0] for backend in backends},
    }
    known, kind = set().union(*names.values()), _kind(node)
    # As the scheduler lists it: in a cluster it knows no member's pools.
    listed = place_of(node, services).listed_name
    if node in known or listed in known:
        return None
    backend = model.backend_of(listed)
    if backend in backends and not any(
        model.backend_of(name) == backend for name in names["pool"]
    ):
        # The scheduler's list has enabled services only
        # (services.rst, services-retype-scheduling).
        return (
            f"whether there is a {label(node)} cannot be told: Cinder lists "
            f"no pools of {backend} while that is disabled, frozen or down. "
            f"Name the backend instead: {wording.shell(backend)}"
        )
    return f"Cinder knows no {kind} {wording.quoted(node)}" + (
        wording.did_you_mean(node, names[kind])
        or wording.did_you_mean(node, known)
        or " (see 'openstack volume service list' and 'openstack volume "
        "backend pool list')"
    )
