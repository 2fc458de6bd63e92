# SPDX-License-Identifier: Apache-2.0
"""The reverse proxy that clients meet, where tests watch and interfere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.cloud import faults, http_messages, microversions, proxy


class FaultProxy:
    """Records all requests of clients, and fails those that it is told to.

    :param backends: service type (identity, volume, compute, placement) ->
        URL where the service itself listens
    """

    def __init__(self, backends: Mapping[str, str]) -> None:
        self._requests: list[http_messages.Request] = []
        self._rules: list[faults.Rule] = []
        self._lock = threading.Lock()
        self._proxies = {
            service: proxy.Proxy(service, url, self)
            for service, url in backends.items()
        }

    def url(self, service: str) -> str:
        return self._proxies[service].url

    def close(self) -> None:
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            rule.release()
        for one in self._proxies.values():
            one.close()

    @property
    def requests(self) -> list[http_messages.Request]:
        """All requests so far, in the order of their arrival."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def mark(self) -> int:
        """Return a mark for since()."""
        with self._lock:
            return len(self._requests)

    def since(self, mark: int) -> list[http_messages.Request]:
        return self.requests[mark:]

    def fault(
        self,
        *,
        service: str | None = None,
        method: str | None = None,
        path: str = "",
        body_pattern: str | None = None,
        nth: int = 1,
        every: bool = False,
        answer: int | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        drop: str | None = None,
        hang: str | None = None,
        seconds: float | None = None,
        call: Callable[[http_messages.Request], object] | None = None,
        when: str = faults.BEFORE,
    ) -> faults.Fault:
        """Let requests fail within a ``with`` block.

        Which ones: those of `service`, `method`, with `path` found in the
        path and `body_pattern` in the body (regular expressions); of these
        the `nth`, or `every` one.

        How (``before`` or ``after`` the service acts):

        :param answer: the status to answer with, `body` (anything that
            JSON knows, or text) and `headers`; at the point `when`
        :param drop: the point at which the connection is closed
        :param hang: the point at which the request hangs, for so many
            `seconds` or until the rule's release(); then it goes on
        :param call: called with the request at the point `when`; then the
            request goes on, unless `drop` says otherwise
        """
        rule = faults.Fault(
            self._remove,
            service=service,
            method=method,
            path=path,
            body_pattern=body_pattern,
            nth=nth,
            every=every,
            answer=answer,
            body=body,
            headers=headers,
            drop=drop,
            hang=hang,
            seconds=seconds,
            call=call,
            when=when,
        )
        with self._lock:
            self._rules.append(rule)
        return rule

    def limit_microversions(self, **highest: str) -> microversions.Limits:
        """Have services be older within a ``with`` block.

        They announce no microversion above `highest` and answer requests in
        one with 406, as the real ones do.

        :param highest: of ``volume``, ``compute`` or ``placement``:
            ``limit_microversions(volume='3.59', compute='2.60')``
        """
        limits = microversions.Limits(self._remove, highest)
        with self._lock:
            # Before all faults: those are for requests that are let in.
            self._rules.insert(0, limits)
        return limits

    def _remove(self, rule: faults.Rule) -> None:
        with self._lock:
            if rule in self._rules:
                self._rules.remove(rule)

    def admit(self, request: http_messages.Request) -> list[faults.Rule]:
        """Record a request; return the rules that apply to it."""
        with self._lock:
            self._requests.append(request)
            rules = list(self._rules)
        return [rule for rule in rules if rule.applies_to(request)]
