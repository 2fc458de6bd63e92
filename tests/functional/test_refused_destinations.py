# SPDX-License-Identifier: Apache-2.0
"""Pools, types, groups and quotas that are refused, until they are not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from cinderclient import client as cinder_client

from tests import cloud as cloud_
from tests.functional import conftest, resources, shell, untouched

POOL = "Destination pool cannot take the volume: "
TYPE = "Destination type cannot be used: "
COLD = "--migration-type=cold"
TO_BETA = "--destination-node=cloud@beta#pool"
TO_GOLD = "--destination-type=gold"


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume of alice's on alpha. No test changes it."""
    return resources.Resources(current_cloud).volume(pool="cloud@alpha#pool")


@pytest.fixture
def disabled(make: resources.Resources) -> Iterator[None]:
    """cloud@beta, disabled for a reason."""
    make.cinder.services.disable_log_reason(
        "cloud@beta", "cinder-volume", "new disks"
    )
    yield
    make.enable("cloud@beta")
    assert _beta(make).status == "enabled"


@pytest.fixture
def frozen(make: resources.Resources) -> Iterator[None]:
    """cloud@beta, frozen."""
    make.cinder.services.freeze_host("cloud@beta")
    # The backend itself disables its service, a little later.
    resources.until("frozen", lambda: _beta(make).status == "disabled")
    yield
    if _beta(make).frozen:
        make.cinder.services.thaw_host("cloud@beta")
        resources.until("thawed", lambda: _beta(make).status == "enabled")
    assert (_beta(make).status, _beta(make).frozen) == ("enabled", False)


def _beta(make: resources.Resources) -> Any:
    (service,) = make.cinder.services.list(
        host="cloud@beta", binary="cinder-volume"
    )
    return service


@pytest.mark.usefixtures("disabled")
def test_a_disabled_service_is_refused_until_the_remedy(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> None:
    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_BETA)

    assert said == (
        f"{POOL}cinder-volume of cloud@beta is disabled: 'new disks' (remedy: "
        "freeze and thaw it: openstack volume host set --disable cloud@beta; "
        "openstack volume host set --enable cloud@beta)"
    )
    untouched.apply_remedy(openstack, said)
    resources.until("enabled", lambda: _beta(make).status == "enabled")
    checked = openstack.migrate("check", volume.id, COLD, TO_BETA)
    assert checked.exit_code == 0, checked.stdout


@pytest.mark.usefixtures("frozen")
def test_a_frozen_service_is_refused_until_the_remedy(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    make: resources.Resources,
    volume: Any,
) -> None:
    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_BETA)

    assert said == (
        f"{POOL}cinder-volume of cloud@beta is frozen (remedy: openstack "
        "volume host set --enable cloud@beta)"
    )
    untouched.apply_remedy(openstack, said)
    resources.until("enabled", lambda: _beta(make).status == "enabled")
    check = openstack.migrate("check", volume.id, COLD, TO_BETA)
    assert check.exit_code == 0, check.stdout


SWITCHES: dict[str, tuple[dict[str, dict[str, Any]], tuple[str, ...], str]] = {
    "pool is down": (
        {"beta": {"down": True}},
        (TO_BETA,),
        POOL + "cinder-volume of cloud@beta is down (remedy: bring it up; "
        "see 'openstack volume service list')",
    ),
    "source is down": (
        {"alpha": {"down": True}},
        (TO_BETA,),
        (
            "Source backend cannot move the volume: cinder-volume of "
            "cloud@alpha is down (remedy: bring it up; see 'openstack volume "
            "service list')"
        ),
    ),
    "thick pool is full": (
        {
            "beta": {
                "free_capacity_gb": 0,
                "capabilities": {"thin_provisioning_support": False},
            }
        },
        (TO_BETA,),
        POOL + "cloud@beta#pool has 0 GiB left, the volume is 1 GiB (remedy: "
        "free capacity there, or choose another pool)",
    ),
    "thin pool is over-subscribed": (
        {"beta": {"total_capacity_gb": 0.01}},
        (TO_BETA,),
        POOL + "cloud@beta#pool has {room} GiB left, the volume is 1 GiB "
        "(remedy: free capacity there, or choose another pool)",
    ),
    "all pools of the type are full": (
        {
            "gamma": {
                "free_capacity_gb": 0,
                "capabilities": {"thin_provisioning_support": False},
            },
            "delta": {
                "free_capacity_gb": 0,
                "capabilities": {"thin_provisioning_support": False},
            },
        },
        (TO_GOLD,),
        TYPE + "no pool of type gold has 1 GiB left (cloud@gamma#pool 0 GiB, "
        "cloud@delta#pool 0 GiB) (remedy: free capacity in one of them)",
    ),
    "all pools of the type are down": (
        {"gamma": {"down": True}, "delta": {"down": True}},
        (TO_GOLD,),
        TYPE + "no pool that is up and enabled serves type gold (remedy: "
        "openstack volume backend pool list --long; openstack volume service "
        "list)",
    ),
}


