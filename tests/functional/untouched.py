# SPDX-License-Identifier: Apache-2.0
"""That a command changed nothing, and what it says would help."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from typing import Any

from tests import cloud as cloud_
from tests.cloud import http_messages, inventory
from tests.functional import resources, shell

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
    run(openstack, remedies(text)[-1])


def run(openstack: shell.Openstack, remedy: str) -> list[shell.Completed]:
    """Run the commands of a remedy, word for word.

    As where Cinder's oldest version is the default, which it is in the oldest
    OSC that we support: a remedy has to say which it needs.
    """
    found = commands(remedy)
    assert found, remedy
    done = []
    for command in found:
        program, *words = shlex.split(command)
        call = openstack.cinder if program == "cinder" else openstack
        done.append(call(*words, OS_VOLUME_API_VERSION="3.0"))
        assert done[-1].exit_code == 0, (command, done[-1].stderr)
    return done


def commands(remedy: str) -> list[str]:
    """The commands that a remedy names, to be carried out or looked at."""
    quoted = re.findall(r"'((?:openstack|cinder) [^']*)'", remedy)
    if quoted:
        return quoted
    # Names in a command may have what looks like its end.
    begins = re.search(r"(?:^|(?<=[ (]))(?:openstack|cinder) ", remedy)
    if begins is None:
        return []
    return re.split("; (?=openstack |cinder )", remedy[begins.start() :])


def blockers(
    openstack: shell.Openstack, volume: Any, *words: str
) -> list[str]:
    """What blocks a move, by check."""
    done = openstack.migrate("check", volume.id, *words, "-f=json")
    found = [r["Detail"] for r in done.json if r["Result"] == "blocked"]
    assert done.exit_code == bool(found), done.stderr
    return found


def until_clear(openstack: shell.Openstack, volume: Any, *words: str) -> None:
    """Wait until nothing blocks a move any more."""
    resources.until(
        "nothing that blocks",
        lambda: not blockers(openstack, volume, *words),
        seconds=60,
    )
