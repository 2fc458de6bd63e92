# SPDX-License-Identifier: Apache-2.0
"""That a cloud holds what was meant to be made, and nothing else."""

from __future__ import annotations

from collections.abc import Collection

from tests import cloud as cloud_
from tests.cloud import inventory
from tests.demo import screen

_BACKENDS = ("alpha", "beta", "gamma", "delta")


def check(
    shown: screen.Screen,
    cloud: cloud_.Cloud,
    before: inventory.Inventory,
    made: Collection[str],
) -> None:
    """Check it against the services' databases.

    :param made: the IDs of the volumes that are meant to be there
    """
    after = cloud.inventory()
    with shown.check("users are those from before: no temporary one"):
        assert after["users"] == before["users"]
    with shown.check("role assignments are those from before"):
        assert after["role_assignments"] == before["role_assignments"]
    with shown.check("volumes are those that were meant: no copy is left"):
        assert set(after["volumes"]) - set(before["volumes"]) == set(made)
    with shown.check("every volume is available or in-use, none is stuck"):
        assert {row["status"] for row in after["volumes"].values()} <= {
            "available",
            "in-use",
        }
    with shown.check("attachments are attached ones, one for each volume"):
        attachments = after["attachments"].values()
        assert {row["attach_status"] for row in attachments} == {"attached"}
        volumes = [row["volume_id"] for row in attachments]
        assert len(volumes) == len(set(volumes))
    with shown.check("the backends hold one file for each volume"):
        files = sum(len(cloud.backend_files(one)) for one in _BACKENDS)
        assert files == len(after["volumes"]), files
