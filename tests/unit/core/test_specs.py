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

"""Whether a pool serves a type, by the rules of Cinder's scheduler."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model, specs


def _fits(reported: Any, wanted: str) -> bool:
    found = specs.mismatches(
        builders.volume_type(extra_specs={"key": wanted}),
        model.Pool("h@b#p", {"key": reported}),
    )
    return not found


# extra_specs_ops.match(value, req) of Cinder 29, operator by operator.
@pytest.mark.parametrize(
    ("reported", "wanted", "fits"),
    [
        ("gold", "gold", True),
        ("gold", "Gold", False),
        ("", "", True),
        (None, "gold", False),
        ("two words", "two words", True),
        # No operator: the value and the wish have to be the same object's
        # text, and a boolean is not its name.
        (True, "True", False),
        (True, "<is> True", True),
        ("true", "<is> True", True),
        ("yes", "<is> 1", True),
        (False, "<is> True", False),
        (False, "<is> False", True),
        (None, "<is> False", False),
        (True, "<is>", False),
        (10, "= 9", True),  # "=" is "at least"
        (10, "= 10", True),
        (10, "= 11", False),
        ("10", "== 10.0", True),
        (10, "== 9", False),
        (10, "!= 9", True),
        (10, "!= 10", False),
        (10, ">= 10", True),
        (10, "<= 9", False),
        (10, "<= 10", True),
        ("ten", ">= 10", False),
        ([10], ">= 10", True),
        (None, ">= 10", False),
        (10, ">=", False),
        # Not operators at all, so compared as they are.
        (10, "> 9", False),
        ("> 9", "> 9", True),
        ("abc", "s== abc", True),
        ("abc", "s== abd", False),
        ("abc", "s!= abd", True),
        ("abc", "s< abd", True),
        ("abc", "s<= abc", True),
        ("abd", "s> abc", True),
        ("abc", "s> abc", False),
        ("abc", "s>= abc", True),
        (5, "s< abc", False),
        ("12311321", "<in> 11", True),
        ("12310321", "<in> 11", False),
        (11, "<in> 11", False),
        ("b", "<or> a <or> b", True),
        ("c", "<or> a <or> b", False),
        ("a", "<or> a <or>", True),
        ("a", "<or>", False),
        (None, "<or> a", False),
        # "<or>" between words is no word, nor is a second word one.
        ("<or>", "<or> a <or> b", False),
        ("b", "<or> a b", False),
        # Of a list any value will do.
        (["a", "b"], "b", True),
        (["a", "b"], "c", False),
        (["a", "b"], "<or> x <or> b", True),
        ([], "a", False),
    ],
)
def test_a_value_fits_as_the_scheduler_judges_it(
    reported: Any, wanted: str, fits: bool
) -> None:
    assert _fits(reported, wanted) is fits


def test_a_wish_for_nothing_is_met_by_nothing() -> None:
    # The API allows no null in an extra spec; Cinder's rows may hold one.
    wanted: Any = None

    assert _fits(None, wanted)
    assert not _fits("something", wanted)


@pytest.mark.parametrize(
    ("extra_specs", "capabilities", "unmet"),
    [
        pytest.param({}, {}, (), id="no wishes"),
        pytest.param(
            {"disk": "ssd"},
            {},
            ("disk wants 'ssd', the pool reports none",),
            id="a pool that does not report it",
        ),
        pytest.param(
            {"capabilities:disk": "ssd"},
            {"disk": "hdd"},
            ("capabilities:disk wants 'ssd', the pool reports 'hdd'",),
            id="the capabilities scope is the scheduler's",
        ),
        pytest.param(
            {"capabilities:disk:kind": "ssd"},
            {"disk": {"kind": "ssd"}},
            (),
            id="a capability in a capability",
        ),
        pytest.param(
            {"capabilities:disk:kind": "ssd"},
            {"disk": "ssd"},
            ("capabilities:disk:kind wants 'ssd', the pool reports none",),
            id="a capability that has none in it",
        ),
        pytest.param(
            {"RESKEY:availability_zones": "a", "netapp:raid": "dp"},
            {},
            (),
            id="other scopes are not the scheduler's",
        ),
        pytest.param(
            {"b": "1", "a": "1"},
            {},
            (
                "a wants '1', the pool reports none",
                "b wants '1', the pool reports none",
            ),
            id="all that is unmet, in order",
        ),
    ],
)
def test_what_a_pool_lacks_is_named(
    extra_specs: dict[str, str],
    capabilities: dict[str, Any],
    unmet: tuple[str, ...],
) -> None:
    found = specs.mismatches(
        builders.volume_type(extra_specs=extra_specs),
        model.Pool("h@b#p", capabilities),
    )

    assert found == unmet


@pytest.mark.parametrize(
    ("shown", "wanted", "fits"),
    [
        ("FC", "fibre_channel", True),
        ("FC", "<or> fc <or> iscsi", True),
        ("iSCSI", "iscsi", True),
        ("iSCSI", "FC", False),
        ("NVMe-oF", "nvmeof", True),
        ("ceph", "ceph", True),
    ],
)
def test_a_protocol_fits_in_each_of_its_spellings(
    shown: str, wanted: str, fits: bool
) -> None:
    found = specs.mismatches(
        builders.volume_type(extra_specs={"storage_protocol": wanted}),
        builders.pool(storage_protocol=shown),
    )

    assert (not found) is fits


@pytest.mark.parametrize(
    ("capabilities", "room"),
    [
        pytest.param({"free_capacity_gb": None}, 0, id="free not reported"),
        pytest.param(
            {"free_capacity_gb": "infinite"}, math.inf, id="infinite"
        ),
        pytest.param(
            {"free_capacity_gb": "unknown", "reserved_percentage": 50},
            math.inf,
            id="unknown, whatever is reserved",
        ),
        pytest.param(
            {"total_capacity_gb": "infinite"},
            math.inf,
            id="a total without end",
        ),
        pytest.param(
            {"total_capacity_gb": "unknown", "reserved_percentage": 5},
            0,
            id="a share of what is unknown",
        ),
        pytest.param({"total_capacity_gb": 0}, 0, id="no capacity at all"),
        pytest.param({"total_capacity_gb": None}, 0, id="no total"),
        pytest.param({}, 90, id="thick: what is free"),
        pytest.param(
            {"provisioned_capacity_gb": 30}, 70, id="thick: or not promised"
        ),
        pytest.param(
            {"reserved_percentage": 25}, 65, id="thick: less the reserve"
        ),
        pytest.param(
            {
                "total_capacity_gb": 33.3,
                "free_capacity_gb": 33.3,
                "provisioned_capacity_gb": 0,
                "reserved_percentage": 10,
            },
            30.3,
            id="the reserve in whole GiB",
        ),
        pytest.param(
            {"free_capacity_gb": 9.996},
            10.0,
            id="rounded to two places, as Cinder does",
        ),
        pytest.param(
            {"provisioned_capacity_gb": 150}, 0, id="never below none"
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "2.0",
            },
            190,
            id="thin: what may be promised",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": 0.5,
            },
            0,
            id="thin: a ratio below 1 is refused",
        ),
        pytest.param(
            {"thin_provisioning_support": True},
            1990,
            id="thin: Cinder's own ratio where none is told",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "auto",
                "provisioned_capacity_gb": 0,
            },
            2000,
            id="thin: auto while nothing is promised",
        ),
        pytest.param(
            {
                "thin_provisioning_support": True,
                "max_over_subscription_ratio": "auto",
                "free_capacity_gb": 81,
                "provisioned_capacity_gb": 40,
            },
            260,
            id="thin: auto is worked out of what is used",
        ),
    ],
)
def test_room_in_a_pool(capabilities: dict[str, Any], room: float) -> None:
    pool = builders.pool(**capabilities)

    assert specs.room(pool, builders.volume_type()) == pytest.approx(room)


def test_what_is_allocated_counts_where_nothing_says_provisioned() -> None:
    pool = model.Pool(
        "h@b#p",
        {
            "total_capacity_gb": 100,
            "free_capacity_gb": 100,
            "allocated_capacity_gb": 60,
        },
    )

    assert specs.room(pool, None) == 40


def _scheduler_passes(seen: dict[str, Any], thick: bool, size: int) -> bool:
    """Cinder's two conditions, written down from its capacity filter."""
    usable = seen["total_capacity_gb"] - math.floor(
        seen["total_capacity_gb"] * (seen["reserved_percentage"] / 100)
    )
    promised = seen["provisioned_capacity_gb"]
    if seen["thin_provisioning_support"] and not thick:
        ratio = seen["max_over_subscription_ratio"]
        limit = round(usable * ratio, 2)
        share = (promised + size) / limit
        return ratio >= 1 and share <= ratio and limit - promised >= size
    return min(usable - promised, seen["free_capacity_gb"]) >= size


@pytest.mark.parametrize("thick", [False, True], ids=["any", "thick type"])
@pytest.mark.parametrize("thin_pool", [False, True], ids=["thick", "thin"])
def test_room_is_where_the_scheduler_passes(
    thick: bool, thin_pool: bool
) -> None:
    wanted = builders.volume_type(
        extra_specs={"provisioning:type": "thick"} if thick else {}
    )
    tried = itertools.product(
        (10.0, 100.0, 99.5),
        (0.0, 9.0, 60.0),
        (0.0, 10.0, 60.0, 250.0),
        (0, 7, 50),
        (0.5, 1.0, 1.5, 20.0),
        (1, 9, 10, 50, 1000),
    )
    wrong = []
    for total, free, promised, reserved, ratio, size in tried:
        seen = {
            "total_capacity_gb": total,
            "free_capacity_gb": free,
            "provisioned_capacity_gb": promised,
            "reserved_percentage": reserved,
            "max_over_subscription_ratio": ratio,
            "thin_provisioning_support": thin_pool,
        }
        room = specs.room(model.Pool("h@b#p", seen), wanted)
        if (room >= size) is not _scheduler_passes(seen, thick, size):
            wrong.append((seen, size, room))

    assert not wrong
