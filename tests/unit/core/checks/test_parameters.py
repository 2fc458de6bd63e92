# SPDX-License-Identifier: Apache-2.0

"""The refusals that need no cloud: what was asked for does not fit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import checks
from volmigrateclient.core.model import check

_NEEDS_TYPE = "destination type is required when migration type is swap"
_NEEDS_ONE = (
    "destination node or destination type is required when migration type "
    "is cold"
)
_MISFIT = "Options do not fit together: "


@pytest.mark.parametrize(
    ("asked", "options", "lines"),
    [
        pytest.param(
            {"destination_type": None},
            {},
            [f"{_NEEDS_TYPE}: none is given"],
            id="a swap without a type",
        ),
        pytest.param(
            {"destination_type": None, "destination_node": builders.OTHER},
            {},
            [f"{_NEEDS_TYPE}: none is given"],
            id="a node is none",
        ),
        pytest.param(
            {"destination_type": ""},
            {},
            [f"{_NEEDS_TYPE}: none is given"],
            id="nor an empty one",
        ),
        pytest.param(
            {"migration_type": "cold", "destination_type": None},
            {},
            [f"{_NEEDS_ONE}: neither is given"],
            id="cold without a destination",
        ),
        pytest.param(
            {"migration_type": "cold"},
            {"swap_via": "nova"},
            [_MISFIT + "--swap-via nova is only for migration type swap"],
            id="nova swaps nothing that is cold",
        ),
        pytest.param(
            {"destination_node": "c3@silver"},
            {},
            [
                _MISFIT + "destination node c3@silver names no pool; give "
                "host@backend#pool"
            ],
            id="a node without a pool",
        ),
        pytest.param(
            {"destination_node": builders.OTHER},
            {"swap_via": "nova"},
            [
                _MISFIT + "a swap via nova cannot choose the node; the "
                "scheduler does"
            ],
            id="nova cannot choose the node",
        ),
        pytest.param(
            {},
            {"swap_via": "nova", "wait": False},
            [
                _MISFIT + "a swap via nova has steps after the copy: it has "
                "to wait"
            ],
            id="nova cannot do without waiting",
        ),
        pytest.param(
            {},
            {"keep_source": True},
            [_MISFIT + "only a swap via nova leaves a source volume to keep"],
            id="cinder keeps no source",
        ),
        pytest.param(
            {"destination_type": None, "destination_node": "c3@silver"},
            {"swap_via": "nova", "wait": False},
            [
                f"{_NEEDS_TYPE}: none is given",
                _MISFIT + "destination node c3@silver names no pool; give "
                "host@backend#pool; a swap via nova cannot choose the node; "
                "the scheduler does; a swap via nova has steps after the "
                "copy: it has to wait",
            ],
            id="all of it at once",
        ),
    ],
)
def test_refused(
    asked: dict[str, Any], options: dict[str, Any], lines: list[str]
) -> None:
    found = checks.evaluate_parameters(
        builders.request(builders.action(**asked), **options)
    )

    bare = [dataclasses.replace(one, remedy="") for one in found]
    assert check.sentences(bare) == lines
    # None leaves anybody without a way out.
    assert all(one.remedy for one in found)
    assert checks.blockers(found) == found


@pytest.mark.parametrize(
    ("asked", "options", "path"),
    [
        pytest.param({}, {}, "swap via cinder", id="swap"),
        pytest.param(
            {}, {"swap_via": "nova"}, "swap via nova", id="swap via nova"
        ),
        pytest.param(
            {},
            {"swap_via": "nova", "keep_source": True},
            "swap via nova",
            id="swap via nova, the source kept",
        ),
        pytest.param({"migration_type": "cold"}, {}, "retype", id="retype"),
        pytest.param(
            {"migration_type": "cold", "destination_node": builders.SPARE},
            {"wait": False},
            "migrate",
            id="migrate, without waiting",
        ),
    ],
)
def test_accepted(
    asked: dict[str, Any], options: dict[str, Any], path: str
) -> None:
    found = checks.evaluate_parameters(
        builders.request(builders.action(**asked), **options)
    )

    assert builders.words(found) == [("ok", f"path: {path}")]
