# SPDX-License-Identifier: Apache-2.0
"""Ports on the loopback interface that nobody else can take meanwhile."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A port bound by the cloud's owner, for a service to listen on.

    Both set SO_REUSEPORT, so the service can bind it, and bind it again
    after it was killed. The owner never listens: while the service is down,
    connections are refused.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind((LOOPBACK, 0))
        self.number: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.number}"

    def release(self) -> None:
        self._socket.close()
