# SPDX-License-Identifier: Apache-2.0
"""``run --swap-via nova`` on a Nova that accepts direct swaps."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import inventory
from tests.functional import killable, resources, shell, untouched

_KEPT_IN_CINDER = (
    "name",
    "description",
    "metadata",
    "bootable",
    "size",
    "availability_zone",
    "volume_image_metadata",
)
_KEPT_IN_NOVA = ("device", "tag", "delete_on_termination", "bdm_uuid")


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """Its Nova is 31.0.0."""
    return swap_cloud


@dataclasses.dataclass
class AttachedVolume:
    """A server with a volume that has everything a swap may lose."""

    make: resources.Resources
    server: Any
    volume: Any
    content: str
    nova: dict[str, Any]

    @classmethod
    def prepare(
        cls, make: resources.Resources, server: Any = None, **fields: Any
    ) -> AttachedVolume:
        """Make it; on that server or on one of its own."""
        server = server or make.server()
        volume = make.volume(
            description="of a guest", metadata={"keep": "me"}, **fields
        )
        volumes = make.cinder.volumes
        volumes.set_bootable(volume.id, True)
        volumes.set_image_metadata(volume.id, {"hw_disk_bus": "scsi"})
        volumes.update_readonly_flag(volume.id, True)
        make.attach(
            server.id, volume.id, tag="data", delete_on_termination=True
        )
        return cls(
            make,
            server,
            make.seen(volume.id),
            make.cloud.digest(volume.id),
            make.server_volumes(server.id)[volume.id],
        )

    def assert_moved(self, done: shell.Completed) -> Any:
        """Only what must be different is; gives the new volume."""
        assert done.exit_code == 0, done.stderr
        cloud, make = self.make.cloud, self.make
        new = make.seen(done.json["new_volume_id"])
        assert new.id != self.volume.id
        assert new.volume_type == "gold"
        device = self.nova["device"]
        path = cloud.guest_path(self.server.id, device)
        assert path == cloud.volume_path(new.id)
        assert cloud.guest_digest(self.server.id, device) == self.content
        for field in _KEPT_IN_CINDER:
            assert getattr(new, field) == getattr(self.volume, field), field
        now = make.server_volumes(self.server.id)[new.id]
        for field in _KEPT_IN_NOVA:
            assert now[field] == self.nova[field], field
        assert self.volume.id not in make.server_volumes(self.server.id)
        return new


def _swap(
    openstack: shell.Openstack, volume: Any, *words: str
) -> shell.Completed:
    return openstack.migrate("run", *_words(volume), *words)


def _words(volume: Any) -> tuple[str, ...]:
    return (
        volume.id,
        "--swap-via=nova",
        "--destination-type=gold",
        "-f=json",
    )


def _came_and_went(
    before: inventory.Inventory, after: inventory.Inventory
) -> dict[str, list[str]]:
    changes: dict[str, list[str]] = {"came": [], "went": []}
    for change in before.difference(after):
        if change.before is None:
            changes["came"].append(change.kind)
        elif change.after is None:
            changes["went"].append(change.kind)
    return changes


@pytest.mark.parametrize("status", ["ACTIVE", "PAUSED", "VERIFY_RESIZE"])
def test_only_what_must_be_is_different(
    make: resources.Resources, openstack: shell.Openstack, status: str
) -> None:
    attached = AttachedVolume.prepare(make)
    servers, server_id = make.nova.servers, attached.server.id
    if status == "PAUSED":
        servers.pause(server_id)
    elif status == "VERIFY_RESIZE":
        small = next(
            f.id for f in make.nova.flavors.list() if f.name == "small"
        )
        servers.resize(server_id, small)
    make.until_server(server_id, status)
    before = make.cloud.inventory()

    done = _swap(openstack, attached.volume)

    attached.assert_moved(done)
    assert make.is_gone(attached.volume.id)
    changes = _came_and_went(before, make.cloud.inventory())
    assert sorted(changes["came"]) == ["attachments", "volumes"]
    assert sorted(changes["went"]) == ["attachments", "volumes"]
    assert "OSSN-0094" in done.stderr
    assert f"openstack server reboot --hard {server_id}" in done.stderr


def test_moves_a_root_disk(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    server = make.server()
    (root_id,) = make.server_volumes(server.id)
    content = make.cloud.digest(root_id)

    done = _swap(openstack, make.seen(root_id))

    assert done.exit_code == 0, done.stderr
    new = make.seen(done.json["new_volume_id"])
    assert new.bootable == "true"
    assert make.cloud.guest_digest(server.id, "/dev/vda") == content
    assert set(make.server_volumes(server.id)) == {new.id}


def test_the_user_can_do_little_and_not_for_long(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, cloud = AttachedVolume.prepare(make), make.cloud
    mark = cloud.fault_proxy.mark()

    done = _swap(openstack, attached.volume)

    assert done.exit_code == 0, done.stderr
    requests = cloud.fault_proxy.since(mark)
    writes = [r for r in requests if r.method != "GET"]
    user = next(r for r in writes if r.path.endswith("/v3/users"))
    user_id = json.loads(user.response_body)["user"]["id"]
    (grant,) = [r for r in writes if "/roles/" in r.path]
    (member,) = make.keystone.roles.list(name="member")
    assert grant.path.endswith(
        f"/projects/{make.project_id('demo')}/users/{user_id}"
        f"/roles/{member.id}"
    )
    disabled = next(r for r in writes if r.method == "PATCH")
    assert disabled.json == {"user": {"enabled": False}}
    swap = next(
        r
        for r in writes
        if "os-volume_attachments" in r.path and r.status == 202
    )
    assert writes.index(disabled) < writes.index(swap)
    deleted = writes[-1]
    assert deleted.method == "DELETE"
    assert deleted.path.endswith(f"/users/{user_id}")


def test_no_secret_is_ever_shown(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, cloud = AttachedVolume.prepare(make), make.cloud
    path = str(cloud.volume_path(attached.volume.id))
    mark = cloud.fault_proxy.mark()
    command = killable.Command(
        openstack,
        "--debug",
        "-v",
        "volume",
        "watcher-migrate",
        "run",
        *_words(attached.volume),
    )

    done = command.end()

    assert done.exit_code == 0, done.stderr
    shown = done.stdout + done.stderr
    requests = cloud.fault_proxy.since(mark)
    user = next(
        r for r in requests if r.method == "POST" and "/users" in r.path
    )
    assert user.json["user"]["password"] not in shown
    tokens = {
        r.response_headers["X-Subject-Token"]
        for r in requests
        if r.path.endswith("/auth/tokens") and r.response_headers is not None
    }
    assert len(tokens) == 2
    for token in tokens:
        assert token not in shown
    # What connection_info says: here a path, elsewhere a secret.
    assert path not in shown
    assert str(cloud.volume_path(done.json["new_volume_id"])) not in shown


def test_keeps_the_source_if_asked_to(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached = AttachedVolume.prepare(make)

    done = _swap(openstack, attached.volume, "--keep-source")

    new = attached.assert_moved(done)
    source = make.seen(attached.volume.id)
    assert source.status == "available"
    assert source.name == f"{attached.volume.name}-migrated"
    assert source.metadata["volmig_replaced_by"] == new.id
    assert make.cloud.digest(source.id) == attached.content


def test_another_domain_and_role(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, keystone = AttachedVolume.prepare(make), make.keystone
    domain = keystone.domains.create(make.name("domain"))
    mark = make.cloud.fault_proxy.mark()

    done = _swap(
        openstack,
        attached.volume,
        f"--temporary-user-domain={domain.name}",
        "--temporary-user-role=manager",
    )

    attached.assert_moved(done)
    requests = make.cloud.fault_proxy.since(mark)
    user = next(
        r for r in requests if r.method == "POST" and "/users" in r.path
    )
    assert user.json["user"]["domain_id"] == domain.id
    (role,) = keystone.roles.list(name="manager")
    assert any(r.path.endswith(f"/roles/{role.id}") for r in requests)


def test_what_the_tenant_renames_meanwhile_stays_renamed(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached = AttachedVolume.prepare(make)

    def rename(_: Any) -> None:
        volumes = make.cinder_of("alice").volumes
        volumes.update(attached.volume.id, name="renamed")
        volumes.set_metadata(attached.volume.id, {"keep": "you", "more": "1"})

    with make.cloud.fault_proxy.fault(
        method="GET", path="/os-instance-actions/req", call=rename
    ):
        done = _swap(openstack, attached.volume)

    assert done.exit_code == 0, done.stderr
    new = make.seen(done.json["new_volume_id"])
    assert new.name == "renamed"
    assert new.metadata["keep"] == "you"
    assert new.metadata["more"] == "1"


def test_two_runs_for_one_volume(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached = AttachedVolume.prepare(make)
    commands = [
        killable.Command(
            openstack,
            "volume",
            "watcher-migrate",
            "run",
            *_words(attached.volume),
        )
        for _ in (1, 2)
    ]

    ended = sorted(
        (command.end() for command in commands), key=lambda d: d.exit_code
    )

    attached.assert_moved(ended[0])
    assert ended[1].exit_code == 1
    assert "Traceback" not in ended[1].stderr
    assert set(make.server_volumes(attached.server.id)) >= {
        ended[0].json["new_volume_id"]
    }
    assert not [
        user
        for user in make.keystone.users.list()
        if user.name.startswith("volmig-")
    ]


def test_two_volumes_of_one_server(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    one = AttachedVolume.prepare(make)
    other = AttachedVolume.prepare(make, one.server)
    commands = [
        killable.Command(
            openstack,
            "volume",
            "watcher-migrate",
            "run",
            *_words(attached.volume),
        )
        for attached in (one, other)
    ]

    for attached, command in zip((one, other), commands, strict=True):
        attached.assert_moved(command.end())


@pytest.mark.parametrize("status", ["success", "error"])
def test_never_slips_past_a_guard(
    make: resources.Resources, openstack: shell.Openstack, status: str
) -> None:
    attached = AttachedVolume.prepare(make)
    make.cinder.volumes.reset_state(
        attached.volume.id, None, migration_status=status
    )

    said = untouched.refused(
        make.cloud, openstack, "run", *_words(attached.volume)
    )

    assert "OSSN-0094" in said
    _assert_cinder_may(openstack, attached.volume, said)


def _assert_cinder_may(
    openstack: shell.Openstack, volume: Any, said: str
) -> None:
    """What is said that helps does."""
    assert untouched.remedies(said) == ["use --swap-via cinder"]
    done = openstack.migrate(
        "check", volume.id, "--swap-via=cinder", "--destination-type=gold"
    )
    assert done.exit_code == 0, done.stdout


def test_what_kubernetes_finds_by_its_id_keeps_it(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached = AttachedVolume.prepare(make, name="pvc-1b2f8a77")

    said = untouched.refused(
        make.cloud, openstack, "run", *_words(attached.volume)
    )

    assert "Kubernetes finds the volume by its ID" in said
    _assert_cinder_may(openstack, attached.volume, said)


def test_a_guarded_nova_is_asked_for_nothing(
    current_cloud: cloud_.Cloud,
) -> None:
    make = resources.Resources(current_cloud)
    openstack = shell.Openstack(current_cloud.environment("admin"))
    attached = AttachedVolume.prepare(make)

    said = untouched.refused(
        current_cloud, openstack, "run", *_words(attached.volume)
    )

    assert "OSSN-0094" in said
    _assert_cinder_may(openstack, attached.volume, said)


@pytest.mark.parametrize(
    "quota",
    [
        {"volumes": 0},
        {"gigabytes": 0},
        {"per_volume_gigabytes": 0},
        {"volumes_gold": 0},
        {"gigabytes_gold": 0},
    ],
    ids=lambda quota: next(iter(quota)),
)
def test_a_quota_that_does_not_suffice(
    make: resources.Resources,
    openstack: shell.Openstack,
    quota: dict[str, int],
) -> None:
    attached, project_id = (
        AttachedVolume.prepare(make),
        make.project_id("demo"),
    )
    make.cinder.quotas.update(project_id, **quota)
    try:
        said = untouched.refused(
            make.cloud, openstack, "run", *_words(attached.volume)
        )
        untouched.apply_remedy(openstack, said)
        done = openstack.migrate("check", *_words(attached.volume))
    finally:
        make.cinder.quotas.delete(project_id)

    assert next(iter(quota)) in said
    assert done.exit_code == 0, done.stdout


def test_a_disabled_project(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, projects = AttachedVolume.prepare(make), make.keystone.projects
    project_id = make.project_id("demo")
    projects.update(project_id, enabled=False)
    try:
        said = untouched.refused(
            make.cloud, openstack, "run", *_words(attached.volume)
        )
        untouched.apply_remedy(openstack, said)
        done = openstack.migrate("check", *_words(attached.volume))
    finally:
        projects.update(project_id, enabled=True)

    assert "is disabled" in said
    assert done.exit_code == 0, done.stdout
