# SPDX-License-Identifier: Apache-2.0
"""Pools full of volumes, and what Cinder itself has recorded of moves."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent import futures
from typing import Any

from cinderclient import client as cinder_client
from novaclient import exceptions as nova_exceptions

from tests import cloud as cloud_
from tests.cloud import databases
from tests.functional import moves, resources

#: Requests at once; more only make a busy Cinder slower.
_THREADS = 4


def client(cloud: cloud_.Cloud, user: str) -> Any:
    """cinderclient with a microversion, straight at Cinder."""
    return cinder_client.Client(
        "3.71",
        session=cloud.access.session(user, direct=True),
        endpoint_type="internal",
    )


def provisioned(cloud: cloud_.Cloud, pool: str) -> float:
    """GiB on a pool, once the scheduler has heard of all that is there."""
    backend = pool.partition("@")[2].partition("#")[0]

    def told() -> tuple[float, ...]:
        files = (cloud.directory / "backends" / backend).iterdir()
        there = sum(file.stat().st_size for file in files) / 2**30
        (found,) = (
            one
            for one in cloud.admin_cinder.pools.list(detailed=True)
            if one.name == pool
        )
        known = float(found.provisioned_capacity_gb)
        return (known,) if known == there else ()

    (known,) = resources.until(f"what is on {pool}", told)
    return float(known)


def fill(
    make: resources.Resources,
    prefix: str,
    kinds: Iterable[Mapping[str, Any]],
    pool: str = moves.ALPHA,
) -> list[Any]:
    """Make volumes on a pool, several at once, each with its own content.

    :param prefix: what their names begin with
    :param kinds: what to ask Cinder for, one for each; ``user`` says who
    """

    def create(kind: Mapping[str, Any]) -> str:
        asked = {
            "size": 1,
            "volume_type": "bronze",
            "name": make.name(f"{prefix}-volume"),
            **kind,
        }
        cinder = client(make.cloud, asked.pop("user", "alice"))
        return cinder.volumes.create(**asked).id

    # No volume is on a pool by name: the others are closed meanwhile.
    with (
        make._only_backend_of(pool),
        futures.ThreadPoolExecutor(_THREADS) as threads,
    ):
        ids = list(threads.map(create, kinds))
        resources.until(
            "volumes created", lambda: _all_available(make.cloud, ids)
        )
    for volume_id in ids:
        make.cloud.write_volume(volume_id, volume_id)
    return [make.seen(volume_id) for volume_id in ids]


def _all_available(cloud: cloud_.Cloud, ids: Sequence[str]) -> bool:
    rows = cloud.inventory()["volumes"]
    states = {rows[volume_id]["status"] for volume_id in ids}
    assert states <= {"creating", "available"}, states
    return states == {"available"}


def clear(make: resources.Resources, backend: str) -> None:
    """Delete the volumes that earlier tests left on a backend."""
    cinder, nova = make.cinder.volumes, make.nova.servers

    def left() -> list[str]:
        return [
            volume_id
            for volume_id, row in make.cloud.inventory()["volumes"].items()
            if f"@{backend}#" in str(row["host"])
        ]

    for volume_id in left():
        for held in make.seen(volume_id).attachments:
            server_id = held["server_id"]
            with contextlib.suppress(nova_exceptions.NotFound):
                nova.delete(server_id)
                resources.until(
                    "gone", functools.partial(_gone, nova, server_id)
                )
        cinder.reset_state(
            volume_id,
            "available",
            attach_status="detached",
            migration_status="none",
        )
        cinder.delete(volume_id, cascade=True)
    resources.until("cleared", lambda: not left())


def _gone(nova: Any, server_id: str) -> bool:
    try:
        nova.get(server_id)
    except nova_exceptions.NotFound:
        return True
    return False


def digests(cloud: cloud_.Cloud, volumes: Iterable[Any]) -> dict[str, str]:
    """The content of volumes, by ID."""
    return {volume.id: cloud.digest(volume.id) for volume in volumes}


def hosts(cloud: cloud_.Cloud, volumes: Iterable[Any]) -> dict[str, Any]:
    """The pools that volumes are on, by ID."""
    rows = cloud.inventory()["volumes"]
    return {volume.id: rows[volume.id]["host"] for volume in volumes}


@dataclasses.dataclass(frozen=True)
class Entry:
    """Cinder began (or ended) to move a volume."""

    volume_id: str
    begins: bool


class Journal:
    """Every beginning and end of a move, as Cinder's database saw them.

    A trigger writes them down within Cinder's own transactions, so none
    is missed however short it is, and their order is that of the commits.
    """

    _TRIGGER = """
        CREATE TABLE IF NOT EXISTS journal
            (number INTEGER PRIMARY KEY AUTOINCREMENT, volume_id, begins);
        CREATE TRIGGER IF NOT EXISTS journal_of_volumes
        AFTER UPDATE OF migration_status ON volumes
        WHEN (COALESCE(OLD.migration_status, '') IN
                ('starting', 'migrating', 'completing'))
            <> (COALESCE(NEW.migration_status, '') IN
                ('starting', 'migrating', 'completing'))
        BEGIN
            INSERT INTO journal (volume_id, begins) VALUES (
                NEW.id,
                COALESCE(NEW.migration_status, '') IN
                    ('starting', 'migrating', 'completing'));
        END;
    """

    def __init__(self, cloud: cloud_.Cloud) -> None:
        self._directory: pathlib.Path = cloud.directory
        with databases.opened(self._directory, "cinder") as connection:
            connection.executescript(self._TRIGGER)
        self._mark = len(self._rows())

    def _rows(self) -> list[Any]:
        return databases.rows(
            self._directory, "cinder", "SELECT * FROM journal ORDER BY number"
        )

    @property
    def entries(self) -> list[Entry]:
        """What happened since this journal was opened."""
        return [
            Entry(row["volume_id"], bool(row["begins"]))
            for row in self._rows()[self._mark :]
        ]

    @property
    def begun(self) -> collections.Counter[str]:
        """How often Cinder began to move each volume."""
        return collections.Counter(
            entry.volume_id for entry in self.entries if entry.begins
        )

    def most_at_once(self, lanes: Mapping[str, Any]) -> dict[Any, int]:
        """How many moves of a lane were going on, when they were the most.

        :param lanes: a lane by volume ID; a volume without one is left out
        """
        now: collections.Counter[Any] = collections.Counter()
        most: dict[Any, int] = {}
        for entry in self.entries:
            # The old copy takes over the row that was the target's.
            if entry.volume_id not in lanes:
                continue
            lane = lanes[entry.volume_id]
            now[lane] += 1 if entry.begins else -1
            most[lane] = max(most.get(lane, 0), now[lane])
        return most
