# SPDX-License-Identifier: Apache-2.0
"""Changes what Keystone's catalogue says, for a while.

Clients see it with their next token; those that have one already keep the
catalogue that came with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib import parse

from keystoneclient.v3 import client as keystone_client

from tests.cloud.services.testcloud import seed


class Catalogue:
    """One cloud's catalogue.

    :param keystone: an admin's client
    """

    def __init__(self, keystone: keystone_client.Client) -> None:
        self._keystone = keystone

    def _endpoints(
        self, service_type: str, interfaces: tuple[str, ...]
    ) -> list[Any]:
        (service,) = self._keystone.services.list(type=service_type)
        return [
            endpoint
            for endpoint in self._keystone.endpoints.list(service=service)
            if endpoint.interface in interfaces
        ]

    @contextlib.contextmanager
    def without(
        self, service_type: str, interfaces: tuple[str, ...] = seed.INTERFACES
    ) -> Iterator[None]:
        """Leave a service's endpoints out, within a ``with`` block.

        :param service_type: such as ``compute``
        :param interfaces: which of them; without the internal one, the
            services do not find each other either
        """
        endpoints = self._endpoints(service_type, interfaces)
        for endpoint in endpoints:
            self._keystone.endpoints.update(endpoint, enabled=False)
        try:
            yield
        finally:
            for endpoint in endpoints:
                self._keystone.endpoints.update(endpoint, enabled=True)

    @contextlib.contextmanager
    def with_path(self, service_type: str, path: str) -> Iterator[None]:
        """Give a service's public endpoint another path, within a block.

        ``with_path('compute', '/v2')`` is Nova's API of old, which it still
        serves, and which knows no microversions.
        """
        (endpoint,) = self._endpoints(service_type, ("public",))
        url = parse.urlsplit(endpoint.url)._replace(path=path).geturl()
        with self._at(endpoint, url):
            yield

    @contextlib.contextmanager
    def behind(self, front: str, *service_types: str) -> Iterator[None]:
        """Have public endpoints under one address, within a block.

        :param front: its URL, under which each service's path begins with
            the service's type
        """
        with contextlib.ExitStack() as stack:
            for service_type in service_types:
                (endpoint,) = self._endpoints(service_type, ("public",))
                path = parse.urlsplit(endpoint.url).path
                url = f"{front}/{service_type}{path}"
                stack.enter_context(self._at(endpoint, url))
            yield

    @contextlib.contextmanager
    def _at(self, endpoint: Any, url: str) -> Iterator[None]:
        self._keystone.endpoints.update(endpoint, url=url)
        try:
            yield
        finally:
            self._keystone.endpoints.update(endpoint, url=endpoint.url)
