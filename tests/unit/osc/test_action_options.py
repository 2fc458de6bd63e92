# SPDX-License-Identifier: Apache-2.0

"""The command line's options, and the action that they name."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.osc import action_options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    action_options.add(parser)
    return parser


@pytest.mark.parametrize(
    ("arguments", "action", "options"),
    [
        pytest.param("data", {}, {}, id="the volume alone"),
        pytest.param(
            "data --migration-type cold --destination-node h@b#p",
            {"migration_type": "cold", "destination_node": "h@b#p"},
            {},
            id="cold to a node",
        ),
        pytest.param(
            "data --destination-type silver --swap-via nova --keep-source "
            "--temporary-user-role creator --temporary-user-domain sql",
            {"destination_type": "silver"},
            {
                "swap_via": "nova",
                "keep_source": True,
                "temporary_user_role": "creator",
                "temporary_user_domain": "sql",
            },
            id="swap via nova",
        ),
        pytest.param(
            "data --timeout 90.5 --no-wait",
            {},
            {"timeout": 90.5, "wait": False},
            id="without waiting",
        ),
        pytest.param(
            "data --no-wait --wait", {}, {}, id="the last of a pair counts"
        ),
    ],
)
def test_what_was_asked_for(
    arguments: str, action: dict[str, Any], options: dict[str, Any]
) -> None:
    parsed = _parser().parse_args(arguments.split())
    cloud = scripted_cloud.ScriptedCloud()

    assert action_options.read(parsed, cloud.core, "data") == model.Request(
        model.Action("data", **action),
        model.Options(**options),
    )


@pytest.mark.parametrize(
    ("volume", "options", "action"),
    [
        (
            builders.volume(),
            "--destination-node c2@gold#two",
            {"migration_type": "cold", "destination_node": builders.SPARE},
        ),
        (
            builders.attached(),
            "--destination-node c2@gold#two",
            {"destination_node": builders.SPARE, "destination_type": "gold"},
        ),
        (
            builders.volume(),
            "--destination-type silver",
            {"migration_type": "cold", "destination_type": "silver"},
        ),
        (
            builders.attached(),
            "--destination-type silver",
            {"destination_type": "silver"},
        ),
        # A backend with one pool.
        (
            builders.volume(),
            "--destination-node c2@gold",
            {"migration_type": "cold", "destination_node": builders.SPARE},
        ),
    ],
)
def test_the_volume_decides_if_it_is_to(
    volume: model.Volume, options: str, action: dict[str, Any]
) -> None:
    parsed = _parser().parse_args(
        f"data --migration-type auto {options}".split()
    )
    cloud = scripted_cloud.ScriptedCloud(volume)

    read = action_options.read(parsed, cloud.core, "data")

    assert read.action == model.Action(volume.id, **action)


def test_of_several_volumes_each_has_to_exist() -> None:
    parsed = _parser().parse_args(
        ["data", "data", "nothing", "--destination-type", "silver"]
    )
    cloud = scripted_cloud.ScriptedCloud(builders.volume()).core

    assert action_options.volumes(parsed) == ["data", "nothing"]
    read = action_options.read(parsed, cloud, "data")
    assert read.action.resource_id == builders.VOLUME_ID
    with pytest.raises(errors.LookupFailedError, match="'nothing'"):
        action_options.read(parsed, cloud, "nothing")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "<volume>"),
        ("data --migration-type hot", "invalid choice: 'hot'"),
        ("data --swap-via glance", "invalid choice: 'glance'"),
        ("data --timeout soon", "'soon' is not a number of seconds"),
        ("data --timeout 0", "must be greater than 0"),
        ("data --timeout -1", "'-1' is not a number of seconds"),
        ("data --timeout inf", "'inf' is not a number of seconds"),
        ("data --timeout nan", "'nan' is not a number of seconds"),
    ],
)
def test_what_is_no_usage(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((argparse.ArgumentError, SystemExit)) as refusal:
        _parser().parse_args(arguments.split())

    assert says in f"{refusal.value} {capsys.readouterr().err}"
