# SPDX-License-Identifier: Apache-2.0
"""Services that exist in the catalogue and have nothing to offer.

Servers of the test cloud have no NIC and boot from volumes. Nova and
``openstack`` look for networks and images all the same, and are content
with empty answers.
"""

from __future__ import annotations

import json
import re
import threading
from http import server
from typing import Any
from urllib import parse

from tests.cloud import ports

_ITEM = re.compile(r"/[0-9a-f-]{32,36}$")


class EmptyService:
    """Answers every collection empty, in a thread of this process.

    :param version: of its API, for the version document, like ``v2.0``
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._server = server.ThreadingHTTPServer(
            (ports.LOOPBACK, 0), self._handler
        )
        self._server.daemon_threads = True
        self.url = f"http://{ports.LOOPBACK}:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
        ).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self, *args: Any) -> _Handler:
        return _Handler(self, *args)

    def answer(self, target: str) -> tuple[int, dict[str, Any]]:
        path = parse.urlsplit(target).path.rstrip("/")
        if not path:
            return 200, {"versions": [self._version_entry()]}
        if _ITEM.search(path):
            return 404, {"message": "there is nothing here"}
        collection = path.rpartition("/")[2].removesuffix(".json")
        return 200, {collection: []}

    def _version_entry(self) -> dict[str, Any]:
        major = self._version.partition(".")[0]
        return {
            "id": self._version,
            "status": "CURRENT",
            "links": [{"rel": "self", "href": f"{self.url}/{major}/"}],
        }


class _Handler(server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, service: EmptyService, *args: Any) -> None:
        self._service = service
        super().__init__(*args)

    def do_GET(self) -> None:
        status, document = self._service.answer(self.path)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
