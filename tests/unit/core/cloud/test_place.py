# SPDX-License-Identifier: Apache-2.0

"""One pool under all of its names."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit import builders
from volmigrateclient.core.cloud.place import place_of

_ONE = builders.service(host="h1@ceph", cluster="c@ceph")
_TWO = builders.service(host="h2@ceph", cluster="c@ceph")
_ALONE = builders.service(host="h3@lvm")
_SERVICES = (_ONE, _TWO, _ALONE)
_CEPH = {"c@ceph#p", "h1@ceph#p", "h2@ceph#p"}


@pytest.mark.parametrize(
    ("node", "names", "listed"),
    [
        ("c@ceph#p", _CEPH, "c@ceph#p"),
        ("h1@ceph#p", _CEPH, "c@ceph#p"),
        ("c@ceph", {"c@ceph", "h1@ceph", "h2@ceph"}, "c@ceph"),
        ("h3@lvm#p", {"h3@lvm#p"}, "h3@lvm#p"),
        ("h9@gone#p", {"h9@gone#p"}, "h9@gone#p"),
        # What Cinder's own drivers allow in the name of a pool.
        ("h3@lvm#a/b:c", {"h3@lvm#a/b:c"}, "h3@lvm#a/b:c"),
    ],
)
def test_names(node: str, names: set[str], listed: str) -> None:
    place = place_of(node, _SERVICES)

    assert place.names == names
    assert place.listed_name == listed


@pytest.mark.parametrize(
    ("host", "cluster_name", "there"),
    [
        ("h1@ceph#p", None, True),
        ("h2@ceph#p", "c@ceph#p", True),
        # A member that is gone from the list of services.
        ("h7@ceph#p", "c@ceph#p", True),
        ("h7@ceph#p", None, False),
        ("h2@ceph#q", "c@ceph#q", False),
        ("h3@lvm#p", None, False),
        (None, None, False),
    ],
)
def test_who_is_there(
    host: str | None, cluster_name: str | None, there: bool
) -> None:
    volume = builders.volume(host=host, cluster_name=cluster_name)

    assert place_of("c@ceph#p", _SERVICES).holds(volume) is there
    assert place_of("h1@ceph#p", _SERVICES).holds(volume) is there


def test_a_cluster_works_as_long_as_a_member_does() -> None:
    down = dataclasses.replace(_ONE, up=False)

    place = place_of("h1@ceph#p", (down, _TWO))
    assert place.service == _TWO
    assert place_of("h1@ceph#p", (down,)).service == down
    assert place_of("h9@gone#p", ()).service is None


def test_services_that_are_not_shown() -> None:
    place = place_of("h1@ceph#p", None)

    assert place.names == {"h1@ceph#p"}
    assert place.service is None
