# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 forwarding to one service, in threads of this process."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from email import message
from http import client, server
from typing import Protocol
from urllib import parse

from tests.cloud import faults, http_messages, ports

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_WITHOUT_BODY = (204, 304)


class Watcher(Protocol):
    """Whoever wants to see each request, and may have it fail."""

    def admit(self, request: http_messages.Request) -> list[faults.Rule]: ...


class Proxy:
    """Listens on a port of its own for one service."""

    def __init__(self, service: str, upstream: str, watcher: Watcher) -> None:
        self.service = service
        self.watcher = watcher
        self.upstream = parse.urlsplit(upstream).netloc
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.url = f"http://{ports.LOOPBACK}:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
            name=f"fault proxy of {service}",
        ).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _shut(connection)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Server(server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__((ports.LOOPBACK, 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that are killed are part of the tests."""


class _Handler(server.BaseHTTPRequestHandler):
    """A client's connection, with one of its own to the service."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._proxy = self.server.proxy
        self._upstream = client.HTTPConnection(self._proxy.upstream)
        self._proxy.opened(self.connection)

    def finish(self) -> None:
        self._proxy.closed(self.connection)
        self._upstream.close()
        with contextlib.suppress(OSError):  # the client is gone already
            super().finish()

    def _handle(self) -> None:
        split = parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = http_messages.Request(
            service=self._proxy.service,
            method=self.command,
            path=split.path,
            query=split.query,
            request_headers=self.headers,
            body=self.rfile.read(length),
            started=time.time(),
        )
        rules = self._proxy.watcher.admit(request)
        try:
            answer = self._answer_to(request, rules)
        except faults.DroppedError:
            request.dropped()
            self.close_connection = True
            _shut(self.connection)
            return
        request.answered(answer)
        self._reply(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle
    do_OPTIONS = _handle

    def _answer_to(
        self, request: http_messages.Request, rules: list[faults.Rule]
    ) -> http_messages.Answer:
        for rule in rules:
            if (answer := rule.happen(faults.BEFORE, request)) is not None:
                return answer
        answer = self._forward(request)
        # For callbacks of rules; the client has not got it yet.
        request.answered(answer)
        for rule in rules:
            if (instead := rule.happen(faults.AFTER, request)) is not None:
                return instead
        return answer

    def _forward(self, request: http_messages.Request) -> http_messages.Answer:
        if _is_stale(self._upstream.sock):
            self._upstream.close()
        try:
            if self._upstream.sock is None:
                self._upstream.connect()
        except OSError:
            return _own_answer(503)
        try:
            self._send(request)
            response = self._upstream.getresponse()
            return http_messages.Answer(
                response.status,
                response.reason,
                response.headers,
                response.read(),
            )
        except (OSError, client.HTTPException):
            self._upstream.close()
            return _own_answer(502)

    def _send(self, request: http_messages.Request) -> None:
        self._upstream.putrequest(
            request.method,
            self.path,
            # The client's own Host: from it the services build the links
            # in their answers, which must lead back here.
            skip_host=True,
            skip_accept_encoding=True,
        )
        for name, value in request.request_headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self._upstream.putheader(name, value)
        self._upstream.endheaders(request.body or None)

    def _reply(self, answer: http_messages.Answer) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if answer.status not in _WITHOUT_BODY:
            length = str(len(answer.body))
            if self.command == "HEAD":
                length = answer.headers.get("Content-Length", length)
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass


def _is_stale(connection: socket.socket | None) -> bool:
    """Tell whether the service closed a connection kept for reuse.

    Between requests there is nothing to read, except for the end.
    """
    if connection is None:
        return False
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _own_answer(status: int) -> http_messages.Answer:
    """Answer as common proxies do: 503 nobody listens, 502 no answer."""
    headers = message.Message()
    headers["Content-Type"] = "text/html"
    body = f"<h1>{status} {client.responses[status]}</h1>".encode()
    return http_messages.Answer(
        status, client.responses[status], headers, body
    )


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed already
        connection.shutdown(socket.SHUT_RDWR)
