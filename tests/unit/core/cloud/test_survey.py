# SPDX-License-Identifier: Apache-2.0

"""Looking things up in what was seen, and a volume by its name."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import model
from volmigrateclient.core.cloud import find_volume, take_survey
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import errors

_OLD = builders.volume(
    id="old", migration_status="deleting", status="deleting"
)
_TARGET = builders.volume(
    id="target", migration_status=f"target:{builders.VOLUME_ID}"
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param("silver", "silver-id", id="by name"),
        pytest.param("silver-id", "silver-id", id="by ID"),
        pytest.param("bronze", None, id="none of that name"),
        pytest.param(None, None, id="nothing asked for"),
    ],
)
def test_find_type(asked: str | None, found: str | None) -> None:
    seen = find_type(builders.TYPES, asked)

    assert (seen.id if seen else None) == found


def test_a_type_s_id_goes_before_another_s_name() -> None:
    confusing = builders.volume_type(id="x", name="silver-id")
    types = (confusing, builders.silver())

    assert find_type(types, "silver-id") == builders.silver()


def test_volume_without_a_type() -> None:
    untyped = builders.volume(type_id=None)
    cloud = scripted_cloud.ScriptedCloud(untyped)

    seen = take_survey(cloud.core, builders.request(builders.migrate()))

    assert seen.volume == untyped
    assert seen.volume_type is None


@pytest.mark.parametrize(
    ("pool", "service"),
    [
        (builders.SPARE, "c2@gold"),
        ("c2@gold", "c2@gold"),
        ("c9@gold#one", None),
        (None, None),
    ],
)
def test_service_of_a_pool(pool: str | None, service: str | None) -> None:
    seen = builders.survey().service_of(pool)

    assert (seen.host if seen else None) == service


def test_what_the_cloud_does_not_show_is_not_there() -> None:
    seen = builders.survey(pools=None, volume_services=None)

    assert seen.pool_called(builders.POOL) is None
    assert seen.service_of(builders.POOL) is None


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((), id="the only one"),
        pytest.param((_OLD,), id="with the copy that it left"),
        pytest.param((_TARGET,), id="with the copy that it becomes"),
    ],
)
def test_one_volume_bears_the_name(others: tuple[model.Volume, ...]) -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume(), *others)

    assert find_volume(cloud.core, "data") == builders.volume()


def test_no_volume_bears_the_name() -> None:
    cloud = scripted_cloud.ScriptedCloud(_OLD)

    with pytest.raises(
        errors.LookupFailedError,
        match=r"^No volume with a name or ID of 'data' exists in any proje",
    ):
        find_volume(cloud.core, "data")


def test_several_volumes_bear_the_name() -> None:
    cloud = scripted_cloud.ScriptedCloud(
        builders.volume(), builders.volume(id="second", host=None, size=3)
    )

    with pytest.raises(errors.LookupFailedError) as refusal:
        find_volume(cloud.core, "data")

    assert str(refusal.value).splitlines() == [
        "2 volumes are named 'data'; give the ID of one:",
        (
            f"  {builders.VOLUME_ID}  project {builders.PROJECT_ID}  10 GiB"
            f"  available  {builders.POOL}"
        ),
        f"  second  project {builders.PROJECT_ID}  3 GiB  available  no host",
    ]


def test_a_look_before_a_cold_migration() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())

    seen = take_survey(cloud.core, builders.request(builders.migrate()))

    assert seen == dataclasses.replace(
        builders.survey(), quota=None, project=None
    )
    assert "get_server" not in cloud.asked


def test_a_look_before_a_swap_sees_the_server() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())

    seen = take_survey(cloud.core, builders.request(builders.action()))

    assert seen.servers == (builders.server(),)
    assert seen.quota == {}
    assert seen.swap_accepted is None
    assert "probe_swap" not in cloud.asked


def test_only_a_swap_via_nova_tries_nova_and_names_the_project() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())

    seen = take_survey(
        cloud.core, builders.request(builders.action(), swap_via="nova")
    )

    assert seen.swap_accepted is True
    assert seen.project == builders.survey().project


def test_a_server_that_is_gone_is_not_seen() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())
    cloud.servers.clear()

    seen = take_survey(
        cloud.core, builders.request(builders.action(), swap_via="nova")
    )

    assert seen.servers == ()
    assert seen.swap_accepted is None


def test_what_policy_hides_is_unknown() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())
    cloud.types = (builders.volume_type(), builders.silver(is_public=False))
    for hidden in (
        "list_pools",
        "list_volume_services",
        "list_compute_services",
        "quota",
        "type_projects",
    ):
        cloud.fails[hidden] = [errors.ForbiddenError("policy", 403)]

    seen = take_survey(cloud.core, builders.request(builders.action()))

    assert seen.pools is None
    assert seen.volume_services is None
    assert seen.compute_services is None
    assert seen.quota is None
    assert seen.type_projects is None


def test_the_target_of_a_move_that_is_running_is_seen() -> None:
    moving = builders.volume(migration_status="migrating")
    cloud = scripted_cloud.ScriptedCloud(moving, _TARGET)

    seen = take_survey(
        cloud.core, builders.request(builders.migrate()), moving
    )

    assert seen.target == _TARGET
    assert "find_volumes" not in cloud.asked


@pytest.mark.parametrize(
    ("volume", "wanted", "asked"),
    [
        pytest.param(
            builders.volume(encrypted=True),
            builders.silver(),
            [],
            id="detached and encrypted, differs",
        ),
        pytest.param(
            builders.volume(),
            builders.silver(),
            ["silver-id"],
            id="detached, might become encrypted",
        ),
        pytest.param(
            builders.volume(),
            builders.silver(extra_specs=builders.volume_type().extra_specs),
            ["silver-id", "gold-id"],
            id="detached, the extra specs are the same",
        ),
        pytest.param(
            builders.attached(), builders.silver(), ["silver-id"], id="live"
        ),
        pytest.param(
            builders.attached(encrypted=True),
            builders.silver(),
            ["silver-id", "gold-id"],
            id="live and encrypted",
        ),
    ],
)
def test_encryption_is_asked_for_where_it_matters(
    volume: model.Volume, wanted: model.VolumeType, asked: list[str]
) -> None:
    cloud = scripted_cloud.ScriptedCloud(volume)
    cloud.types = (builders.volume_type(), wanted)
    action = builders.action() if volume.attachments else builders.retype()

    seen = take_survey(cloud.core, builders.request(action))

    looked = list(dict.fromkeys(cloud.encryption_asked_for))
    assert looked == asked
    assert seen.destination_encryption is None


def test_an_empty_name_is_no_volume_s() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume(name=""))

    with pytest.raises(errors.LookupFailedError, match="name or ID is empty"):
        find_volume(cloud.core, "")


def test_both_services_are_asked_who_has_the_volume() -> None:
    reserved = builders.volume(status="reserved")
    cloud = scripted_cloud.ScriptedCloud(reserved)
    cloud.attachments = (builders.ATTACHMENT,)

    seen = take_survey(cloud.core, builders.request(builders.migrate()))

    assert seen.all_attachments == (builders.ATTACHMENT,)
    assert seen.servers == (builders.server(),)
    # Nova's list had it: nobody else needs to be asked.
    assert "get_server" not in cloud.asked


def test_a_server_that_only_cinder_names_is_asked_for() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())
    cloud.volume_ids[builders.SERVER_ID] = frozenset()

    seen = take_survey(cloud.core, builders.request(builders.action()))

    assert seen.servers == (builders.server(volume_ids=frozenset()),)
    assert cloud.asked["get_server"] == 1


def test_a_server_that_only_nova_names_is_there_too() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    cloud.volume_ids[builders.SERVER_ID] = frozenset({builders.VOLUME_ID})

    seen = take_survey(cloud.core, builders.request(builders.migrate()))

    assert seen.all_attachments == ()
    assert seen.servers == (builders.server(),)


@pytest.mark.parametrize(
    "error",
    [
        errors.ServiceMissingError("Nova", "endpoint"),
        errors.ForbiddenError("policy", 403),
    ],
)
def test_a_cloud_without_a_nova_that_answers(error: errors.CloudError) -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())
    cloud.fails["servers_of_volume"] = [error]

    seen = take_survey(cloud.core, builders.request(builders.action()))

    assert not seen.nova_asked
    assert seen.servers == ()
    assert "get_server" not in cloud.asked
    assert "list_compute_services" not in cloud.asked


def test_a_moving_volume_is_judged_by_what_it_shows_itself() -> None:
    seen = builders.survey(
        volume=builders.volume(migration_status="migrating"),
        attachments=(builders.ATTACHMENT,),
    )

    assert seen.all_attachments == ()


def test_a_type_that_there_is_not_has_no_encryption_to_look_at() -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.attached())

    seen = take_survey(
        cloud.core,
        builders.request(builders.action(destination_type="bronze")),
    )

    assert seen.servers == (builders.server(),)
    assert cloud.encryption_asked_for == []
