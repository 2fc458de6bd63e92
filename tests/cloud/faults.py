# SPDX-License-Identifier: Apache-2.0
"""Rules by which the fault proxy lets requests fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from email import message
from http import client
from typing import Any, Protocol

from tests.cloud import http_messages

BEFORE = "before"
AFTER = "after"


class DroppedError(Exception):
    """The client's connection is to be closed without an answer."""


class Rule(Protocol):
    """Which requests something happens to, and what."""

    def applies_to(self, request: http_messages.Request) -> bool:
        """Tell whether this request is one of them."""

    def happen(
        self, point: str, request: http_messages.Request
    ) -> http_messages.Answer | None:
        """Do what is to be done before or after the service acts."""

    def release(self) -> None:
        """Let requests go on that hang because of this rule."""


class Fault:
    """One rule: which requests it is about, and what happens to them.

    A context manager, because a rule holds within a block only; leaving the
    block also releases requests that the rule keeps hanging.

    :ivar hits: how many requests it was applied to
    :ivar applied: set as soon as it was applied to one (for waiting)
    """

    def __init__(
        self,
        remove: Callable[[Fault], None],
        *,
        service: str | None,
        method: str | None,
        path: str,
        body_pattern: str | None,
        nth: int,
        every: bool,
        answer: int | None,
        body: Any,
        headers: Mapping[str, str] | None,
        drop: str | None,
        hang: str | None,
        seconds: float | None,
        call: Callable[[http_messages.Request], object] | None,
        when: str,
    ) -> None:
        if all(one is None for one in (answer, drop, hang, call)):
            raise TypeError("a fault needs answer, drop, hang or call")
        for point in (drop or BEFORE, hang or BEFORE, when):
            if point not in (BEFORE, AFTER):
                raise ValueError(f"{point!r} is neither before nor after")
        self.hits = 0
        self.applied = threading.Event()
        self._remove = remove
        self._service = service
        self._method = method
        self._path = re.compile(path)
        self._body_pattern = (
            None if body_pattern is None else re.compile(body_pattern)
        )
        self._nth = nth
        self._every = every
        self._answer = answer
        self._body = body
        self._headers = dict(headers or {})
        self._drop = drop
        self._hang = hang
        self._seconds = seconds
        self._call = call
        self._when = when
        self._matched = 0
        self._lock = threading.Lock()
        self._released = threading.Event()

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._remove(self)
        self.release()

    def release(self) -> None:
        """Let requests go on that hang because of this rule."""
        self._released.set()

    def applies_to(self, request: http_messages.Request) -> bool:
        """Tell whether this request is one to fail; counts those alike."""
        if not self._matches(request):
            return False
        with self._lock:
            self._matched += 1
            if not self._every and self._matched != self._nth:
                return False
            self.hits += 1
        self.applied.set()
        return True

    def _matches(self, request: http_messages.Request) -> bool:
        return (
            self._service in (None, request.service)
            and self._method in (None, request.method)
            and self._path.search(request.path) is not None
            and (
                self._body_pattern is None
                or self._body_pattern.search(
                    request.body.decode(errors="replace")
                )
                is not None
            )
        )

    def happen(
        self, point: str, request: http_messages.Request
    ) -> http_messages.Answer | None:
        """Do what is to be done before or after the service acts.

        :param point: ``before`` or ``after``
        :returns: the answer to give in place of the service's own
        :raises DroppedError: the client gets no answer
        """
        if self._hang == point:
            self._released.wait(self._seconds)
        if self._call is not None and self._when == point:
            self._call(request)
        if self._drop == point:
            raise DroppedError
        if self._answer is not None and self._when == point:
            return self._own_answer(self._answer)
        return None

    def _own_answer(self, status: int) -> http_messages.Answer:
        headers = message.Message()
        for name, value in self._headers.items():
            headers[name] = value
        body = self._body
        if body is None:
            body = {"error": {"code": status, "message": "injected fault"}}
        if not isinstance(body, bytes):
            if not isinstance(body, str):
                body = json.dumps(body)
                headers["Content-Type"] = "application/json"
            body = body.encode()
        return http_messages.Answer(
            status, client.responses.get(status, ""), headers, body
        )
