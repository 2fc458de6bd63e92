# SPDX-License-Identifier: Apache-2.0
"""That a command changed nothing, and what it says would help."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator

from tests import cloud as cloud_
from tests.cloud import http_messages, inventory
from tests.functional import shell

_REMEDY = re.compile(r"\(remedy: ((?:[^()]|\([^()]*\))*)\)")


@contextlib.contextmanager
def untouched(cloud: cloud_.Cloud) -> Iterator[None]:
    """Nothing in the cloud changes, and nobody asks that it be changed.

    Two requests look like changes and are none: asking for a token, and the
    probe whether Nova takes direct swaps, with a volume that does not exist.
    """
    before, mark = cloud.inventory(), cloud.fault_proxy.mark()
    yield
    writes = [
        str(request)
        for request in cloud.fault_proxy.since(mark)
        if not _harmless(request, before)
    ]
    assert writes == []
    assert before.difference(cloud.inventory()) == []


def _harmless(
    request: http_messages.Request, before: inventory.Inventory
) -> bool:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return True
    if request.service == "identity":
        return request.method == "POST" and request.path.endswith(
            "/auth/tokens"
        )
    return (
        request.service == "compute"
        and request.method == "PUT"
        and "/os-volume_attachments/" in request.path
        and request.json["volumeAttachment"]["volumeId"]
        not in before["volumes"]
        and request.status in (400, 409)
    )


def refused(
    cloud: cloud_.Cloud, openstack: shell.Openstack, *words: str
) -> str:
    """What a command says that is refused without a trace; not its end."""
    with untouched(cloud):
        done = openstack.migrate(*words)
    assert (done.exit_code, done.stdout) == (1, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr.rstrip("\n")


def remedies(text: str) -> list[str]:
    """What a text says that would help."""
    return _REMEDY.findall(text)


def apply_remedy(openstack: shell.Openstack, text: str) -> None:
    """Run what a text says last that would help, word for word."""
    remedy = remedies(text)[-1]
    # Names in a command may have what looks like its end.
    commands = remedy[remedy.index("openstack ") :]
    for command in re.split("; (?=openstack )", commands):
        done = openstack(*shlex.split(command)[1:])
        assert done.exit_code == 0, (command, done.stderr)
