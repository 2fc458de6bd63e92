# SPDX-License-Identifier: Apache-2.0

"""The command line's options, and the action that they name."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from volmigrateclient.core import model
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
    read = action_options.read(_parser().parse_args(arguments.split()))

    assert read == model.Request(
        model.Action("data", **action),
        model.Options(**options),
    )


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
