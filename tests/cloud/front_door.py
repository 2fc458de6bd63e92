# SPDX-License-Identifier: Apache-2.0
"""One address with TLS for all services, as load balancers have it.

Services lie under paths: ``https://127.0.0.1:PORT/volume/v3``. They do not
know of that: the links in their answers lead to where they listen themselves.
"""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import ssl
import threading
from collections.abc import Mapping
from http import client, server
from urllib import parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

from tests.cloud import ports

_LEFT_OUT = frozenset(("connection", "content-length", "transfer-encoding"))


class FrontDoor:
    """Listens on a port of its own, within a ``with`` block.

    :param directory: where the certificate goes
    :param upstream: by the first part of a path, where that service listens
    """

    def __init__(
        self, directory: pathlib.Path, upstream: Mapping[str, str]
    ) -> None:
        #: What ``OS_CACERT`` has to be: nobody else has signed it.
        self.ca = directory / "ca.pem"
        key = directory / "key.pem"
        _write_certificate(self.ca, key)
        self._server = _Server(upstream)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        self._server.socket = context.wrap_socket(
            # The handshake is the threads' that answer.
            self._server.socket,
            server_side=True,
            do_handshake_on_connect=False,
        )
        self.url = f"https://{ports.LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> FrontDoor:
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            daemon=True,
            name="front door",
        ).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: Mapping[str, str]) -> None:
        self.upstream = {
            name: parse.urlsplit(url).netloc for name, url in upstream.items()
        }
        super().__init__((ports.LOOPBACK, 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that do not trust us are part of the tests."""


class _Handler(server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        name, _, path = self.path.removeprefix("/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            key: value
            for key, value in self.headers.items()
            if key.lower() not in _LEFT_OUT | {"host", "accept-encoding"}
        }
        upstream = client.HTTPConnection(self.server.upstream[name])
        upstream.request(self.command, f"/{path}", body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in _LEFT_OUT:
                self.send_header(key, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def log_message(self, *args: object) -> None:
        pass


def _write_certificate(
    certificate: pathlib.Path, key_file: pathlib.Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address(ports.LOOPBACK))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
