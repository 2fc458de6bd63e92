# SPDX-License-Identifier: Apache-2.0

"""Where a volume goes whose records its next live move puts right."""

from __future__ import annotations

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.recovery import next_move

_THIRD = "c4@gold#three"


@pytest.mark.parametrize(
    ("pools", "to"),
    [
        (
            [
                builders.pool(),
                builders.pool(builders.SPARE, free_capacity_gb=40.0),
                builders.pool(_THIRD, free_capacity_gb=60.0),
            ],
            f"--destination-type gold --destination-node '{_THIRD}'",
        ),
        (
            [
                builders.pool(),
                builders.pool(builders.SPARE, free_capacity_gb=60.0),
                builders.pool(_THIRD, free_capacity_gb=40.0),
            ],
            f"--destination-type gold --destination-node '{builders.SPARE}'",
        ),
        # None has room but another type's.
        (
            [
                builders.pool(),
                builders.pool(builders.SPARE, free_capacity_gb=9.0),
                builders.pool(builders.OTHER),
            ],
            "--destination-type silver",
        ),
        # None at all.
        ([builders.pool()], ""),
    ],
)
def test_to_the_emptiest_pool_of_its_type(
    pools: list[model.Pool], to: str
) -> None:
    volume = builders.attached()
    cloud = planned.Cloud(volume)
    cloud.attachments = volume.attachments
    cloud.pools = pools
    cloud.services = [
        builders.service(host=model.backend_of(pool.name)) for pool in pools
    ]

    command = next_move.command(cloud.core, volume)

    run = f"openstack volume watcher-migrate run {volume.id} "
    assert command == (run + to if to else "")
