# SPDX-License-Identifier: Apache-2.0
"""The five steps lose nothing, whatever others do meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import five_steps, resources, shell

_DEVICE = "/dev/vdb"


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """Its Nova accepts direct swaps."""
    return swap_cloud


class AttachedVolume:
    """A server with a volume, and what is done while it is swapped."""

    def __init__(
        self, make: resources.Resources, openstack: shell.Openstack
    ) -> None:
        self.make, self.openstack = make, openstack
        self.volume = make.volume()
        self.server = make.server(self.volume)
        self.content = make.cloud.digest(self.volume.id)

    def destination(self) -> Any:
        """The volume that bears the mark of this swap."""
        (found,) = [
            volume
            for volume in self.make.cinder.volumes.list(
                search_opts={"all_tenants": 1}
            )
            if volume.metadata.get("volmig_source") == self.volume.id
        ]
        return found

    def run(self, *words: str) -> shell.Completed:
        """Swap the volume."""
        return self.openstack.migrate(
            "run",
            self.volume.id,
            "--swap-via=nova",
            "--destination-type=gold",
            "-f=json",
            *words,
        )

    def run_with(
        self, request: str, done: Callable[[], object], when: str = "before"
    ) -> shell.Completed:
        """Swap the volume; do something at one of the requests."""
        with self.make.cloud.fault_proxy.fault(
            **five_steps.request(request).match,
            call=lambda _: done(),
            when=when,
        ) as rule:
            completed = self.run()
        assert rule.hits
        assert "Traceback" not in completed.stderr
        return completed

    def recover(self) -> list[dict[str, Any]]:
        """What recover says of this volume's swap, and does about it."""
        done = self.openstack.migrate(
            "recover", "--auto-approve", "--older-than=0", "-f=json"
        )
        return [row for row in done.json if self.volume.id in row["Source"]]

    def users(self) -> list[str]:
        """Temporary users of this volume."""
        return [
            user.id
            for user in self.make.keystone.users.list()
            if user.name == f"volmig-{self.volume.id}"
        ]

    def assert_unharmed(self) -> None:
        """The guest has its bytes, wherever they are."""
        digest = self.make.cloud.guest_digest(self.server.id, _DEVICE)
        assert digest == self.content

    def assert_as_before(self) -> None:
        """The guest is on the source, and nothing else is there."""
        self.assert_unharmed()
        cloud = self.make.cloud
        assert cloud.guest_path(self.server.id, _DEVICE) == cloud.volume_path(
            self.volume.id
        )
        assert self.make.seen(self.volume.id).status == "in-use"
        assert self.users() == []


@pytest.fixture
def attached(
    make: resources.Resources, openstack: shell.Openstack
) -> AttachedVolume:
    """Everything is as it should be, until a test changes it."""
    return AttachedVolume(make, openstack)


def test_a_destination_that_broke_before_the_swap(
    attached: AttachedVolume,
) -> None:
    # Nova 31 answers 500 then, and leaves the source detaching.
    def spoil() -> None:
        destination = attached.destination()
        attached.make.cinder.volumes.reset_state(destination.id, "error")

    done = attached.run_with("PUT attachment (swap)", spoil)

    assert done.exit_code == 1
    assert "500" in done.stderr
    attached.assert_as_before()
    assert attached.recover() == []


def test_a_run_at_work_has_left_nothing_behind(
    attached: AttachedVolume,
) -> None:
    said: list[shell.Completed] = []

    def look() -> None:
        said.append(attached.openstack.migrate("status"))

    done = attached.run_with("POST metadata (pending)", look)

    assert done.exit_code == 0, done.stderr
    (status,) = said
    assert status.exit_code == 0, status.stderr
    assert "leftover" not in status.stderr
    assert "running or were interrupted: 1; see" in status.stderr


