# SPDX-License-Identifier: Apache-2.0
"""Requests and answers, as they pass through the fault proxy."""

from __future__ import annotations

import dataclasses
import json
import time
from email import message
from typing import Any


@dataclasses.dataclass
class Request:
    """A client's request, and the answer as far as there is one.

    ``status`` stays None when the connection was dropped, or while the
    request is under way. Times are of time.time().
    """

    service: str
    method: str
    path: str
    query: str
    request_headers: message.Message
    body: bytes
    started: float
    status: int | None = None
    response_headers: message.Message | None = None
    response_body: bytes = b""
    finished: float | None = None

    def answered(self, answer: Answer) -> None:
        self.status = answer.status
        self.response_headers = answer.headers
        self.response_body = answer.body
        self.finished = time.time()

    def dropped(self) -> None:
        """Note that the client got nothing, whatever the service said."""
        self.status = None
        self.finished = time.time()

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def request_id(self) -> str | None:
        """The service's ID for the request, by which its logs name it."""
        if self.response_headers is None:
            return None
        return self.response_headers.get("x-openstack-request-id")

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return (
            f"{self.service} {self.method} {self.path}{query}"
            f" -> {self.status or 'no answer'}"
        )


@dataclasses.dataclass
class Answer:
    """A response, as the service gave it or as a fault replaces it."""

    status: int
    reason: str
    headers: message.Message
    body: bytes
