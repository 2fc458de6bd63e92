# SPDX-License-Identifier: Apache-2.0
"""Has a service announce and take lower microversions, as older ones do.

What it answers in a lower microversion is the current release's answer in
it: fields and requests that came later are missing, as they are missing from
the older release.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from email import message
from http import client
from typing import Any

from tests.cloud import faults, http_messages

_HEADER = "OpenStack-API-Version"
#: Nova's own header, of before there was one for all services.
_OLD_HEADERS = {"compute": "X-OpenStack-Nova-API-Version"}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The highest microversion of each service, within a ``with`` block.

    :param highest: service (volume, compute, placement) -> ``3.59``
    """

    remove: Callable[[Limits], None]
    highest: dict[str, str]

    def __enter__(self) -> Limits:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove(self)

    def release(self) -> None:
        """Nothing hangs because of limits."""

    def applies_to(self, request: http_messages.Request) -> bool:
        return request.service in self.highest

    def happen(
        self, point: str, request: http_messages.Request
    ) -> http_messages.Answer | None:
        """Refuse what is above the limit; announce nothing above it."""
        highest = self.highest[request.service]
        if point == faults.BEFORE:
            return self._refusal(request, highest)
        return _announced(request, highest)

    def _refusal(
        self, request: http_messages.Request, highest: str
    ) -> http_messages.Answer | None:
        asked = _asked(request)
        if asked == "latest":
            _ask(request, highest)
        elif asked and _number(asked) > _number(highest):
            return _not_acceptable(request.service, asked, highest)
        return None


def _number(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:  # the service says what is wrong with it
        return ()


def _asked(request: http_messages.Request) -> str | None:
    """The microversion that a request names; None for the service's base."""
    for part in (request.request_headers.get(_HEADER) or "").split(","):
        service, _, version = part.strip().partition(" ")
        if service == request.service:
            return version.strip()
    old = _OLD_HEADERS.get(request.service)
    return None if old is None else request.request_headers.get(old)


def _ask(request: http_messages.Request, version: str) -> None:
    """Name another microversion to the service."""
    headers = copy.copy(request.request_headers)
    for name in (_HEADER, *_OLD_HEADERS.values()):
        del headers[name]
    headers[_HEADER] = f"{request.service} {version}"
    request.request_headers = headers


def _not_acceptable(
    service: str, asked: str, highest: str
) -> http_messages.Answer:
    """Answer as Cinder and Nova do."""
    headers = message.Message()
    headers["Content-Type"] = "application/json"
    headers[_HEADER] = f"{service} {asked}"
    headers["Vary"] = _HEADER
    lowest = {"compute": "2.1", "placement": "1.0"}.get(service, "3.0")
    said = (
        f"Version {asked} is not supported by the API. Minimum is {lowest} "
        f"and maximum is {highest}."
    )
    body = {"computeFault": {"code": 406, "message": said}}
    return http_messages.Answer(
        406, client.responses[406], headers, json.dumps(body).encode()
    )


def _announced(
    request: http_messages.Request, highest: str
) -> http_messages.Answer | None:
    """The answer again, if it is a version document with more in it."""
    if request.method != "GET" or request.status not in (200, 300):
        return None
    try:
        document = json.loads(request.response_body)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    changed = False
    for entry in _entries(document):
        for key in ("version", "max_version"):
            found = entry.get(key)
            if found and _number(found) > _number(highest):
                entry[key] = highest
                changed = True
    if not changed:
        return None
    assert request.status is not None
    assert request.response_headers is not None
    return http_messages.Answer(
        request.status,
        client.responses[request.status],
        request.response_headers,
        json.dumps(document).encode(),
    )


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What a version document says of each version of the API."""
    entries = document.get("versions", [document.get("version")])
    return [entry for entry in entries if isinstance(entry, dict)]
