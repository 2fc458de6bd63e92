# SPDX-License-Identifier: Apache-2.0

"""What many moves share is read once in a while; what decides is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from tests.unit.core.planning import planned
from volmigrateclient.core.cloud.cached import (
    share_answers,
    share_catalogue,
)
from volmigrateclient.core.model import errors


class Field:
    def __init__(self) -> None:
        self.clock = scripted_cloud.ScriptedClock()
        self.cloud = planned.Cloud(builders.volume())
        self.cached: Any = share_answers(self.cloud.core, self.clock.now)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("list_types", ()),
        ("list_pools", ()),
        ("list_volume_services", ()),
        ("list_compute_services", ()),
        ("quota", ("project",)),
        ("type_projects", ("type",)),
        ("type_encryption", ("type",)),
    ],
)
def test_read_once_in_a_while(method: str, arguments: tuple[str, ...]) -> None:
    field = Field()
    read = getattr(field.cached, method)

    first = read(*arguments)
    field.clock.time = 19.9
    assert read(*arguments) == first
    assert field.cloud.asked[method] == 1
    field.clock.time = 20.0
    read(*arguments)
    assert field.cloud.asked[method] == 2


def test_another_project_has_another_quota() -> None:
    field = Field()

    field.cached.quota("one")
    field.cached.quota("two")

    assert field.cloud.asked["quota"] == 2


def test_what_decides_about_a_volume_is_read_anew() -> None:
    field = Field()

    for _ in range(2):
        field.cached.get_volumes([builders.VOLUME_ID])
        field.cached.get_server(builders.SERVER_ID)

    assert field.cloud.asked == {"get_volumes": 2, "get_server": 2}


def test_that_nobody_has_a_volume_is_kept_for_a_minute() -> None:
    field = Field()

    for second in (0.0, 59.0, 60.0):
        field.clock.time = second
        assert field.cached.list_attachments(builders.VOLUME_ID) == ()
        assert field.cached.servers_of_volume(builders.VOLUME_ID, "p") == []

    assert field.cloud.asked == {"list_all_attachments": 2, "list_servers": 2}


def test_who_has_a_volume_is_asked_anew() -> None:
    field = Field()
    field.cloud.attachments = (builders.ATTACHMENT,)

    for _ in range(2):
        assert field.cached.list_attachments(builders.VOLUME_ID) == (
            builders.ATTACHMENT,
        )
        assert field.cached.servers_of_volume(builders.VOLUME_ID, "p") == [
            builders.server()
        ]

    assert field.cloud.asked == {
        "list_all_attachments": 1,
        "list_attachments": 2,
        "list_servers": 1,
        "get_server": 2,
    }


def test_snapshots_are_listed_by_pool() -> None:
    field = Field()
    field.cloud.owned = [
        (builders.VOLUME_ID, builders.SNAPSHOT),
        ("other", builders.SNAPSHOT),
    ]
    field.cached.get_volumes([builders.VOLUME_ID])

    for _ in range(3):
        found = field.cached.list_snapshots(builders.VOLUME_ID)
        assert found == [builders.SNAPSHOT]

    assert field.cloud.filters == [{"host": builders.POOL}]
    assert "list_snapshots" not in field.cloud.asked


def test_of_a_volume_never_seen_they_are_asked_for_alone() -> None:
    field = Field()
    field.cloud.snapshots = (builders.SNAPSHOT,)

    found = field.cached.list_snapshots(builders.VOLUME_ID)

    assert found == (builders.SNAPSHOT,)
    assert "list_all_snapshots" not in field.cloud.asked


def test_old_copies_are_listed_once_for_each_reading() -> None:
    field = Field()
    cached = field.cached

    for _ in range(2):
        cached.get_volumes([builders.VOLUME_ID])
        for _ in range(3):
            assert cached.list_volumes(migration_status="deleting") == []
    cached.list_volumes(migration_status="target:x")

    assert field.cloud.asked["list_volumes"] == 3


class _Named(planned.Cloud):
    """A cloud that is asked what admins have set up, too."""

    def find_role(self, name_or_id: str) -> str:
        self._answer("find_role")
        return f"id of {name_or_id}"

    def find_domain(self, name_or_id: str) -> str:
        self._answer("find_domain")
        return f"id of {name_or_id}"

    def password_regex(self) -> str | None:
        self._answer("password_regex")
        return None


def test_of_a_catalogue_only_what_admins_set_up_is_kept() -> None:
    cloud = _Named(builders.volume())
    shared: Any = share_catalogue(cloud.core)

    for _ in range(2):
        shared.list_types()
        shared.list_pools()
        shared.get_project("project")
        shared.password_regex()
        assert shared.find_role("member") == "id of member"
        assert shared.find_domain("shop") == "id of shop"
        # Tenants and moves change these; a source is deleted by them.
        shared.quota("project")
        shared.list_snapshots(builders.VOLUME_ID)
        shared.list_attachments(builders.VOLUME_ID)
        shared.get_volumes([builders.VOLUME_ID])

    once = dict.fromkeys(
        (
            "list_types",
            "list_pools",
            "get_project",
            "password_regex",
            "find_role",
            "find_domain",
        ),
        1,
    )
    anew = dict.fromkeys(
        ("quota", "list_snapshots", "list_attachments", "get_volumes"), 2
    )
    assert cloud.asked == once | anew


def _at_once(count: int, ask: Callable[[], Any]) -> list[Any]:
    """What so many threads are told, or the errors that they meet."""
    told: list[Any] = []

    def one() -> None:
        try:
            told.append(ask())
        except errors.CloudError as error:
            told.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    return told


class _Slow(planned.Cloud):
    """A cloud that takes a while for a list of pools."""

    def list_pools(self) -> Any:
        time.sleep(0.1)
        return super().list_pools()


def _slow() -> tuple[_Slow, Any]:
    cloud = _Slow(builders.volume())
    return cloud, share_answers(cloud.core)


def test_of_those_who_ask_at_once_one_sends_the_request() -> None:
    cloud, cached = _slow()

    told = _at_once(5, cached.list_pools)

    assert told == [cached.list_pools()] * 5
    assert cloud.asked["list_pools"] == 1


def test_who_waited_for_a_request_that_failed_does_not_repeat_it() -> None:
    cloud, cached = _slow()
    cloud.fails["list_pools"] = [errors.UnansweredError("timeout")]

    told = _at_once(5, cached.list_pools)

    assert [str(error) for error in told] == ["timeout"] * 5
    # Who asks later does.
    assert cached.list_pools()
    assert cloud.asked["list_pools"] == 2


def test_old_copies_listed_before_a_reading_ended_are_listed_anew() -> None:
    field = Field()
    cloud, cached = field.cloud, field.cached

    class Meanwhile(planned.Cloud):
        def list_volumes(self, **filters: Any) -> Any:
            listed = super().list_volumes(**filters)
            if self.asked["list_volumes"] == 1:
                # Another thread's reading shows a move to be done, whose
                # old copy is not in the list.
                cached.get_volumes([builders.VOLUME_ID])
            return listed

    cloud.__class__ = Meanwhile
    for _ in range(3):
        cached.list_volumes(migration_status="deleting")

    assert cloud.asked["list_volumes"] == 2
