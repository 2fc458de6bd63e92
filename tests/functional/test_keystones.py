# SPDX-License-Identifier: Apache-2.0
"""Keystones as others have them: names, limits, domains, scopes, regions."""

from __future__ import annotations

import contextlib
import json
import pathlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, resources, shell, untouched

ADMINS = "admin credentials are needed"
NO_PROJECT = (
    "Cinder and Nova need an admin's for a project; unset that and give "
    "OS_PROJECT_NAME"
)


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume of alice's on alpha. No test changes it."""
    return resources.Resources(current_cloud).volume(pool=moves.ALPHA)


@contextlib.contextmanager
def _removed(manager: Any, *made: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for one in made:
            manager.delete(one)


def _leftover_user(make: resources.Resources) -> Any:
    """The user of a swap that was interrupted before it made a volume."""
    volume_id, server_id = str(uuid.uuid4()), str(uuid.uuid4())
    return make.keystone.users.create(
        f"volmig-{volume_id}",
        domain="default",
        password=uuid.uuid4().hex,
        description=(
            f"swap of volume {volume_id}; run 0123456789abcdef; server "
            f"{server_id}; started 2026-01-01T00:00:00Z."
        ),
    )


def test_lists_that_are_cut_hide_nothing(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> None:
    users = make.keystone.users
    left = [_leftover_user(make) for _ in range(5)]
    forged = users.create("zB3dE5gH7j", domain="default", password="x")
    (admin,) = make.keystone.roles.list(name="admin")
    demo = make.project_id("demo")
    make.keystone.roles.grant(admin, user=forged, project=demo)
    with (
        _removed(users, *left, forged),
        cloud.limited_keystone(max_db_limit=3, list_limit=2),
    ):
        found = openstack.migrate("recover", "-f=json")
        planned = [
            openstack.migrate(
                "plan",
                f"--project={project}",
                f"--name={volume.name}",
                moves.node(moves.BETA),
                "-f=json",
            )
            for project in ("demo", demo)
        ]

    # The five that are left need somebody's approval.
    assert found.exit_code == 1, found.stderr
    rows = found.json
    assert {one.name for one in left} <= {row["User"] for row in rows}
    assert forged.id in {row["Source"] for row in rows}
    for done in planned:
        assert done.exit_code == 0, done.stderr
        assert [row["ID"] for row in done.json] == [volume.id]


def test_the_admin_s_role_may_be_written_otherwise(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    users = make.keystone.users
    (admin,) = make.keystone.roles.list(name="admin")
    forged = users.create("zB3dE5gH7k", domain="default", password="x")
    make.keystone.roles.grant(
        admin, user=forged, project=make.project_id("demo")
    )
    with _removed(users, forged), cloud.renamed_role("admin", "Admin"):
        done = openstack.migrate("recover", "-f=json")

    assert done.exit_code == 0, done.stderr
    assert forged.id in {row["Source"] for row in done.json}


@pytest.fixture
def twin(make: resources.Resources) -> Iterator[tuple[Any, Any]]:
    """A domain with a project that is called demo, too."""
    keystone = make.keystone
    domain = keystone.domains.create("second")
    project = keystone.projects.create("demo", domain=domain)
    yield domain, project
    keystone.domains.update(domain, enabled=False)
    keystone.domains.delete(domain)


def test_projects_of_one_name_are_told_apart(
    openstack: shell.Openstack,
    volume: Any,
    twin: tuple[Any, Any],
) -> None:
    domain, project = twin
    volume_project = getattr(volume, "os-vol-tenant-attr:tenant_id")
    words = (
        *("plan", "--project=demo", f"--name={volume.name}"),
        *(moves.node(moves.BETA), "-f=json"),
    )

    either = openstack.migrate(*words)
    first = openstack.migrate(*words, "--project-domain=Default")
    second = openstack.migrate(*words, f"--project-domain={domain.id}")
    elsewhere = openstack.migrate(
        *("plan", "--project=other", f"--project-domain={domain.name}"),
        moves.node(moves.BETA),
    )

    assert (either.exit_code, either.stdout) == (1, "")
    assert either.last_line.startswith("2 projects are named 'demo': ")
    for one, label in (
        (volume_project, "'Default'"),
        (project.id, "'second'"),
    ):
        assert f"{one} in domain {label}" in either.last_line
    assert either.last_line.endswith(
        "; give the ID of one, or --project-domain"
    )
    assert [row["ID"] for row in first.json] == [volume.id]
    assert (second.exit_code, second.json) == (0, [])
    assert elsewhere.exit_code == 1
    assert "Keystone has no project with a name or ID of 'other'" in (
        elsewhere.stderr
    )


def test_volumes_of_a_deleted_project_are_planned_by_its_id(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    orphan, gone = make.volume(pool=moves.ALPHA), uuid.uuid4().hex
    cloud.database("cinder").execute(
        "UPDATE volumes SET project_id = ? WHERE id = ?", gone, orphan.id
    )
    words = (moves.node(moves.BETA), "-f=json")

    done = openstack.migrate("plan", f"--project={gone}", *words)
    typo = openstack.migrate("plan", f"--project={uuid.uuid4().hex}", *words)

    assert done.exit_code == 0, done.stderr
    assert [row["ID"] for row in done.json] == [orphan.id]
    assert (typo.exit_code, typo.stdout) == (1, "")
    assert typo.last_line.startswith("Keystone has no project with a name")


@pytest.fixture
def plan_file(
    openstack: shell.Openstack, volume: Any, tmp_path: pathlib.Path
) -> pathlib.Path:
    """A plan of one volume."""
    file = tmp_path / "plan.json"
    done = openstack.migrate(
        "plan",
        f"--name={volume.name}",
        moves.node(moves.BETA),
        f"--output={file}",
    )
    assert done.exit_code == 0, done.stderr
    return file


@pytest.mark.parametrize("user", ["alice", "reader"])
@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--source-node=cloud@alpha", moves.type_("gold")),
        ("plan", "--attached", moves.type_("gold")),
        ("plan", "--name=no-such-volume", moves.type_("gold")),
        ("plan", "--project=demo", moves.type_("gold")),
        ("plan", "--project=no-such-project", moves.type_("gold")),
        ("recover",),
        ("recover", "--servers"),
        ("apply", "--auto-approve"),
        ("apply", "--auto-approve", "--canary=1"),
    ],
    ids=" ".join,
)
def test_others_than_admins_are_told_so(
    cloud: cloud_.Cloud,
    plan_file: pathlib.Path,
    user: str,
    words: tuple[str, ...],
) -> None:
    openstack = shell.Openstack(cloud.environment(user))
    more = (str(plan_file),) if words[0] == "apply" else ()

    said = untouched.refused(cloud, openstack, *words, *more)

    # What 'apply' is about to do comes before.
    assert said.splitlines()[-1].endswith(ADMINS)
    assert words[0] == "apply" or len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        (
            {"OS_SYSTEM_SCOPE": "all"},
            (
                "the credentials are for the whole system "
                f"(OS_SYSTEM_SCOPE): {NO_PROJECT}"
            ),
        ),
        (
            {"OS_DOMAIN_NAME": "Default"},
            (
                "the credentials are for a domain (OS_DOMAIN_NAME or "
                f"OS_DOMAIN_ID): {NO_PROJECT}"
            ),
        ),
        ({}, "the credentials are for no project"),
    ],
    ids=["system", "domain", "none"],
)
@pytest.mark.parametrize("word", ["run", "check", "plan", "apply", "recover"])
def test_credentials_have_to_be_for_a_project(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    volume: Any,
    plan_file: pathlib.Path,
    word: str,
    scope: dict[str, str],
    says: str,
) -> None:
    _give_admin_to_the_domain(make)
    kept = {
        name: value
        for name, value in cloud.environment("admin").items()
        if "PROJECT" not in name
    }
    openstack = shell.Openstack({**kept, **scope})
    words = {
        "run": (volume.id, moves.COLD, moves.node(moves.BETA)),
        "check": (volume.id, moves.COLD, moves.node(moves.BETA)),
        "plan": ("--source-node=cloud", moves.node(moves.BETA)),
        "apply": (str(plan_file), "--auto-approve"),
        "recover": (),
    }

    said = untouched.refused(cloud, openstack, word, *words[word])

    assert said.endswith(says)


