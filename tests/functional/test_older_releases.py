# SPDX-License-Identifier: Apache-2.0
"""Clouds of older releases: what they do not tell is never guessed.

The fault proxy has Cinder and Nova announce, and take, what those releases
did; their answers then lack what later versions brought.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, resources, shell

#: A release, and the highest microversions of its Cinder and Nova.
RELEASES = {
    "Train": ("3.59", "2.79"),
    "Ussuri": ("3.60", "2.87"),
    "Yoga": ("3.68", "2.90"),
}
_VIA_NOVA = "--swap-via=nova"


@pytest.fixture(scope="module")
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """A cloud whose Nova accepts direct swaps, if it tells enough."""
    return swap_cloud


@pytest.fixture(scope="module")
def server(cloud: cloud_.Cloud) -> Any:
    """A server to attach volumes to."""
    return resources.Resources(cloud).server()


def _limited(cloud: cloud_.Cloud, release: str) -> Any:
    cinder, nova = RELEASES[release]
    return cloud.fault_proxy.limit_microversions(volume=cinder, compute=nova)


def _checked(
    openstack: shell.Openstack, volume: Any, *words: str
) -> dict[str, tuple[str, str]]:
    """What ``check`` finds: each check's result and detail."""
    done = openstack.migrate("check", volume.id, *words, "-f=json")
    assert done.stdout, done.stderr
    return {row["Check"]: (row["Result"], row["Detail"]) for row in done.json}


