# SPDX-License-Identifier: Apache-2.0
"""A large cloud: rows by the thousand, straight into the services' databases.

Volumes, their snapshots and attachments are Cinder's, servers and their
disks Nova's, projects Keystone's. Each row is a copy of one that its service
made itself, with an ID of its own, so that the services read them as theirs.
"""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from tests import cloud as cloud_
from tests.cloud import databases
from tests.functional import moves, resources

SOURCE, DESTINATION = moves.ALPHA, moves.BETA
SOURCE_BACKEND, DESTINATION_BACKEND = (
    pool.partition("#")[0] for pool in (SOURCE, DESTINATION)
)

_GIB = 2**30
#: One volume in so many is attached, or has a snapshot.
_ATTACHED, _SNAPSHOT = 5, 20
#: How many volumes a server has.
_OF_A_SERVER = 4


def detached(cloud: cloud_.Cloud, count: int, name: str) -> list[str]:
    """Volumes on the source pool that Cinder can really move; their IDs."""
    like = _model(cloud)
    rows = list(_volumes(like, count, name))
    with databases.opened(cloud.directory, "cinder") as connection:
        _insert(connection, "volumes", rows)
    for row in rows:
        with _file(cloud, row["id"]).open("xb") as file:
            file.truncate(row["size"] * _GIB)
    return [row["id"] for row in rows]


def as_if_moved(cloud: cloud_.Cloud, ids: Sequence[str]) -> None:
    """Have volumes of the source pool be on the destination pool."""
    with databases.opened(cloud.directory, "cinder") as connection:
        connection.executemany(
            "UPDATE volumes SET host = ?, migration_status = 'success' "
            "WHERE id = ?",
            [(DESTINATION, id_) for id_ in ids],
        )
    to = cloud.directory / "backends" / "beta"
    for id_ in ids:
        file = _file(cloud, id_)
        file.rename(to / file.name)