def _give_admin_to_the_domain(make: resources.Resources) -> None:
    (admin,) = make.keystone.roles.list(name="admin")
    (user,) = make.keystone.users.list(name="admin")
    make.keystone.roles.grant(admin, user=user, domain="default")


@pytest.fixture
def second_region(make: resources.Resources) -> Iterator[str]:
    """A region with the same services under the same addresses."""
    keystone, name = make.keystone, "RegionTwo"
    keystone.regions.create(name)
    made = [
        keystone.endpoints.create(
            one.service_id, one.url, interface=one.interface, region=name
        )
        for one in keystone.endpoints.list()
    ]
    yield name
    for one in made:
        keystone.endpoints.delete(one)
    keystone.regions.delete(name)


def test_a_plan_knows_its_region(
    cloud: cloud_.Cloud,
    volume: Any,
    tmp_path: pathlib.Path,
    request: pytest.FixtureRequest,
) -> None:
    environment = cloud.environment("admin")
    first = environment.pop("OS_REGION_NAME")
    openstack = shell.Openstack(environment)
    file = tmp_path / "plan.json"
    words = ("plan", f"--name={volume.name}", moves.node(moves.ALPHA))

    alone = openstack.migrate(*words, f"--output={file}")
    second = request.getfixturevalue("second_region")
    either = openstack.migrate(*words)
    here = openstack.migrate(
        "apply", str(file), "--auto-approve", OS_REGION_NAME=first
    )
    there = openstack.migrate(
        "apply", str(file), "--auto-approve", OS_REGION_NAME=second
    )

    assert alone.exit_code == 0, alone.stderr
    # The one that was really used, though nobody named it.
    assert json.loads(file.read_text())["cloud"]["region_name"] == first
    assert (either.exit_code, either.stdout) == (1, "")
    assert either.last_line == (
        f"the cloud has several regions ('{first}', '{second}'): name one "
        "with --os-region-name or OS_REGION_NAME"
    )
    assert here.exit_code == 0, here.stderr
    assert (there.exit_code, there.stdout) == (1, "")
    assert there.last_line == (
        f"the plan is for {cloud.auth_url}, region {first}, and this is "
        f"{cloud.auth_url}, region {second}"
    )


@pytest.mark.parametrize("word", ["run", "check", "plan", "recover"])
def test_several_regions_and_none_given(
    cloud: cloud_.Cloud, volume: Any, second_region: str, word: str
) -> None:
    environment = cloud.environment("admin")
    environment.pop("OS_REGION_NAME")
    words = {
        "run": (volume.id, moves.COLD, moves.node(moves.BETA)),
        "check": (volume.id, moves.COLD, moves.node(moves.BETA)),
        "plan": ("--source-node=cloud", moves.node(moves.BETA)),
        "recover": (),
    }

    said = untouched.refused(
        cloud, shell.Openstack(environment), word, *words[word]
    )

    assert said.startswith("the cloud has several regions (")
    assert second_region in said
