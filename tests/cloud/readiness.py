# SPDX-License-Identifier: Apache-2.0
"""How to tell that a service does its work, and not only listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib import error, request

from keystoneauth1 import exceptions, session

from tests.cloud.services.testcloud import seed

_TIMEOUT_SECONDS = 10
_POOLS = {f"{seed.HOST}@{name}#{seed.POOL}" for name in seed.BACKENDS}
_CINDER_BINARIES = {("cinder-scheduler", seed.HOST)} | {
    ("cinder-volume", f"{seed.HOST}@{name}") for name in seed.BACKENDS
}
_CLUSTERED_POOLS = {
    f"{seed.CLUSTER}@{name}#{seed.POOL}" for name in seed.CLUSTERED_BACKENDS
}
_CLUSTERED_BINARIES = {
    ("cinder-volume", f"{member}@{name}")
    for member in seed.CLUSTER_MEMBERS
    for name in seed.CLUSTERED_BACKENDS
}
_NOVA_BINARIES = {
    (name, seed.HOST)
    for name in ("nova-conductor", "nova-scheduler", "nova-compute")
}


def listens(url: str) -> Callable[[], bool]:
    """Ready when it answers its version document, as Keystone does."""

    def ready() -> bool:
        try:
            with request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
                return response.status == 200
        except error.URLError:
            return False

    return ready


class Readiness:
    """Asks services as an admin would, directly.

    :param admin: a session whose requests go to internal endpoints
    :param clustered: whether Cinder has a cluster, too
    """

    def __init__(
        self, admin: Callable[[], session.Session], clustered: bool
    ) -> None:
        self._admin = admin
        self._pools, self._binaries = _POOLS, _CINDER_BINARIES
        if clustered:
            self._pools = _POOLS | _CLUSTERED_POOLS
            self._binaries = _CINDER_BINARIES | _CLUSTERED_BINARIES

    def _get(self, service_type: str, path: str) -> Any:
        response = self._admin().get(
            path,
            endpoint_filter={
                "service_type": service_type,
                "interface": "internal",
                "region_name": seed.REGION,
            },
            timeout=_TIMEOUT_SECONDS,
        )
        return response.json()

    def _up(self, service_type: str) -> set[tuple[str, str]]:
        services = self._get(service_type, "/os-services")["services"]
        return {
            (one["binary"], one["host"])
            for one in services
            if one["state"] == "up"
        }

    def cinder(self) -> bool:
        """All services up, all pools known to the scheduler."""
        try:
            if not self._up("volumev3") >= self._binaries:
                return False
            pools = self._get("volumev3", "/scheduler-stats/get_pools")
        except exceptions.ClientException:
            return False
        return {pool["name"] for pool in pools["pools"]} >= self._pools

    def nova(self) -> bool:
        """All services up, and room for servers on the compute node."""
        try:
            if not self._up("compute") >= _NOVA_BINARIES:
                return False
            providers = self._get("placement", "/resource_providers")
            return any(
                self._inventory(provider["uuid"])
                for provider in providers["resource_providers"]
            )
        except exceptions.ClientException:
            return False

    def _inventory(self, provider: str) -> dict[str, Any]:
        path = f"/resource_providers/{provider}/inventories"
        return self._get("placement", path)["inventories"]
