# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A network service without networks.

Servers of the test cloud have no NIC. Nova asks all the same, and is
content with empty answers.
"""

from __future__ import annotations

from http import server
import json
import threading
from urllib import parse

from tests.cloud import ports


class _Handler(server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = parse.urlsplit(self.path).path.rstrip('/')
        collection = path.rpartition('/')[2].removesuffix('.json')
        body = json.dumps({collection: []}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class NoNetwork:
    def __init__(self) -> None:
        self._server = server.ThreadingHTTPServer(
            (ports.LOOPBACK, 0), _Handler
        )
        self.url = f'http://{ports.LOOPBACK}:{self._server.server_port}'
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={'poll_interval': 0.05},
            daemon=True,
        ).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