def test_a_destination_that_a_tenant_attaches(
    attached: AttachedVolume,
) -> None:
    other = attached.make.server()

    def attach() -> None:
        attached.make.attach(other.id, attached.destination().id)

    done = attached.run_with("POST metadata (pending)", attach, "after")

    assert done.exit_code == 1
    destination = attached.destination()
    assert destination.status == "in-use"
    assert destination.id in done.stderr
    attached.assert_unharmed()
    # Somebody uses it: it is named, and not touched.
    (row,) = attached.recover()
    assert row["Result"] == ""
    attached.make.nova.volumes.delete_server_volume(other.id, destination.id)
    resources.until(
        "detached",
        lambda: attached.make.seen(destination.id).status == "available",
    )
    (row,) = attached.recover()
    assert row["Result"] == "done"
    assert attached.make.is_gone(destination.id)
    attached.assert_as_before()


def test_a_destination_that_a_tenant_deletes(attached: AttachedVolume) -> None:
    def delete() -> None:
        attached.make.delete(attached.destination().id)

    done = attached.run_with("POST metadata (pending)", delete, "after")

    assert done.exit_code == 1
    attached.assert_as_before()
    assert attached.recover() == []


def test_a_source_that_a_tenant_detaches(attached: AttachedVolume) -> None:
    make, source_id = attached.make, attached.volume.id

    def detach() -> None:
        make.nova.volumes.delete_server_volume(attached.server.id, source_id)
        resources.until(
            "detached", lambda: make.seen(source_id).status == "available"
        )

    done = attached.run_with("POST metadata (pending)", detach)

    assert done.exit_code == 1
    assert "no longer as it was" in done.stderr
    assert make.cloud.digest(source_id) == attached.content
    assert make.seen(source_id).status == "available"
    assert attached.users() == []


@pytest.mark.parametrize(
    ("when", "said"),
    [("before", "it has 1 snapshot(s)"), ("after", "left: the source volume")],
)
def test_a_snapshot_made_after_the_swap_keeps_the_source(
    attached: AttachedVolume, when: str, said: str
) -> None:
    make = attached.make

    def snapshot() -> None:
        made = make.cinder_of("alice").volume_snapshots.create(
            attached.volume.id
        )
        resources.until(
            "snapshot",
            lambda: (
                make.cinder.volume_snapshots.get(made.id).status == "available"
            ),
        )

    done = attached.run_with("GET snapshots", snapshot, when)

    assert done.exit_code == 0
    assert said in done.stderr
    source = make.seen(attached.volume.id)
    assert source.metadata["volmig_replaced_by"] == done.json["new_volume_id"]
    attached.assert_unharmed()
    assert attached.users() == []


def test_a_swap_that_is_never_taken_up_is_fenced(
    attached: AttachedVolume,
) -> None:
    make = attached.make
    switches = make.cloud.fault_switches("nova")
    switches.set(consume="never")
    try:
        done = attached.run("--timeout=30")

        assert done.exit_code == 1
        assert done.json["result"] == "still running"
        destination = attached.destination()
        assert destination.id in done.stderr
        (row,) = attached.recover()
        assert row["Result"] == "done", row
        attached.assert_as_before()
    finally:
        switches.clear()
    # Now nova-compute takes it up after all; and can do no harm.
    (swap,) = [
        action
        for action in make.nova.instance_action.list(attached.server.id)
        if action.action == "swap_volume"
    ]

    def failed() -> bool:
        events = make.nova.instance_action.get(
            attached.server.id, swap.request_id
        ).to_dict()["events"]
        return bool(events) and events[0]["result"] == "Error"

    resources.until("the late swap failed", failed)
    attached.assert_as_before()


def test_nova_compute_dies_while_it_copies(attached: AttachedVolume) -> None:
    make, nova = attached.make, attached.make.cloud.service("nova")
    switches = make.cloud.fault_switches("nova")
    switches.set(swap="hang")
    try:
        done = attached.run("--timeout=30")
        nova.kill()
    finally:
        switches.clear()
        nova.start()

    # Nobody can tell over the API where the guest's disk is.
    assert done.exit_code == 1
    (row,) = attached.recover()
    assert row["Result"] == ""
    assert "if nova-compute was restarted" in row["To Do"]
    attached.assert_unharmed()
    assert not make.is_gone(attached.volume.id)
    assert not make.is_gone(attached.destination().id)
    # No later test is to find it.
    make.unmark()
