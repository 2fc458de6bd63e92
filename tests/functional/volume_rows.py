# SPDX-License-Identifier: Apache-2.0
"""Volumes by the thousand, written straight into a test cloud's Cinder."""

from __future__ import annotations

import datetime
import pathlib
import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

from tests import cloud as cloud_
from tests.cloud import databases
from tests.functional import moves, resources

SOURCE, DESTINATION = moves.ALPHA, moves.BETA

_GIB = 2**30
#: One volume in so many is attached, or has a snapshot.
_ATTACHED, _SNAPSHOT = 10, 20


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


def mixed(cloud: cloud_.Cloud, count: int, name: str) -> None:
    """Volumes to plan, some attached to a server, some with snapshots.

    They have rows and no data: nobody is to move them.
    """
    make = resources.Resources(cloud)
    like = _model(cloud)
    first, second = make.volume(pool=SOURCE), make.volume(pool=SOURCE)
    server = make.server(first)
    make.cinder.volume_snapshots.create(second.id)
    attachment = _row(cloud, "volume_attachment", "volume_id", first.id)
    snapshot = _row(cloud, "snapshots", "volume_id", second.id)
    rows = list(_volumes(like, count, name))
    attachments, snapshots = [], []
    for number, row in enumerate(rows):
        if number % _ATTACHED == 0:
            row |= {"status": "in-use", "attach_status": "attached"}
            attachments.append(
                attachment
                | {
                    "id": str(uuid.uuid4()),
                    "volume_id": row["id"],
                    "instance_uuid": server.id,
                }
            )
        if number % _SNAPSHOT == 1:
            snapshots.append(
                snapshot | {"id": str(uuid.uuid4()), "volume_id": row["id"]}
            )
    with databases.opened(cloud.directory, "cinder") as connection:
        _insert(connection, "volumes", rows)
        _insert(connection, "volume_attachment", attachments)
        _insert(connection, "snapshots", snapshots)


def remove(cloud: cloud_.Cloud, name: str) -> None:
    """Have Cinder forget the volumes with names that start so."""
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
    made = resources.Resources(cloud).volume(pool=SOURCE)
    return _row(cloud, "volumes", "id", made.id)


def _row(
    cloud: cloud_.Cloud, table: str, key: str, value: str
) -> dict[str, Any]:
    query = f"SELECT * FROM {table} WHERE {key} = ?"
    return dict(databases.rows(cloud.directory, "cinder", query, value)[0])


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
