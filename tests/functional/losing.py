# SPDX-License-Identifier: Apache-2.0
"""Moves at whose end Cinder loses the attachment.

(services.rst, services-lost-attachment)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests import cloud as cloud_
from tests.cloud import databases
from tests.functional import conftest, moves, resources

BEFORE_CINDER_LOOKS = """
    CREATE TRIGGER loses AFTER UPDATE OF migration_status ON volumes
    WHEN NEW.migration_status = 'success' AND NEW.id = '{volume_id}'
    BEGIN
        UPDATE volume_attachment SET deleted = 1, deleted_at = NEW.updated_at
        WHERE volume_id IN (
            SELECT id FROM volumes
            WHERE display_description = 'migration src for ' || NEW.id);
    END
"""
#: Cinder then answers Nova with an error, and Nova keeps its old record.
WHEN_CINDER_HAS_LOOKED = """
    CREATE TRIGGER loses BEFORE UPDATE OF volume_id ON volume_attachment
    WHEN NEW.volume_id = '{volume_id}' AND NEW.volume_id <> OLD.volume_id
    BEGIN
        SELECT RAISE(IGNORE);
    END
"""


@contextlib.contextmanager
def losing(
    cloud: cloud_.Cloud, trigger: str, volume_id: str
) -> Iterator[None]:
    """Let the deletion of the old copy win Cinder's race."""
    with databases.opened(cloud.directory, "cinder") as connection:
        connection.execute(trigger.format(volume_id=volume_id))
    try:
        yield
    finally:
        with databases.opened(cloud.directory, "cinder") as connection:
            connection.execute("DROP TRIGGER loses")


def _ended(make: resources.Resources, server_id: str) -> bool:
    """Whether the server's last swap has ended."""
    actions = make.nova.instance_action
    last = next(
        row for row in actions.list(server_id) if row.action == "swap_volume"
    )
    seen = actions.get(server_id, last.request_id).to_dict()
    return bool(seen["events"] and seen["events"][0]["result"])


@contextlib.contextmanager
def lost(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    set_faults: conftest.SetFaults,
    trigger: str = BEFORE_CINDER_LOOKS,
) -> Iterator[moves.Attached]:
    """A volume that was moved live, and is attached to nothing since.

    After the block it is nothing that ``recover`` finds.
    """
    attached = moves.Attached.prepare(make, make.server(), moves.ALPHA)
    set_faults("alpha", delete="at-once")
    volume_id = attached.volume.id
    with losing(cloud, trigger, volume_id):
        # Not by our own command, which goes on looking for half a minute.
        make.cinder.volumes.retype(volume_id, "gold", "on-demand")
        resources.until(
            "moved", lambda: make.migration_status(volume_id) == "success"
        )
        resources.until(
            "ended in Nova", lambda: _ended(make, str(attached.server.id))
        )
        resources.until("lost", lambda: make.seen(volume_id).attachments == [])
    assert make.seen(volume_id).status == "in-use"
    yield attached
    make.cinder.volumes.reset_state(
        attached.volume.id, None, migration_status="none"
    )
