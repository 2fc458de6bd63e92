# SPDX-License-Identifier: Apache-2.0

"""Which volumes a plan is about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning.nodes import find
from volmigrateclient.core.planning.selection import (
    Selection,
    refuse_unknown_nodes,
    select,
)

_TYPES = (builders.volume_type(), builders.silver())


def _selected(cloud: planned.Cloud, **conditions: Any) -> list[str]:
    found = select(cloud.core, Selection(**conditions), _TYPES)
    return [volume.id for volume in found.volumes]


@pytest.mark.parametrize(
    ("conditions", "volume", "fits"),
    [
        ({}, {}, True),
        # A prefix is all that Cinder looks at.
        ({"source_nodes": ("c1@gold#one",)}, {}, True),
        ({"source_nodes": ("c1@gold#one",)}, {"host": "c1@gold#one2"}, False),
        ({"source_nodes": ("c1@gold",)}, {}, True),
        ({"source_nodes": ("c1@gold",)}, {"host": "c1@gold-2#one"}, False),
        ({"source_nodes": ("c1",)}, {}, True),
        ({"source_nodes": ("c1",)}, {"host": "c10@gold#one"}, False),
        ({"source_nodes": ("c1",)}, {"host": None}, False),
        ({"source_nodes": ("c2@gold", "c1@gold")}, {}, True),
        ({"source_nodes": ("c2@gold", "c3")}, {}, False),
        ({"source_types": ("gold",)}, {}, True),
        ({"source_types": ("gold-id",)}, {}, True),
        ({"source_types": ("silver",)}, {}, False),
        ({"source_types": ("silver", "gold")}, {}, True),
        ({"source_types": ("silver", "silver-id")}, {}, False),
        ({"project_ids": (builders.PROJECT_ID,)}, {}, True),
        ({"project_ids": ("other",)}, {}, False),
        ({"project_ids": ("other", builders.PROJECT_ID)}, {}, True),
        ({"project_ids": ("other", "third")}, {}, False),
        ({"attached": True}, {}, False),
        ({"attached": False}, {}, True),
        ({"attached": True}, {"attachments": (builders.ATTACHMENT,)}, True),
        ({"attached": False}, {"attachments": (builders.ATTACHMENT,)}, False),
        ({"names": ("da*",)}, {}, True),
        ({"names": ("d?ta",)}, {}, True),
        ({"names": ("db-*", "da*")}, {}, True),
        ({"names": ("db-*", "web-*")}, {}, False),
        ({"names": ("[prod]*",)}, {"name": "[prod] db"}, True),
        ({"names": ("[prod]*",)}, {"name": "prod db"}, False),
        ({"names": ("[d]ata",)}, {}, False),
        ({"names": ("",)}, {"name": ""}, True),
        ({"names": ("DA*",)}, {}, False),
        ({"names": ("ata",)}, {}, False),
        ({"min_size": 10}, {}, True),
        ({"min_size": 11}, {}, False),
        ({"max_size": 10}, {}, True),
        ({"max_size": 9}, {}, False),
        ({"without": ("pin",)}, {}, True),
        ({"without": ("pin",)}, {"metadata": {"pin": ""}}, False),
        ({"without": ("pin=yes",)}, {"metadata": {"pin": "yes"}}, False),
        ({"without": ("pin=yes",)}, {"metadata": {"pin": "no"}}, True),
        ({"without": ("a", "b")}, {"metadata": {"b": "1"}}, False),
        ({"names": ("da*",), "min_size": 11}, {}, False),
        ({"properties": ("pin",)}, {}, False),
        ({"properties": ("pin",)}, {"metadata": {"pin": ""}}, True),
        ({"properties": ("pin=yes",)}, {"metadata": {"pin": "no"}}, False),
        ({"properties": ("a", "b=1")}, {"metadata": {"b": "1"}}, True),
        ({"excluded": ("da*",)}, {}, False),
        ({"excluded": (builders.VOLUME_ID, "x")}, {}, False),
        ({"excluded": ("x*",)}, {}, True),
        ({"volumes": ("data",)}, {}, True),
        ({"volumes": (builders.VOLUME_ID,)}, {}, True),
        ({"volumes": ("data",), "min_size": 11}, {}, False),
    ],
)
def test_all_conditions_have_to_hold(
    conditions: dict[str, Any], volume: dict[str, Any], fits: bool
) -> None:
    cloud = planned.Cloud(builders.volume(**volume))

    assert _selected(cloud, **conditions) == [builders.VOLUME_ID] * fits


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        (("data", "nothing"), "1 of 2 listed volumes do not exist.*'nothing'"),
        (
            tuple(f"n{number}" for number in range(9)),
            "9 of 9 .*'n0', 'n1', 'n2', 'n3', 'n4' and 4 more",
        ),
        (("twin",), "2 volumes are named 'twin'; list their IDs: v1, v2"),
    ],
)
def test_each_of_a_list_has_to_be_one_volume(
    listed: tuple[str, ...], says: str
) -> None:
    cloud = planned.Cloud(
        builders.volume(),
        builders.volume(id="v1", name="twin"),
        builders.volume(id="v2", name="twin"),
    )

    with pytest.raises(errors.LookupFailedError, match=says):
        _selected(cloud, volumes=listed)
    assert _selected(cloud, volumes=("v2", "data")) == [
        builders.VOLUME_ID,
        "v2",
    ]


def test_for_a_list_of_ids_the_cloud_is_not_listed() -> None:
    cloud = planned.Cloud(builders.volume())

    assert _selected(cloud, volumes=(builders.VOLUME_ID,)) == [
        builders.VOLUME_ID
    ]
    assert cloud.filters == []


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

    found = select(
        cloud.core, Selection(source_nodes=(builders.POOL,)), _TYPES
    )

    assert [volume.id for volume in found.volumes] == [builders.VOLUME_ID]
    assert found.temporary == [copy]


def test_cinder_is_asked_for_no_more_than_can_fit() -> None:
    cloud = planned.Cloud()

    _selected(
        cloud,
        source_nodes=("c1",),
        source_types=("silver",),
        project_ids=("p",),
        names=("x",),
    )

    assert cloud.filters == [
        {"host": "c1", "project_id": "p", "volume_type_id": "silver-id"}
    ]


def test_of_several_nodes_each_is_asked_for_once() -> None:
    cloud = planned.Cloud(builders.volume())

    found = _selected(cloud, source_nodes=(builders.POOL, "c1", "c2"))

    assert found == [builders.VOLUME_ID]
    assert [one["host"] for one in cloud.filters] == [
        builders.POOL,
        "c1",
        "c2",
    ]


def test_what_can_fit_nothing_is_refused() -> None:
    with pytest.raises(
        errors.InvalidActionError,
        match="no volume has at least 5 GiB and at most 2 GiB",
    ):
        Selection(min_size=5, max_size=2)


def _refuse_unknown_nodes(cloud: planned.Cloud, **conditions: Any) -> None:
    selection = Selection(**conditions)
    refuse_unknown_nodes(
        cloud.core, selection, select(cloud.core, selection, _TYPES)
    )


@pytest.mark.parametrize(
    "node",
    [builders.POOL, "c1@gold", "c1", "c9@old", "cluster@gold", "cluster"],
)
def test_an_empty_node_that_cinder_knows_is_fine(node: str) -> None:
    cloud = planned.Cloud(builders.volume(host="c9@old#pool"))
    cloud.services.append(builders.service(cluster="cluster@gold"))

    _refuse_unknown_nodes(cloud, source_nodes=(node,))


@pytest.mark.parametrize(
    ("node", "says"),
    [
        (
            "c1@glod",
            "Cinder knows no backend 'c1@glod'; did you mean 'c1@gold'",
        ),
        (
            "c1@gold#onne",
            "Cinder knows no pool 'c1@gold#onne'; did you mean 'c1@gold#one'",
        ),
        ("x", r"Cinder knows no host 'x' \(see 'openstack volume service"),
    ],
)
def test_a_misspelt_node_is_an_error(node: str, says: str) -> None:
    cloud = planned.Cloud(builders.volume(host="c9@old#pool"))

    with pytest.raises(errors.LookupFailedError, match=says):
        _refuse_unknown_nodes(cloud, source_nodes=("c9", node))


def test_pools_of_a_disabled_backend_cannot_be_told() -> None:
    cloud = planned.Cloud()
    cloud.pools = [builders.pool(builders.SPARE)]

    with pytest.raises(
        errors.LookupFailedError, match=r"backend instead: c1@gold$"
    ):
        _refuse_unknown_nodes(cloud, source_nodes=(builders.POOL,))


def test_a_node_whose_volumes_are_others_is_known() -> None:
    cloud = planned.Cloud(builders.volume(host="c9@old#pool"))

    _refuse_unknown_nodes(
        cloud, source_nodes=("c9@old",), project_ids=("other",)
    )


def test_who_may_not_look_is_told_so() -> None:
    cloud = planned.Cloud()
    cloud.fails["list_pools"] = [errors.ForbiddenError("no", 403)]

    with pytest.raises(errors.LookupFailedError, match="cannot be told"):
        _refuse_unknown_nodes(cloud, source_nodes=(builders.POOL,))


def test_an_unknown_type_is_no_empty_answer() -> None:
    with pytest.raises(
        errors.LookupFailedError, match="name or ID of 'brass'"
    ):
        _selected(planned.Cloud(), source_types=("brass",))


def test_a_header_holds_what_was_given() -> None:
    assert Selection(
        source_nodes=("c1",), attached=False, without=("pin",)
    ).to_mapping() == {
        "source_nodes": ("c1",),
        "attached": False,
        "without": ("pin",),
    }


def test_a_volume_nowhere_is_on_nothing() -> None:
    nowhere: model.Volume = builders.volume(host=None)

    assert not find("c1", ()).holds(nowhere)


_CLUSTER = [
    builders.service(host=f"m{number}@gold", cluster="cluster@gold")
    for number in (1, 2)
]


@pytest.mark.parametrize(
    ("node", "host", "holds"),
    [
        # As the scheduler lists it, or as any member's volumes say.
        ("cluster@gold#one", "m1@gold#one", True),
        ("cluster@gold#one", "m2@gold#one", True),
        ("cluster@gold#one", "m2@gold#two", False),
        ("m1@gold#one", "m2@gold#one", True),
        ("cluster@gold", "m2@gold#one", True),
        ("m1@gold", "m2@gold#one", True),
        ("cluster", "m2@gold#one", True),
        # A machine is one: others may take over, but are not it.
        ("m1", "m2@gold#one", False),
        ("m1", "m1@gold#one", True),
        ("cluster@gold", "m3@gold#one", False),
    ],
)
def test_a_cluster_s_pool_has_many_names(
    node: str, host: str, holds: bool
) -> None:
    cloud = planned.Cloud(builders.volume(host=host))
    cloud.services.extend(_CLUSTER)

    found = _selected(cloud, source_nodes=(node,))

    assert found == [builders.VOLUME_ID] * holds


def test_a_member_that_went_is_known_by_its_cluster() -> None:
    left = builders.volume(host="m9@gold#one", cluster_name="cluster@gold#one")

    assert find("cluster@gold#one", _CLUSTER).holds(left)
    assert find("m1@gold", _CLUSTER).holds(left)
    assert not find("m1@gold#two", _CLUSTER).holds(left)
