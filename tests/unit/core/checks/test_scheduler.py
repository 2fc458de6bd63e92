# SPDX-License-Identifier: Apache-2.0

"""Whether a pool serves a type, by the rules of Cinder's scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler


def _fits(reported: Any, wanted: str) -> bool:
    found = scheduler.capabilities_mismatches(
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
    found = scheduler.capabilities_mismatches(
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
    found = scheduler.capabilities_mismatches(
        builders.volume_type(extra_specs={"storage_protocol": wanted}),
        builders.pool(storage_protocol=shown),
    )

    assert (not found) is fits
