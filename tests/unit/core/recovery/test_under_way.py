# SPDX-License-Identifier: Apache-2.0

"""Moves that somebody has under way."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model, recovery

_NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)


class _Cloud:
    """Lists by the filters that are asked for."""

    def __init__(self, *volumes: model.Volume) -> None:
        self._volumes = volumes

    def list_volumes(self, **filters: Any) -> list[model.Volume]:
        if "migration_status~" in filters:
            return [one for one in self._volumes if one.source_id]
        if "status" in filters:
            return [
                one for one in self._volumes if one.status == filters["status"]
            ]
        return [
            one
            for one in self._volumes
            if (one.migration_status or "none") in filters["migration_status"]
        ]


def _found(*volumes: model.Volume) -> list[recovery.UnderWay]:
    cloud: Any = _Cloud(*volumes)
    return recovery.under_way(cloud)


def test_each_move_once_the_oldest_first() -> None:
    migrating = builders.volume(
        id="v1",
        status="maintenance",
        migration_status="migrating",
        updated_at="2026-11-25T11:00:00.000000",
    )
    target = builders.volume(
        id="t1",
        host=builders.SPARE,
        migration_status="target:v1",
        created_at="2026-11-01T00:00:00.000000",
    )
    retyping = builders.volume(
        id="v2",
        status="retyping",
        migration_status="starting",
        updated_at="2026-11-25T10:00:00.000000",
    )

    found = _found(migrating, target, retyping, builders.volume(id="v3"))

    assert [
        (one.volume.id, one.destination, one.state, one.age(_NOON))
        for one in found
    ] == [
        ("v2", None, "retyping, starting", 7200.0),
        ("v1", builders.SPARE, "maintenance, migrating", 3600.0),
    ]


@pytest.mark.parametrize(
    ("target", "destination_type"),
    [
        (None, None),
        ({}, None),
        ({"type_id": "silver-id", "type_name": "silver"}, "silver"),
    ],
)
def test_another_type_is_told(
    target: dict[str, Any] | None, destination_type: str | None
) -> None:
    one = recovery.UnderWay(
        builders.volume(),
        None if target is None else builders.volume(**target),
    )

    assert one.destination_type == destination_type


@pytest.mark.parametrize(
    ("since", "age"),
    [
        (None, None),
        ("yesterday", None),
        ("2026-11-25T11:59:00", 60.0),
        ("2026-11-25T11:59:00+00:00", 60.0),
        # A clock of theirs that is ahead of ours.
        ("2026-11-25T12:00:05", 0.0),
    ],
)
def test_the_age_of_a_move(since: str | None, age: float | None) -> None:
    one = recovery.UnderWay(builders.volume(updated_at=since))

    assert one.age(_NOON) == age
