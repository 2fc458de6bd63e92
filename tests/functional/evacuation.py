# SPDX-License-Identifier: Apache-2.0
"""A pool to evacuate, with all that an admin meets on one."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests import cloud as cloud_
from tests.functional import moves, pools, resources


@dataclasses.dataclass
class Evacuated:
    """A pool, and what the tests have to know of what is on it."""

    cloud: cloud_.Cloud
    prefix: str
    volumes: list[Any]
    blocked: dict[str, str]
    attached: dict[str, str]
    digests: dict[str, str]

    @property
    def movable(self) -> list[str]:
        return [v.id for v in self.volumes if v.id not in self.blocked]


def prepare(cloud: cloud_.Cloud) -> Evacuated:
    """40 volumes on alpha, of every kind that an admin meets."""
    make = resources.Resources(cloud)
    group, prefix = _group(make), make.name("pool")
    made = pools.fill(
        make,
        prefix,
        [
            *[{"metadata": {"keep": "me"}}] * 16,
            *[{"volume_type": "silver"}] * 8,
            *[{"user": "bob"}] * 6,
            *[{}] * 9,
            {"group_id": group},
        ],
    )
    snapped, grouped = made[30:32], made[39]
    active, paused, stopped = (
        _server(make, *volumes)
        for volumes in (made[32:35], made[35:37], made[37:39])
    )
    make.nova.servers.pause(paused)
    make.nova.servers.stop(stopped)
    for volume in snapped:
        make.cinder.volume_snapshots.create(volume.id, name="before")
    make.until_server(paused, "PAUSED")
    make.until_server(stopped, "SHUTOFF")
    blocked = {
        **{v.id: "the volume has 1 snapshot: 'before'" for v in snapped},
        grouped.id: f"the volume is in group {group}",
        **{v.id: f"({stopped}) is stopped (SHUTOFF)" for v in made[37:39]},
    }
    return Evacuated(
        cloud,
        prefix,
        made,
        blocked,
        {
            **{v.id: active for v in made[32:35]},
            **{v.id: paused for v in made[35:37]},
            **{v.id: stopped for v in made[37:39]},
        },
        pools.digests(cloud, made),
    )


def _group(make: resources.Resources) -> str:
    admin, alice = (pools.client(make.cloud, u) for u in ("admin", "alice"))
    kind = admin.group_types.create(make.name("group-type"))
    (bronze,) = (t.id for t in admin.volume_types.list() if t.name == "bronze")
    with make._only_backend_of(moves.ALPHA):
        group = alice.groups.create(kind.id, bronze, name=make.name("group"))
        resources.until(
            "group", lambda: alice.groups.get(group.id).status == "available"
        )
    return str(group.id)


def _server(make: resources.Resources, root: Any, *others: Any) -> str:
    make.cinder.volumes.set_bootable(root.id, True)
    nova = make.cloud.access.nova("alice")
    (tiny,) = (f for f in nova.flavors.list() if f.name == "tiny")
    made = nova.servers.create(
        make.name("server"),
        image=None,
        flavor=tiny.id,
        nics="none",
        block_device_mapping_v2=[
            {
                "uuid": volume.id,
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": 0 if volume is root else -1,
            }
            for volume in (root, *others)
        ],
    )
    make.until_server(made.id, "ACTIVE")
    return str(made.id)