@dataclasses.dataclass(frozen=True)
class Estate:
    """What there is besides the volumes; they are spread over all of it."""

    projects: list[str]
    types: list[str]
    pools: list[str]

    def of(self, number: int) -> dict[str, str]:
        """What a volume has of it."""
        return {
            "project_id": self.projects[number % len(self.projects)],
            "volume_type_id": self.types[number % len(self.types)],
            # Not in step with the others: each pool has all of them.
            "host": self.pools[number // 7 % len(self.pools)],
        }


def estate(
    cloud: cloud_.Cloud, projects: int, types: int, pools: int
) -> Estate:
    """Make projects and types, and give all backends so many pools.

    :returns: the projects' and types' IDs, and the pools of the source's
        backend
    """
    make = resources.Resources(cloud)
    # With the one that volumes are made on.
    names = ["pool", *(f"pool-{number:02}" for number in range(1, pools // 4))]
    for backend in ("alpha", "beta", "gamma", "delta"):
        cloud.fault_switches(backend).set(
            pools=names, total_capacity_gb=10**6, free_capacity_gb=10**6
        )
    known = make.project_id("demo")
    model = _row(cloud, "keystone", "project", "id", known)
    with databases.opened(cloud.directory, "keystone") as connection:
        rows = [
            model | {"id": uuid.uuid4().hex, "name": f"project-{number:03}"}
            for number in range(projects)
        ]
        _insert(connection, "project", rows)
    # Without extra specs: any pool takes them.
    made = [
        make.cinder.volume_types.create(f"type-{number:02}").id
        for number in range(types)
    ]
    source = [f"{SOURCE_BACKEND}#{name}" for name in names]
    resources.until("pools", lambda: set(source) <= _known_pools(cloud))
    return Estate([row["id"] for row in rows], made, source)


def _known_pools(cloud: cloud_.Cloud) -> set[str]:
    return {
        pool.name for pool in resources.Resources(cloud).cinder.pools.list()
    }


def mixed(
    cloud: cloud_.Cloud, count: int, name: str, among: Estate | None = None
) -> list[str]:
    """Volumes to plan, some attached to servers, some with snapshots.

    Cinder and Nova agree about who has which, as on a cloud in good order.
    They have rows and no data: nobody is to move them.

    :param among: what they are spread over; all are demo's, without a type
        and on the source pool otherwise
    :returns: the new servers' IDs
    """
    make = resources.Resources(cloud)
    like = _model(cloud)
    first, second = (make.volume(pool=SOURCE_BACKEND) for _ in range(2))
    server = make.server(first)
    make.cinder.volume_snapshots.create(second.id)
    attachment = _row(
        cloud, "cinder", "volume_attachment", "volume_id", first.id
    )
    snapshot = _row(cloud, "cinder", "snapshots", "volume_id", second.id)
    disk = _row(cloud, "nova", "block_device_mapping", "volume_id", first.id)
    volumes = list(_volumes(like, count, name))
    attachments: list[dict[str, Any]] = []
    snapshots, disks = [], []
    servers: list[str] = []
    for number, row in enumerate(volumes):
        row.update(among.of(number) if among else {})
        if number % _ATTACHED == 0:
            nth = len(attachments) % _OF_A_SERVER
            if nth == 0:
                servers.append(str(uuid.uuid4()))
            device = f"/dev/vd{'abcdefgh'[nth]}"
            row.update(status="in-use", attach_status="attached")
            attachments.append(
                attachment
                | {
                    "id": str(uuid.uuid4()),
                    "volume_id": row["id"],
                    "instance_uuid": servers[-1],
                    "mountpoint": device,
                }
            )
            disks.append(
                disk
                | {
                    "uuid": str(uuid.uuid4()),
                    "volume_id": row["id"],
                    "instance_uuid": servers[-1],
                    "attachment_id": attachments[-1]["id"],
                    "device_name": device,
                    "boot_index": 0 if nth == 0 else None,
                }
            )
        if number % _SNAPSHOT == 1:
            snapshots.append(
                snapshot | {"id": str(uuid.uuid4()), "volume_id": row["id"]}
            )
    with databases.opened(cloud.directory, "cinder") as connection:
        _insert(connection, "volumes", volumes)
        _insert(connection, "volume_attachment", attachments)
        _insert(connection, "snapshots", snapshots)
    _servers(cloud, server.id, servers, name)
    with databases.opened(cloud.directory, "nova") as connection:
        _insert(connection, "block_device_mapping", _numbered_anew(disks))
    return servers


def _servers(
    cloud: cloud_.Cloud, model: str, ids: list[str], name: str
) -> None:
    """Servers like one that Nova made itself, without its disks."""
    with databases.opened(cloud.directory, "nova") as connection:
        like = _row(cloud, "nova", "instances", "uuid", model)
        rows = [
            like | {"uuid": id_, "display_name": f"{name}-server-{number:04}"}
            for number, id_ in enumerate(ids)
        ]
        _insert(connection, "instances", _numbered_anew(rows))
        for table in ("instance_extra", "instance_info_caches"):
            like = _row(cloud, "nova", table, "instance_uuid", model)
            rows = [like | {"instance_uuid": id_} for id_ in ids]
            _insert(connection, table, _numbered_anew(rows))
    # Which cell each is in.
    table = "instance_mappings"
    like = _row(cloud, "nova_api", table, "instance_uuid", model)
    rows = [like | {"instance_uuid": id_} for id_ in ids]
    with databases.opened(cloud.directory, "nova_api") as connection:
        _insert(connection, table, _numbered_anew(rows))


def _numbered_anew(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose ``id`` the database is to count up itself."""
    return [row | {"id": None} for row in rows]


def remove(
    cloud: cloud_.Cloud, name: str, servers: Sequence[str] = ()
) -> None:
    """Have the services forget volumes by their names, and these servers."""
    with databases.opened(cloud.directory, "nova") as connection:
        for table, key in (
            ("block_device_mapping", "instance_uuid"),
            ("instances", "uuid"),
        ):
            connection.executemany(
                f"UPDATE {table} SET deleted = id WHERE {key} = ?",
                [(server,) for server in servers],
            )
    with databases.opened(cloud.directory, "nova_api") as connection:
        connection.executemany(
            "DELETE FROM instance_mappings WHERE instance_uuid = ?",
            [(server,) for server in servers],
        )
    with databases.opened(cloud.directory, "cinder") as connection:
        ids = connection.execute(
            "SELECT id FROM volumes WHERE display_name LIKE ?", (f"{name}%",)
        ).fetchall()
        for table in ("volume_attachment", "snapshots"):
            connection.execute(
                f"UPDATE {table} SET deleted = 1 WHERE volume_id IN "
                "(SELECT id FROM volumes WHERE display_name LIKE ?)",
                (f"{name}%",),
            )
        connection.execute(
            "UPDATE volumes SET deleted = 1, status = 'deleted' "
            "WHERE display_name LIKE ?",
            (f"{name}%",),
        )
    for (volume_id,) in ids:
        _file(cloud, volume_id).unlink(missing_ok=True)


def _file(cloud: cloud_.Cloud, volume_id: str) -> pathlib.Path:
    """Where the source pool has a volume's data."""
    return cloud.directory / "backends" / "alpha" / f"volume-{volume_id}"


def _model(cloud: cloud_.Cloud) -> dict[str, Any]:
    """The row of a volume that Cinder made itself."""
    made = resources.Resources(cloud).volume(pool=SOURCE_BACKEND)
    return _row(cloud, "cinder", "volumes", "id", made.id) | {"host": SOURCE}


def _row(
    cloud: cloud_.Cloud, database: str, table: str, key: str, value: str
) -> dict[str, Any]:
    query = f"SELECT * FROM {table} WHERE {key} = ?"
    return dict(databases.rows(cloud.directory, database, query, value)[0])


def _volumes(
    like: dict[str, Any], count: int, name: str
) -> Iterator[dict[str, Any]]:
    made_at = datetime.datetime.fromisoformat(like["created_at"])
    for number in range(count):
        at = made_at + datetime.timedelta(milliseconds=number)
        yield like | {
            "id": str(uuid.uuid4()),
            "display_name": f"{name}-{number:05}",
            "created_at": at.isoformat(" "),
            # Of no user's quota: nobody has asked Cinder for it.
            "use_quota": 0,
        }


def _insert(
    connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]
) -> None:
    if not rows:
        return
    names = list(rows[0])
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES "
        f"({', '.join(':' + name for name in names)})",
        rows,
    )
