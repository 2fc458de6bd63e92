# SPDX-License-Identifier: Apache-2.0
"""Reads and edits what the services have stored, past their APIs."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from tests.cloud import errors

#: Seconds to wait while a service holds the lock.
_BUSY_SECONDS = 30


@contextlib.contextmanager
def opened(directory: pathlib.Path, name: str) -> Iterator[sqlite3.Connection]:
    """A connection of one transaction: committed, or undone when it raises.

    :raises errors.CloudError: there is no such database
    """
    path = directory / f"{name}.db"
    if not path.exists():  # SQLite would make an empty one
        raise errors.CloudError(f"there is no database {path}")
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def rows(
    directory: pathlib.Path, name: str, query: str, *values: Any
) -> list[sqlite3.Row]:
    with opened(directory, name) as connection:
        return connection.execute(query, values).fetchall()


class Database:
    """One of the services' databases, safe to use while the services run.

    What is written is there for a service's next query; objects that it has
    in memory stay as they are.

    :param name: ``keystone``, ``placement``, ``cinder``, ``nova`` (of the
        one cell), ``nova_cell0`` or ``nova_api``
    """

    def __init__(self, directory: pathlib.Path, name: str) -> None:
        self._directory = directory
        self._name = name

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return a query's rows, each by its columns' names."""
        found = rows(self._directory, self._name, query, *values)
        return [dict(row) for row in found]

    def execute(self, statement: str, *values: Any) -> int:
        """Run one statement; return how many rows it wrote.

        For values, SQL has ``?``: ``execute('UPDATE volumes SET host = ?
        WHERE id = ?', host, volume_id)``.
        """
        with opened(self._directory, self._name) as connection:
            return connection.execute(statement, values).rowcount

    def insert(self, table: str, row: dict[str, Any]) -> None:
        """Add a row, given as column -> value."""
        columns = ", ".join(row)
        places = ", ".join("?" * len(row))
        self.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({places})",
            *row.values(),
        )


def set_endpoints(
    directory: pathlib.Path, urls: dict[tuple[str, str], str]
) -> None:
    """Put this cloud's URLs into the catalogue.

    :param urls: (service type, interface) -> URL
    """
    with opened(directory, "keystone") as connection:
        connection.executemany(
            "UPDATE endpoint SET url = ? WHERE interface = ? AND service_id"
            " = (SELECT id FROM service WHERE type = ?)",
            [
                (url, interface, service_type)
                for (service_type, interface), url in urls.items()
            ],
        )