@pytest.mark.parametrize(
    ("switches", "options", "expected"), SWITCHES.values(), ids=SWITCHES
)
def test_pools_that_cannot_take_it_are_refused(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    volume: Any,
    switches: dict[str, dict[str, Any]],
    options: tuple[str, ...],
    expected: str,
) -> None:
    for backend, values in switches.items():
        set_faults(backend, **values)

    said = untouched.refused(
        cloud, openstack, "run", volume.id, COLD, *options
    )

    before, thin, after = expected.partition("{room}")
    if not thin:
        assert said == expected
        return
    # What a thin pool still promises hangs on what other tests put there.
    assert said.startswith(before)
    assert said.endswith(after)
    assert float(said.removeprefix(before).removesuffix(after)) < 1


TYPES = {
    "an unknown pool of a backend": (
        "--destination-node=cloud@beta#other",
        POOL + "the scheduler knows no pool cloud@beta#other (remedy: "
        "openstack volume backend pool list)",
    ),
    "an unknown backend": (
        "--destination-node=cloud@other#pool",
        POOL + "the scheduler knows no pool cloud@other#pool (remedy: "
        "openstack volume backend pool list)",
    ),
    "an unknown type": (
        "--destination-type=copper",
        TYPE + "no volume type with a name or ID of 'copper' exists (remedy: "
        "openstack volume type list)",
    ),
    "a type that no pool serves": (
        "--destination-type=nowhere",
        TYPE + "no pool that is up and enabled serves type nowhere (remedy: "
        "openstack volume backend pool list --long; openstack volume service "
        "list)",
    ),
}


@pytest.mark.parametrize(("option", "expected"), TYPES.values(), ids=TYPES)
def test_what_does_not_exist_is_refused(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    option: str,
    expected: str,
) -> None:
    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, option)

    assert said == expected


def test_a_private_type_is_refused_until_the_project_has_access(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    make: resources.Resources,
    volume: Any,
) -> None:
    project = make.project_id("demo")
    private = next(
        one
        for one in make.cinder.volume_types.list(is_public=None)
        if one.name == "private-gold"
    )
    words = (volume.id, COLD, "--destination-type=private-gold")

    said = untouched.refused(cloud, openstack, "run", *words)

    assert said == (
        f"{TYPE}volume type private-gold is private and project {project} "
        "has no access to it (remedy: openstack volume type set --project "
        f"{project} {private.id})"
    )
    untouched.apply_remedy(openstack, said)
    try:
        check = openstack.migrate("check", *words)
    finally:
        make.cinder.volume_type_access.remove_project_access(
            private.id, project
        )
    assert check.exit_code == 0, check.stdout


def test_a_quota_is_refused_until_it_suffices(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    make: resources.Resources,
    volume: Any,
) -> None:
    project = make.project_id("demo")
    quotas = make.cinder.quotas
    usage = quotas.get(project, usage=True).to_dict()
    reasons = [
        f"{kind}_gold of project {project}: 1 needed, 0 left (remedy: "
        f"openstack quota set --{kind} {usage[f'{kind}_gold']['in_use'] + 1} "
        f"--volume-type=gold {project})"
        for kind in ("volumes", "gigabytes")
    ]
    quotas.update(project, volumes_gold=0, gigabytes_gold=0)
    try:
        said = untouched.refused(
            cloud, openstack, "run", volume.id, COLD, TO_GOLD
        )
        check = openstack.migrate("check", volume.id, COLD, TO_GOLD, "-f=json")
        for remedy in untouched.remedies(said):
            done = openstack(*shlex.split(remedy)[1:])
            assert done.exit_code == 0, done.stderr
        cleared = openstack.migrate("check", volume.id, COLD, TO_GOLD)
    finally:
        quotas.update(project, volumes_gold=-1, gigabytes_gold=-1)

    assert said == "Quota does not suffice: " + "; ".join(reasons)
    assert check.exit_code == 1
    assert [
        row["Detail"] for row in check.json if row["Check"] == "Quota"
    ] == [f"Quota does not suffice: {one}" for one in reasons]
    assert cleared.exit_code == 0, cleared.stdout


def test_a_group_is_refused_until_the_volume_left_it(
    cloud: cloud_.Cloud, openstack: shell.Openstack, make: resources.Resources
) -> None:
    admin, alice = (
        cinder_client.Client(
            "3.71",
            session=cloud.access.session(user, direct=True),
            endpoint_type="internal",
        )
        for user in ("admin", "alice")
    )
    kind = admin.group_types.create(make.name("group-type"))
    bronze = next(
        one.id for one in admin.volume_types.list() if one.name == "bronze"
    )
    group = alice.groups.create(kind.id, bronze, name=make.name("group"))
    resources.until(
        "group", lambda: alice.groups.get(group.id).status == "available"
    )
    member = alice.volumes.create(
        1, volume_type="bronze", group_id=group.id, name=make.name("volume")
    )
    resources.until(
        "volume", lambda: make.seen(member.id).status == "available"
    )

    said = untouched.refused(cloud, openstack, "run", member.id, COLD, TO_GOLD)

    assert said == (
        "Invalid state for cold migration: the volume is in group "
        f"{group.id} (remedy: cinder --os-volume-api-version 3.13 "
        f"group-update {group.id} --remove-volumes {member.id})"
    )
    untouched.apply_remedy(openstack, said)
    words = ("check", member.id, COLD, TO_GOLD)
    resources.until(
        "nothing that blocks",
        lambda: openstack.migrate(*words).exit_code == 0,
    )
