# SPDX-License-Identifier: Apache-2.0

"""A mark survives the cloud: what was written is what is read."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from volmigrateclient.core import model
from volmigrateclient.core.model import swap_marker

_ID = "0F3C1B9E-3a1b-4c1d-9e2f-000000000001"


def _volume(metadata: dict[str, str]) -> model.Volume:
    return model.Volume(
        id="new",
        name="data",
        project_id="project",
        status="available",
        size=1,
        type_id="type",
        type_name="gold",
        host="h@b#p",
        metadata=metadata,
    )


def _user(description: str) -> model.User:
    return model.User("u", swap_marker.user_name(_ID), "d", True, description)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"keep_source": True},
        {"request_id": swap_marker.PENDING, "after": swap_marker.NO_SWAP},
        {"request_id": "req-2", "after": "req-1", "keep_source": True},
    ],
)
def test_is_read_from_the_volume_as_it_was_written(
    changes: dict[str, Any],
) -> None:
    mark = dataclasses.replace(
        swap_marker.new(_ID, "server", False), **changes
    )

    assert swap_marker.of_volume(_volume({"a": "b", **mark.metadata})) == mark


def test_is_read_from_the_user_as_it_was_written() -> None:
    mark = swap_marker.new(_ID, "server", keep_source=False)

    assert swap_marker.of_user(_user(mark.description)) == mark


def test_all_that_is_written_is_known_to_be_taken_away() -> None:
    mark = dataclasses.replace(
        swap_marker.new(_ID, "server", keep_source=True),
        request_id="req-2",
        after="req-1",
    )

    assert set(mark.metadata) == set(swap_marker.KEYS)
    assert all(len(value) <= 255 for value in mark.metadata.values())
    assert swap_marker.without({"a": "b", **mark.metadata}) == {"a": "b"}
    assert swap_marker.without({swap_marker.REPLACED_BY: "new"}) == {}


@pytest.mark.parametrize(
    "metadata",
    [{}, {"volmig": "destination"}, {"volmig": "x", "volmig_source": "y"}],
)
def test_other_volumes_bear_none(metadata: dict[str, str]) -> None:
    assert swap_marker.of_volume(_volume(metadata)) is None


@pytest.mark.parametrize("description", ["", "swap of volume x", "someone"])
def test_other_users_bear_none(description: str) -> None:
    assert swap_marker.of_user(_user(description)) is None


def test_users_of_two_runs_have_one_name_and_different_runs() -> None:
    one, other = (swap_marker.new(_ID, "server", False) for _ in (1, 2))

    assert one.user_name == other.user_name == f"volmig-{_ID.lower()}"
    assert one.run_id != other.run_id
