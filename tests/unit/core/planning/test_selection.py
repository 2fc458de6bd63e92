# SPDX-License-Identifier: Apache-2.0

"""Which volumes a plan is about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning.selection import Selection, is_on, select

_TYPES = (builders.volume_type(), builders.silver())


def _selected(cloud: planned.Cloud, **conditions: Any) -> list[str]:
    found = select(cloud.core, Selection(**conditions), _TYPES)
    return [volume.id for volume in found.volumes]


@pytest.mark.parametrize(
    ("conditions", "volume", "fits"),
    [
        ({}, {}, True),
        # A prefix is all that Cinder looks at.
        ({"source_node": "c1@gold#one"}, {}, True),
        ({"source_node": "c1@gold#one"}, {"host": "c1@gold#one2"}, False),
        ({"source_node": "c1@gold"}, {}, True),
        ({"source_node": "c1@gold"}, {"host": "c1@gold-2#one"}, False),
        ({"source_node": "c1"}, {}, True),
        ({"source_node": "c1"}, {"host": "c10@gold#one"}, False),
        ({"source_node": "c1"}, {"host": None}, False),
        ({"source_type": "gold"}, {}, True),
        ({"source_type": "gold-id"}, {}, True),
        ({"source_type": "silver"}, {}, False),
        ({"project_id": builders.PROJECT_ID}, {}, True),
        ({"project_id": "other"}, {}, False),
        ({"attached": True}, {}, False),
        ({"attached": False}, {}, True),
        ({"attached": True}, {"attachments": (builders.ATTACHMENT,)}, True),
        ({"attached": False}, {"attachments": (builders.ATTACHMENT,)}, False),
        ({"name": "da*"}, {}, True),
        ({"name": "d?ta"}, {}, True),
        ({"name": "DA*"}, {}, False),
        ({"name": "ata"}, {}, False),
        ({"min_size": 10}, {}, True),
        ({"min_size": 11}, {}, False),
        ({"max_size": 10}, {}, True),
        ({"max_size": 9}, {}, False),
        ({"without": ("pin",)}, {}, True),
        ({"without": ("pin",)}, {"metadata": {"pin": ""}}, False),
        ({"without": ("pin=yes",)}, {"metadata": {"pin": "yes"}}, False),
        ({"without": ("pin=yes",)}, {"metadata": {"pin": "no"}}, True),
        ({"without": ("a", "b")}, {"metadata": {"b": "1"}}, False),
        ({"name": "da*", "min_size": 11}, {}, False),
    ],
)
def test_all_conditions_have_to_hold(
    conditions: dict[str, Any], volume: dict[str, Any], fits: bool
) -> None:
    cloud = planned.Cloud(builders.volume(**volume))

    assert _selected(cloud, **conditions) == [builders.VOLUME_ID] * fits


@pytest.mark.parametrize(
    "row",
    [
        {"migration_status": f"target:{builders.VOLUME_ID}"},
        {"migration_status": "deleting"},
    ],
)
def test_cinder_s_own_rows_are_no_volumes(row: dict[str, Any]) -> None:
    copy = builders.volume(id="copy", **row)
    cloud = planned.Cloud(builders.volume(), copy)

    found = select(cloud.core, Selection(source_node=builders.POOL), _TYPES)

    assert [volume.id for volume in found.volumes] == [builders.VOLUME_ID]
    assert found.temporary == [copy]


def test_cinder_is_asked_for_no_more_than_can_fit() -> None:
    cloud = planned.Cloud()

    _selected(
        cloud, source_node="c1", source_type="silver", project_id="p", name="x"
    )

    assert cloud.filters == [
        {"host": "c1", "project_id": "p", "volume_type_id": "silver-id"}
    ]


def test_an_unknown_type_is_no_empty_answer() -> None:
    with pytest.raises(
        errors.LookupFailedError, match="name or ID of 'brass'"
    ):
        _selected(planned.Cloud(), source_type="brass")


def test_a_header_holds_what_was_given() -> None:
    assert Selection(
        source_node="c1", attached=False, without=("pin",)
    ).to_mapping() == {
        "source_node": "c1",
        "attached": False,
        "without": ("pin",),
    }


def test_a_volume_nowhere_is_on_nothing() -> None:
    nowhere: model.Volume = builders.volume(host=None)

    assert not is_on(nowhere, "c1")
