# SPDX-License-Identifier: Apache-2.0
"""Finding the one volume that was meant, or none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell, untouched

COLD = "--migration-type=cold"

#: Some of them Cinder would read as something else: Python, operators, URLs.
NAMES = (
    "None",
    "123",
    "[1]",
    "it's",
    '{"a": 1}',
    "lt:3",
    "name&status=error",
    "%",
    "with space",
    "größe",
    "--dashes",
    "00000000-0000-0000-0000-00000000000a",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_taken_literally(
    openstack: shell.Openstack, make: resources.Resources, name: str
) -> None:
    volume = make.volume(name=name)
    try:
        done = openstack.migrate(
            "run",
            COLD,
            f"--destination-node={make.host(volume.id)}",
            "-f=json",
            "--",
            name,
        )
    finally:
        make.delete(volume.id)

    assert done.exit_code == 0, done.stderr
    assert done.json["volume_id"] == volume.id
    assert done.json["volume_name"] == name


def test_a_name_is_found_in_any_project(
    openstack: shell.Openstack, make: resources.Resources
) -> None:
    volume = make.volume(user="bob")

    done = openstack.migrate(
        "run",
        volume.name,
        COLD,
        f"--destination-node={make.host(volume.id)}",
        "-f=json",
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["volume_id"] == volume.id
    assert done.json["project_id"] == make.project_id("other")


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda one: one.replace("-", "")]
)
def test_an_id_is_found_however_it_is_written(
    openstack: shell.Openstack,
    make: resources.Resources,
    spelling: Callable[[str], str],
) -> None:
    volume = make.volume()

    done = openstack.migrate(
        "run",
        spelling(volume.id),
        COLD,
        f"--destination-node={make.host(volume.id)}",
        "-f=json",
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["volume_id"] == volume.id


def test_an_id_wins_over_a_name_that_looks_like_it(
    openstack: shell.Openstack, make: resources.Resources
) -> None:
    volume = make.volume()
    make.volume(name=volume.id)

    done = openstack.migrate(
        "run",
        volume.id,
        COLD,
        f"--destination-node={make.host(volume.id)}",
        "-f=json",
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["volume_id"] == volume.id


def test_an_ambiguous_name_lists_the_candidates(
    cloud: cloud_.Cloud, openstack: shell.Openstack, make: resources.Resources
) -> None:
    name = make.name("twin")
    twins = [
        make.volume(name=name),
        make.volume(name=name, user="bob", size=2),
    ]

    said = untouched.refused(
        cloud, openstack, "run", name, COLD, "--destination-type=gold"
    )

    first, *candidates = said.splitlines()
    assert first == f"2 volumes are named '{name}'; give the ID of one:"
    assert sorted(candidates) == sorted(
        f"  {one.id}  project {make.project_id(project)}  {one.size} GiB"
        f"  available  {make.host(one.id)}"
        for one, project in zip(twins, ("demo", "other"), strict=True)
    )


@pytest.mark.parametrize("word", ["run", "check"])
@pytest.mark.parametrize(
    "name", ["no-such-volume", "4eeba4f2-61e6-4685-9a65-e5397e920ef1"]
)
def test_an_unknown_volume_is_refused(
    cloud: cloud_.Cloud, openstack: shell.Openstack, word: str, name: str
) -> None:
    said = untouched.refused(
        cloud, openstack, word, name, COLD, "--destination-type=gold"
    )

    assert said == (
        f"No volume with a name or ID of '{name}' exists in any project"
    )


def test_an_empty_name_is_not_that_of_a_volume_without_one(
    cloud: cloud_.Cloud, openstack: shell.Openstack, make: resources.Resources
) -> None:
    nameless = make.volume(name=None)
    assert not nameless.name

    said = untouched.refused(
        cloud, openstack, "run", "", COLD, "--destination-type=gold"
    )

    assert said == "The volume's name or ID is empty"
