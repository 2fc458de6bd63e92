# SPDX-License-Identifier: Apache-2.0
"""How long our command takes to its first request, and OSC's own to its."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
import tempfile
from collections.abc import Mapping

from bench import process
from bench.peers import peer
from tests import cloud as cloud_

_LIMIT = 300.0


@dataclasses.dataclass(frozen=True)
class Start:
    """Medians of one command, in seconds.

    :ivar first: from its start to its first request
    :ivar second: to its second, when it has its token
    """

    command: str
    first: float
    second: float
    processor_seconds: float


def starts(
    cloud: cloud_.Cloud,
    volume_id: str,
    own: Mapping[str, str],
    rounds: int,
) -> list[Start]:
    """The starts of `volume show` and of `watcher-migrate check`, in turns.

    Both read a volume first; check goes no further than run does before it
    asks for anything to be changed.
    """
    commands = {
        "openstack volume show": ("show", volume_id),
        "openstack volume watcher-migrate check": (
            *("watcher-migrate", "check", volume_id),
            "--migration-type=cold",
            "--destination-type=gold",
        ),
    }
    seen: dict[str, list[tuple[float, float, float]]] = {
        name: [] for name in commands
    }
    for _ in range(rounds):
        for name, words in commands.items():
            seen[name].append(_start(cloud, words, own))
    return [
        Start(
            name,
            *(statistics.median(column) for column in zip(*all_, strict=True)),
        )
        for name, all_ in seen.items()
    ]


def _start(
    cloud: cloud_.Cloud, words: tuple[str, ...], own: Mapping[str, str]
) -> tuple[float, float, float]:
    environment = {**peer.environment(cloud.environment("admin")), **own}
    mark = cloud.fault_proxy.mark()
    with tempfile.TemporaryDirectory() as scratch:
        finished = process.run(
            process.Call(("openstack", "volume", *words), environment),
            pathlib.Path(scratch),
            _LIMIT,
        )
    requests = cloud.fault_proxy.since(mark)
    if len(requests) < 2:
        raise RuntimeError(f"{words}: {finished.stderr}")
    first, second = (r.started - finished.began for r in requests[:2])
    return first, second, finished.processor_seconds
