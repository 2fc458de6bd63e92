# SPDX-License-Identifier: Apache-2.0
"""That a pool serves a type for us exactly if it does for the scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import resources
from volmigrateclient import api
from volmigrateclient.core.checks import scheduler

#: What the backends report besides; two of the four report nothing.
CAPABILITIES: dict[str, dict[str, Any]] = {
    "alpha": {
        "flash": True,
        "tier": "high",
        "iops": 100,
        "features": ["dedup", "compression"],
        "nested": {"level": "3"},
        "vendor:mode": "fast",
    },
    "beta": {
        "flash": "false",
        "tier": "low",
        "iops": "20",
        "features": "compression",
        "nested": {"level": "1"},
    },
}

SPECS: tuple[dict[str, str], ...] = (
    {},
    {"flash": "<is> True"},
    {"flash": "<is> False"},
    {"flash": "True"},
    {"flash": "true"},
    {"tier": "high"},
    {"tier": "s== high"},
    {"tier": "s!= high"},
    {"tier": "s< k"},
    {"tier": "s<= low"},
    {"tier": "s> k"},
    {"tier": "s>= low"},
    {"tier": "<in> ig"},
    {"tier": "<or> low <or> middle"},
    {"tier": "<or> low <or> high"},
    {"iops": "100"},
    {"iops": "= 50"},
    {"iops": "== 100"},
    {"iops": "!= 100"},
    {"iops": ">= 10"},
    {"iops": ">= 50"},
    {"iops": "<= 50"},
    {"iops": ">= many"},
    {"iops": "s== 20"},
    {"features": "<in> dedup"},
    {"features": "compression"},
    {"features": "<or> dedup <or> nothing"},
    {"missing": "<is> True"},
    {"missing": "<is> False"},
    {"missing": "s!= there"},
    {"capabilities:tier": "high"},
    {"capabilities:flash": "<is> True"},
    {"capabilities:missing": "x"},
    {"capabilities:nested:level": ">= 2"},
    {"nested:level": ">= 99"},
    {"vendor:mode": "slow"},
    {"RESKEY:availability_zones": "elsewhere"},
    {"multiattach": "<is> True"},
    {"volume_backend_name": "bronze", "tier": "low"},
    {"volume_backend_name": "<or> bronze <or> gold", "iops": ">= 1"},
    {"storage_protocol": "local"},
    {"tier": ""},
    {"tier": "s=="},
    {"tier": "<is>"},
    {"tier": "  high  "},
)


@pytest.fixture(scope="module")
def reporting(current_cloud: cloud_.Cloud) -> Iterator[cloud_.Cloud]:
    """A cloud whose backends report CAPABILITIES."""
    backends = ("alpha", "beta", "gamma", "delta")
    try:
        for backend in backends:
            # Asked for the pools of a type, Cinder 29 stumbles over pools
            # that are not infinite: there is no size to compare with.
            current_cloud.fault_switches(backend).set(
                capabilities={
                    **CAPABILITIES.get(backend, {}),
                    "free_capacity_gb": "infinite",
                },
            )
        yield current_cloud
    finally:
        for backend in backends:
            current_cloud.fault_switches(backend).clear()


@pytest.mark.parametrize("extra_specs", SPECS, ids=str)
def test_the_scheduler_agrees(
    reporting: cloud_.Cloud, extra_specs: dict[str, str]
) -> None:
    make = resources.Resources(reporting)
    made = make.cinder.volume_types.create(make.name("type"))
    try:
        if extra_specs:
            made.set_keys(extra_specs)
        theirs = _pools_of(reporting, made.name)
        cloud = api.connect(reporting.session())
        volume_type = next(
            one for one in cloud.list_types() if one.id == made.id
        )
        ours = {
            pool.name
            for pool in cloud.list_pools()
            if not scheduler.capabilities_mismatches(volume_type, pool)
        }
    finally:
        make.cinder.volume_types.delete(made.id)

    assert volume_type.extra_specs == extra_specs
    assert ours == theirs


def _pools_of(cloud: cloud_.Cloud, type_name: str) -> set[str]:
    answer = cloud.session().get(
        "/scheduler-stats/get_pools",
        params={"detail": "true", "volume_type": type_name},
        headers={"OpenStack-API-Version": "volume 3.35"},
        endpoint_filter={
            "service_type": "volumev3",
            "interface": "public",
        },
    )
    return {pool["name"] for pool in answer.json()["pools"]}
