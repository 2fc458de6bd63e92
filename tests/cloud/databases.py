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
