# SPDX-License-Identifier: Apache-2.0
"""Makes SQLite bear a service's many threads.

Without this, parallel requests fail with "database is locked".
"""

import sqlalchemy
from sqlalchemy import engine, event

_BUSY_TIMEOUT_MS = 60_000


def prepare_engines() -> None:
    """Register for every engine that this process will ever create.

    Listeners on the class run before those that oslo.db puts on each
    engine; that is what lets _begin() preempt oslo.db's own BEGIN.
    """
    event.listen(engine.Engine, "connect", _connect)
    event.listen(engine.Engine, "begin", _begin)


def _connect(connection, _record) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # Files outlive a killed process without it; only a power cut would
    # harm them, and nobody keeps a test cloud over that.
    connection.execute("PRAGMA synchronous = OFF")


def _begin(connection) -> None:
    # A deferred transaction which reads and then writes fails at once when
    # another one wrote meanwhile: no timeout helps. Take the lock first.
    if "in_transaction" not in connection.info:
        connection.execute(sqlalchemy.text("BEGIN IMMEDIATE"))
        connection.info["in_transaction"] = True
