# SPDX-License-Identifier: Apache-2.0

"""The action's parameters: which fit, and which path they lead to."""

from __future__ import annotations

from typing import Any

import pytest

from volmigrateclient.core import model
from volmigrateclient.core.model import errors

_ID = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"resource_id": _ID}, id="the ID alone"),
        pytest.param({"resource_id": _ID.upper()}, id="an ID in capitals"),
        pytest.param(
            {
                "resource_id": _ID,
                "migration_type": "cold",
                "destination_node": "h@b#p",
                "destination_type": "gold",
            },
            id="all four",
        ),
    ],
)
def test_parameters_that_fit_come_back(parameters: dict[str, Any]) -> None:
    action = model.Action.from_mapping(parameters)

    assert action.to_mapping() == {"migration_type": "swap", **parameters}


def test_null_destinations_are_as_if_not_given() -> None:
    action = model.Action.from_mapping(
        {
            "resource_id": _ID,
            "destination_node": None,
            "destination_type": None,
        }
    )

    assert action == model.Action(_ID)


@pytest.mark.parametrize(
    ("parameters", "faults"),
    [
        pytest.param(
            {}, ["$: 'resource_id' is a required property"], id="no ID"
        ),
        pytest.param(
            {"resource_id": "data"},
            ["$.resource_id: 'data' does not match"],
            id="a name for an ID",
        ),
        pytest.param(
            {"resource_id": _ID.replace("-", "")},
            ["$.resource_id: "],
            id="an ID without hyphens",
        ),
        pytest.param(
            {"resource_id": _ID + "\n"},
            ["$.resource_id: ", "is too long"],
            id="an ID with a newline behind it",
        ),
        pytest.param(
            {"resource_id": 7}, ["is not of type 'string'"], id="a number"
        ),
        pytest.param(
            {"resource_id": _ID, "migration_type": "hot"},
            ["$.migration_type: 'hot' is not one of ['swap', 'cold']"],
            id="another migration type",
        ),
        pytest.param(
            {"resource_id": _ID, "migration_type": None},
            ["$.migration_type: None is not one of"],
            id="no migration type",
        ),
        pytest.param(
            {"resource_id": _ID, "destination_node": ""},
            ["$.destination_node: "],
            id="an empty node",
        ),
        pytest.param(
            {"resource_id": _ID, "destination_type": "t" * 256},
            ["$.destination_type: ", "is too long"],
            id="a type of more than 255 characters",
        ),
        pytest.param(
            {"resource_id": _ID, "src_type": "gold"},
            ["'src_type' was unexpected"],
            id="a parameter that there is not",
        ),
        pytest.param(
            {"resource_id": "x", "migration_type": "y", "z": 1},
            ["$: ", "$.migration_type: ", "$.resource_id: "],
            id="all of it wrong",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    parameters: dict[str, Any], faults: list[str]
) -> None:
    with pytest.raises(errors.InvalidActionError) as refusal:
        model.Action.from_mapping(parameters)

    assert str(refusal.value).startswith("invalid action: ")
    for fault in faults:
        assert fault in str(refusal.value)


def test_a_migration_type_that_there_is_not_is_never_a_swap() -> None:
    with pytest.raises(errors.InvalidActionError, match="'hot' is neither"):
        model.Action(_ID, migration_type="hot")


def test_only_cinder_and_nova_can_swap() -> None:
    with pytest.raises(errors.InvalidActionError, match="'glance' is neith"):
        model.Options(swap_via="glance")


@pytest.mark.parametrize(
    ("asked", "swap_via", "path"),
    [
        pytest.param(
            {"migration_type": "cold", "destination_node": "h@b#p"},
            "cinder",
            model.Path.MIGRATE,
            id="cold with a node migrates",
        ),
        pytest.param(
            {"migration_type": "cold", "destination_type": "gold"},
            "cinder",
            model.Path.RETYPE,
            id="cold with a type retypes",
        ),
        pytest.param(
            {
                "migration_type": "cold",
                "destination_node": "h@b#p",
                "destination_type": "gold",
            },
            "cinder",
            model.Path.MIGRATE,
            id="cold with both: the node wins",
        ),
        pytest.param(
            {"destination_type": "gold"},
            "cinder",
            model.Path.SWAP_VIA_CINDER,
            id="a swap is Cinder's",
        ),
        pytest.param(
            {"destination_type": "gold", "destination_node": "h@b#p"},
            "cinder",
            model.Path.SWAP_VIA_CINDER,
            id="a swap to a node too",
        ),
        pytest.param(
            {"destination_type": "gold"},
            "nova",
            model.Path.SWAP_VIA_NOVA,
            id="or Nova's where asked for",
        ),
    ],
)
def test_path_by_the_spec_s_diagram(
    asked: dict[str, str], swap_via: str, path: model.Path
) -> None:
    action = model.Action(_ID, **asked)
    options = model.Options(swap_via=swap_via)

    assert model.Request(action, options).path is path


@pytest.mark.parametrize(
    ("timeout", "size", "seconds"),
    [
        pytest.param(None, 0, 600.0, id="ten minutes for any volume"),
        pytest.param(None, 100, 6600.0, id="and one more per GiB"),
        pytest.param(30.0, 100, 30.0, id="or what was asked for"),
    ],
)
def test_time_that_a_move_may_take(
    timeout: float | None, size: int, seconds: float
) -> None:
    assert model.Options(timeout=timeout).seconds(size) == seconds
