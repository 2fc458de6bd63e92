# SPDX-License-Identifier: Apache-2.0

"""Pools that have a say in what is placed there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core.checks import driver_filter

_LARGE = "volume.size > 10"


def _told(asked: Any, own: str | None, other: str | None) -> list[str]:
    survey = builders.survey(
        destination_type=builders.silver(extra_specs={}),
        pools=(
            builders.pool(builders.POOL, filter_function=own),
            builders.pool(builders.SPARE, filter_function=other),
        ),
    )
    found = list(driver_filter.told_of(builders.case(asked, survey)))
    assert all(one.result.value == "warning" for one in found)
    return [one.detail.split()[1] for one in found]


@pytest.mark.parametrize(
    ("asked", "own", "other", "pools"),
    [
        (builders.migrate(), None, _LARGE, [builders.SPARE]),
        (builders.migrate(), _LARGE, None, []),
        (builders.retype(), None, _LARGE, [builders.SPARE]),
        # Cinder asks the volume's own pool first, if it serves the type.
        (builders.retype(), _LARGE, None, [builders.POOL]),
        (builders.retype(), None, None, []),
    ],
)
def test_a_pool_that_has_a_filter_function(
    asked: Any, own: str | None, other: str | None, pools: list[str]
) -> None:
    assert _told(asked, own, other) == pools