@pytest.mark.parametrize("release", RELEASES)
def test_a_detached_volume_moves_and_is_retyped(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    release: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    with _limited(cloud, release):
        there = moves.COLD, moves.node(moves.BETA)
        found = _checked(openstack, volume, *there)
        assert {result for result, _ in found.values()} == {"ok"}
        moved = moves.run(openstack, volume, *there)
        assert moved.exit_code == 0, moved.stderr
        assert moved.json["result"] == "done"
        retyped = moves.run(openstack, volume, moves.COLD, moves.type_("gold"))
        assert retyped.exit_code == 0, retyped.stderr
        assert retyped.json["result"] == "done"
        # Where it is already: by its type's name, before 3.63.
        again = moves.run(
            openstack,
            volume,
            moves.COLD,
            moves.type_("gold"),
        )
        assert "Volume type must be different" in again.stderr
    seen = moves.settled(make, volume)
    assert seen.volume_type == "gold"
    assert cloud.digest(volume.id) == content


@pytest.mark.parametrize("release", RELEASES)
def test_an_attached_volume_moves_via_cinder(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
    release: str,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    told = RELEASES[release][1] >= "2.89"
    with _limited(cloud, release):
        found = _checked(openstack, attached.volume, moves.type_("gold"))
        done = moves.run(openstack, attached.volume, moves.type_("gold"))
    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    attached.assert_moved(None, "gold")
    if told:
        assert "Attachment in Nova" not in found
        assert "not verified" not in done.stderr
        return
    result, detail = found["Attachment in Nova"]
    assert result == "unknown"
    assert f"microversion {RELEASES[release][1]} at most" in detail
    assert "2.89 (Xena)" in detail
    assert done.stderr.count("not verified: ") == 1, done.stderr


@pytest.mark.parametrize("release", RELEASES)
def test_the_five_steps_need_the_evidence(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
    release: str,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    before = cloud.inventory()
    with _limited(cloud, release):
        done = moves.run(
            openstack, attached.volume, moves.type_("gold"), _VIA_NOVA
        )
    if RELEASES[release][1] >= "2.89":
        assert done.exit_code == 0, done.stderr
        assert done.json["result"] == "done"
        new = make.seen(done.json["new_volume_id"])
        assert (new.volume_type, new.status) == ("gold", "in-use")
        assert make.is_gone(attached.volume.id)
        return
    assert done.exit_code == 1
    assert "This volume cannot be swapped via nova: " in done.stderr
    assert "2.89 (Xena)" in done.stderr
    assert "nothing would prove that the source may be deleted" in done.stderr
    assert cloud.inventory() == before
    attached.assert_same_guest()


def test_a_plan_of_train_is_carried_out(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    name = make.name("train")
    free = make.volume(pool=moves.ALPHA, name=f"{name}-free")
    used = make.volume(pool=moves.ALPHA, name=f"{name}-used")
    other = make.volume("gold", pool=moves.GAMMA, name=f"{name}-gold")
    make.attach(server.id, used.id)
    with _limited(cloud, "Train"):
        planned = openstack.migrate(
            "plan",
            f"--name={name}-*",
            "--source-type=bronze",
            moves.node(moves.BETA),
            f"--output={tmp_path / 'plan.yaml'}",
            "-f=json",
        )
        assert planned.exit_code == 0, planned.stderr
        assert {row["ID"]: row["Verdict"] for row in planned.json} == {
            free.id: "ready",
            used.id: "ready",
        }
        applied = openstack.migrate(
            "apply", "--auto-approve", str(tmp_path / "plan.yaml")
        )
        assert applied.exit_code == 0, applied.stderr
    assert make.host(free.id) == make.host(used.id) == moves.BETA
    assert make.host(other.id) == moves.GAMMA


def test_what_the_first_versions_do_not_tell_is_unknown(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    with cloud.fault_proxy.limit_microversions(volume="3.0", compute="2.1"):
        found = _checked(
            openstack,
            attached.volume,
            moves.node(moves.BETA),
            moves.type_("bronze"),
        )
        done = moves.run(
            openstack,
            attached.volume,
            moves.node(moves.BETA),
            moves.type_("bronze"),
        )
    untold = {
        name: detail
        for name, (result, detail) in found.items()
        if result == "unknown"
    }
    assert untold.keys() >= {"Server lock", "vTPM", "Attachment in Nova"}
    assert "2.9 (Mitaka)" in untold["Server lock"]
    assert done.exit_code == 0, done.stderr
    assert {"blocked"} & {result for result, _ in found.values()} == set()
    attached.assert_moved(moves.BETA, "bronze")


@pytest.mark.parametrize(
    "words",
    [
        (moves.COLD, moves.node(moves.BETA)),
        (moves.type_("gold"),),
        (moves.type_("gold"), _VIA_NOVA),
    ],
    ids=["cold", "via cinder", "via nova"],
)
def test_an_api_without_microversions_is_found_before_anything_starts(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
    words: tuple[str, ...],
) -> None:
    if moves.COLD in words:
        volume = make.volume(pool=moves.ALPHA)
    else:
        volume = moves.Attached.prepare(make, server, moves.ALPHA).volume
    before = cloud.inventory()
    with cloud.catalogue.with_path("compute", "/v2"):
        for command in ("check", "run"):
            done = openstack.migrate(command, volume.id, *words)
            assert done.exit_code == 1
            assert "takes no microversions" in done.last_line
            assert "/v2 " in done.last_line
            assert "/v2.1" in done.last_line
    assert cloud.inventory() == before


def test_cinder_without_microversions_is_found_as_well(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    document = {
        "versions": [
            {"id": "v3.0", "status": "CURRENT", "version": "", "links": []}
        ]
    }
    with cloud.fault_proxy.fault(
        service="volume",
        method="GET",
        path=r"/v3/$",
        every=True,
        answer=200,
        body=document,
    ):
        done = openstack.migrate(
            "check", volume.id, moves.COLD, moves.node(moves.BETA)
        )
    assert done.exit_code == 1
    assert "Cinder's endpoint " in done.last_line
    assert "takes no microversions" in done.last_line


def test_each_version_document_is_read_once(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
) -> None:
    attached = moves.Attached.prepare(make, server, moves.ALPHA)
    with moves.requests_within(cloud) as requests:
        done = moves.run(openstack, attached.volume, moves.type_("gold"))
    assert done.exit_code == 0, done.stderr
    documents = [
        (r.service, r.path)
        for r in requests
        if r.method == "GET"
        and r.service in ("volume", "compute")
        and r.path.endswith(("/v3/", "/v2.1/", "/"))
    ]
    assert sorted(documents) == [("compute", "/v2.1/"), ("volume", "/v3/")]


@pytest.mark.parametrize("service", ["volume", "compute"])
def test_a_document_that_is_not_answered_is_no_old_api(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    service: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    with cloud.fault_proxy.fault(
        service=service, method="GET", path=r"/v\d[.\d]*/$", answer=503
    ) as rule:
        done = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))
    assert rule.hits == 1
    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"


def test_lists_are_read_to_their_end(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    server: Any,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    name = make.name("paged")
    volumes = [
        make.volume(pool=moves.ALPHA, name=f"{name}-{number}")
        for number in range(5)
    ]
    # The attachments of three come after the first page of two, and so does
    # a snapshot of the last volume.
    for volume in volumes[:3]:
        make.attach(server.id, volume.id)
    for volume in volumes[3:]:
        make.cinder.volume_snapshots.create(volume.id)
    make.cinder.volume_snapshots.create(volumes[4].id)
    with cloud.limited_cinder(osapi_max_limit=2):
        assert len(make.cinder.volume_types.list()) == 2
        # The last of all types, by the order in which Cinder gives them.
        planned = openstack.migrate(
            "plan", f"--name={name}-*", moves.type_("gold"), "-f=json"
        )
        found = _checked(openstack, volumes[0], moves.type_("silver"))
    assert planned.exit_code == 0, planned.stderr
    verdicts = {row["ID"]: row for row in planned.json}
    assert verdicts.keys() == {volume.id for volume in volumes}
    assert [verdicts[v.id]["Verdict"] for v in volumes[:3]] == ["ready"] * 3
    for volume, says in zip(
        volumes[3:], ("has 1 snapshot:", "has 2 snapshots:"), strict=True
    ):
        assert says in "; ".join(verdicts[volume.id]["Reasons"])
    assert found["Destination type"][0] == "ok"
