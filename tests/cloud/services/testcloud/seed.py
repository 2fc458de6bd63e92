# SPDX-License-Identifier: Apache-2.0
"""What every fresh cloud contains: people, flavors and volume types."""

from __future__ import annotations

import dataclasses
from typing import Any

REGION = "RegionOne"
HOST = "cloud"

PROJECTS = ("admin", "service", "demo", "other")

#: user -> {project: roles}; the first project is the one they work in.
USERS: dict[str, dict[str, tuple[str, ...]]] = {
    "admin": {"admin": ("admin",), "demo": ("admin",), "other": ("admin",)},
    "alice": {"demo": ("member",)},
    "bob": {"other": ("member",)},
    "reader": {"demo": ("reader",)},
    # Nova and Cinder call each other with the role that marks a service
    # token, and with admin, as deployment tools set them up.
    "cinder": {"service": ("admin", "service")},
    "nova": {"service": ("admin", "service")},
    "placement": {"service": ("admin", "service")},
}


def password(user: str) -> str:
    return f"Secret-of-{user}-1"


#: name -> (vcpus, memory in MiB)
FLAVORS = {"tiny": (1, 64), "small": (2, 128)}


@dataclasses.dataclass(frozen=True)
class VolumeType:
    name: str
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)
    is_public: bool = True
    encryption: dict[str, Any] | None = None


LUKS = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}
BRONZE = {"volume_backend_name": "bronze"}
GOLD = {"volume_backend_name": "gold"}

VOLUME_TYPES = (
    VolumeType("bronze", BRONZE),
    VolumeType("bronze-copy", BRONZE),
    VolumeType("gold", GOLD),
    VolumeType("silver"),
    VolumeType("multi", {"multiattach": "<is> True"}),
    VolumeType("luks", BRONZE, encryption=LUKS),
    VolumeType("luks-gold", GOLD, encryption=LUKS),
    VolumeType("private-gold", GOLD, is_public=False),
    VolumeType("nowhere", {"volume_backend_name": "nowhere"}),
)
DEFAULT_VOLUME_TYPE = "bronze"

#: backend -> volume_backend_name; every backend has the one pool "pool".
BACKENDS = {
    "alpha": "bronze",
    "beta": "bronze",
    "gamma": "gold",
    "delta": "gold",
}
POOL = "pool"

#: The same, of backends that only a cloud with a cluster has. Both members
#: of the cluster serve each of them.
CLUSTERED_BACKENDS = {"epsilon": "clustered"}
CLUSTER = "cloudcluster"
CLUSTER_MEMBERS = ("host-1", "host-2")
CLUSTERED_VOLUME_TYPE = VolumeType(
    "clustered", {"volume_backend_name": "clustered"}
)


@dataclasses.dataclass(frozen=True)
class CatalogueEntry:
    """A service in the catalogue, and the paths of its endpoints."""

    type: str
    name: str
    path: str = ""
    #: The fault proxy's name for it; None: its public endpoint is direct.
    proxy: str | None = None


#: service process -> what it publishes in the catalogue
CATALOGUE = {
    "keystone": CatalogueEntry("identity", "keystone", "/v3", "identity"),
    "cinder": CatalogueEntry(
        "volumev3", "cinderv3", "/v3/$(project_id)s", "volume"
    ),
    "nova": CatalogueEntry("compute", "nova", "/v2.1", "compute"),
    "placement": CatalogueEntry("placement", "placement", proxy="placement"),
    "neutron": CatalogueEntry("network", "neutron"),
    # Nova wants one to exist, and never calls it for servers that boot
    # from a volume.
    "glance": CatalogueEntry("image", "glance"),
}
INTERFACES = ("public", "internal", "admin")
