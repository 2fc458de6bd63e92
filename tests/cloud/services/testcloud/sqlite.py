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
