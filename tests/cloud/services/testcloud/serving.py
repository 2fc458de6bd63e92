# SPDX-License-Identifier: Apache-2.0
"""Serves a WSGI application on the port that the owner reserved."""

from __future__ import annotations

import socket
import time
from urllib import parse

_BACKLOG = 128
_RETRY_SECONDS = 0.1


def listen(port: int) -> socket.socket:
    """Listen on `port`, which the owner keeps bound and does not serve.

    The kernel lets both bind it because both set SO_REUSEPORT; so nobody
    else gets the port while the service is down for a test, and connecting
    to it is refused then, as it should be.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    return listener


def serve(application, port: int, threads: int = 16) -> None:
    """Serve with native threads until the process ends."""
    import waitress

    waitress.serve(
        application,
        sockets=[listen(port)],
        threads=threads,
        ident=None,
        _quiet=True,
        # Clients keep their connections; the default of 100 is too few
        # for benchmarks with many of them.
        connection_limit=1000,
    )


def serve_green(application, port: int) -> None:
    """Serve with eventlet until the process ends."""
    from eventlet import wsgi

    wsgi.server(listen(port), application, log_output=False)


def wait_for(urls: list[str]) -> None:
    """Wait until somebody listens at each of the URLs.

    There is no timeout here: whoever starts the service has one.
    """
    for url in urls:
        where = parse.urlsplit(url)
        while True:
            try:
                socket.create_connection((where.hostname, where.port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(_RETRY_SECONDS)
