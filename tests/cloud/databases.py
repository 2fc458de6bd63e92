# SPDX-License-Identifier: Apache-2.0
"""Reads what the services have stored, past their APIs."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def opened(directory: pathlib.Path, name: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(directory / f"{name}.db", timeout=30)
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
