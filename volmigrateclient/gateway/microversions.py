# SPDX-License-Identifier: Apache-2.0

"""In which microversion a service is asked: what it and we both know.

The services' version documents tell; each is read once, before the first
request to that service. keystoneauth's own discovery would answer for a
document that it could not read, as if the service had no microversions.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator
from typing import Any

from keystoneauth1 import discover
from keystoneauth1 import exceptions as auth_exceptions

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.gateway import connection


@dataclasses.dataclass(frozen=True)
class Api:
    """One service's API, as we know it."""

    #: What people call the service.
    service: str
    #: By which the catalogue is searched.
    service_type: str
    #: By which the endpoint can be overridden.
    override: str
    #: The version in its endpoint, ``v2.1``.
    version: str
    #: The highest microversion that we have a use for.
    wanted: model.Microversion


#: 3.63 (Wallaby) shows the ID of a volume's type.
CINDER = Api(
    "Cinder",
    "volumev3",
    "block-storage",
    "v3",
    model.Microversion(3, 63),
)
#: 2.89 (Xena) shows Cinder's attachment of a server's volume.
NOVA = Api(
    "Nova",
    "compute",
    "compute",
    "v2.1",
    model.Microversion(2, 89),
)

#: The part of an endpoint up to its version; a project's ID may follow.
_VERSIONED = re.compile(r"(?P<base>.*/)(?P<version>v\d[\d.]*)(/[^/]*)?/?$")


class Negotiated:
    """The microversion that one service is asked in; read when needed."""

    def __init__(self, api: Api, link: connection.Connection) -> None:
        self._api = api
        self._link = link
        # A survey's reads are sent at the same time.
        self._lock = threading.Lock()
        self._version: model.Microversion | None = None

    def get(self) -> model.Microversion:
        """The highest that both sides know; one request, the first time.

        :raises ServiceMissingError: the catalogue has no endpoint of it
        :raises NoMicroversionsError: its endpoint is one of an older API
        """
        with self._lock:
            if self._version is None:
                self._version = min(self._announced(), self._api.wanted)
            return self._version

    def _announced(self) -> model.Microversion:
        """The highest that the service announces for its endpoint."""
        api, endpoint = self._api, self._endpoint()
        found = _VERSIONED.match(endpoint)
        version = found["version"] if found else api.version
        for entry in self._entries(endpoint):
            if _same(str(entry.get("id", "")), version):
                highest = entry.get("max_version") or entry.get("version")
                if highest:
                    return model.Microversion.parse(highest)
        raise errors.NoMicroversionsError(api.service, endpoint, api.version)

    def _endpoint(self) -> str:
        api, link = self._api, self._link
        override = link.endpoint_overrides.get(api.override)
        if override:
            return override
        try:
            endpoint = link.gated().get_endpoint(
                service_type=api.service_type,
                interface=link.interface,
                region_name=link.region_name,
            )
        except auth_exceptions.EndpointNotFound:
            endpoint = None
        if endpoint is None:
            where = f"{link.interface} endpoint of it in "
            where += (
                f"region {link.region_name}"
                if link.region_name
                else "the catalogue"
            )
            raise errors.ServiceMissingError(api.service, where)
        return str(endpoint)

    def _entries(self, endpoint: str) -> list[dict[str, Any]]:
        """What the service says of the versions of its API."""
        for url in _documents(endpoint):
            try:
                # Cinder wants a token for its own version's document.
                return discover.get_version_data(
                    self._link.gated(), url, authenticated=True
                )
            except auth_exceptions.NotFound:
                continue
            except auth_exceptions.DiscoveryFailure as error:
                # A proxy answered in its place.
                raise errors.UnansweredError(
                    f"{self._api.service} gave an answer that cannot be "
                    f"understood: no version document at {url}"
                ) from error
        return []


def _documents(endpoint: str) -> Iterator[str]:
    """Where an endpoint's version document is, the likeliest first."""
    found = _VERSIONED.match(endpoint)
    if found:
        yield f"{found['base']}{found['version']}/"
        yield found["base"]
    else:
        yield endpoint


def _same(one: str, other: str) -> bool:
    """Whether two names are one version: ``v3`` and ``v3.0``."""
    return one.removesuffix(".0") == other.removesuffix(".0")
