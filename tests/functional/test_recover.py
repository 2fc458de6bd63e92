# SPDX-License-Identifier: Apache-2.0
"""``recover``: what it finds, what it leaves alone, what it asks."""

from __future__ import annotations

import os
import pty
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import killable, resources, shell

_SWAP = ("--swap-via=nova", "--destination-type=gold")


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """Its Nova takes direct swaps."""
    return swap_cloud


def _recover(openstack: shell.Openstack, *words: str) -> shell.Completed:
    done = openstack.migrate("recover", "-f=json", *words)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def killed(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> Iterator[Any]:
    """An attached volume whose swap was killed before Nova was asked."""
    volume = make.volume()
    make.server(volume)
    commands: list[killable.Command] = []
    with cloud.fault_proxy.fault(
        service="compute",
        method="PUT",
        path=f"/os-volume_attachments/{volume.id}$",
        # The first is the probe of whether Nova would take it.
        nth=2,
        call=lambda _: os.kill(commands[0].pid, signal.SIGKILL),
        drop="before",
    ) as rule:
        commands.append(
            killable.Command(
                openstack,
                "volume",
                "watcher-migrate",
                "run",
                volume.id,
                *_SWAP,
            )
        )
        assert commands[0].end().exit_code == -signal.SIGKILL
    assert rule.hits == 1
    yield volume
    _recover(openstack, "--auto-approve", "--older-than=0")


def test_without_approval_it_only_looks(
    cloud: cloud_.Cloud, openstack: shell.Openstack, killed: Any
) -> None:
    before, mark = cloud.inventory(), cloud.fault_proxy.mark()

    done = _recover(openstack, "--older-than=0")

    assert done.exit_code == 1
    (row,) = (row for row in done.json if killed.id in row["Source"])
    assert row["Kind"] == "interrupted swap"
    assert row["User"] == f"volmig-{killed.id}"
    assert row["State"] == "Nova has no record of the swap"
    assert row["To Do"] == "delete the destination and the temporary user"
    assert row["Result"] == ""
    assert not before.difference(cloud.inventory())
    methods = {
        request.method
        for request in cloud.fault_proxy.since(mark)
        if not request.path.endswith("/auth/tokens")
    }
    assert methods == {"GET"}


def test_what_may_be_alive_is_left_alone(
    cloud: cloud_.Cloud, openstack: shell.Openstack, killed: Any
) -> None:
    before = cloud.inventory()

    done = _recover(openstack, "--auto-approve")

    (row,) = (row for row in done.json if killed.id in row["Source"])
    assert row["To Do"].startswith("nothing: it was started ")
    assert not before.difference(cloud.inventory())


def test_with_approval_it_undoes_what_is_proven(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    killed: Any,
) -> None:
    done = _recover(openstack, "--auto-approve", "--older-than=0")

    assert done.exit_code == 0, done.stderr
    (row,) = (row for row in done.json if killed.id in row["Source"])
    assert row["Result"] == "done"
    assert make.seen(killed.id).status == "in-use"
    again = _recover(openstack, "--older-than=0")
    assert not [row for row in again.json if killed.id in row["Source"]]


def test_on_a_terminal_it_asks(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    killed: Any,
) -> None:
    before = cloud.inventory()

    asked, (row,) = _answered(openstack, killed, "n")
    assert asked.exit_code == 1, asked.stderr
    assert f"{killed.id}: Nova has no record of the swap: " in asked.stderr
    assert asked.stderr.endswith("Do this now? [y/N] ")
    assert row["Result"] == ""
    assert not before.difference(cloud.inventory())

    asked, (row,) = _answered(openstack, killed, "y")
    assert asked.exit_code == 0, asked.stderr
    assert row["Result"] == "done"
    assert make.seen(killed.id).status == "in-use"


def _answered(
    openstack: shell.Openstack, volume: Any, answer: str
) -> tuple[shell.Completed, list[dict[str, Any]]]:
    ours, its = pty.openpty()
    words = ("recover", "-f=json", "--older-than=0")
    process = openstack.start("volume", "watcher-migrate", *words, stdin=its)
    os.close(its)
    os.write(ours, f"{answer}\n".encode())
    stdout, stderr = process.communicate(timeout=120)
    os.close(ours)
    done = shell.Completed(process.returncode, stdout, stderr)
    return done, [row for row in done.json if volume.id in row["Source"]]


def test_others_leftovers_are_advice_only(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    users, roles = make.keystone.users, make.keystone.roles
    (admin,) = roles.list(name="admin")
    forged = users.create("aB3dE5gH7j", domain="default", password="x")
    roles.grant(admin, user=forged, project=make.project_id("demo"))
    stuck = make.volume()
    make.cinder.volumes.reset_state(
        stuck.id, None, migration_status="migrating"
    )
    try:
        before = cloud.inventory()

        done = _recover(openstack, "--auto-approve", "--older-than=0")

        advised = {row["Source"]: row for row in done.json}
        assert advised[forged.id]["Kind"] == "admin user"
        assert "OSSN-0094" in advised[forged.id]["To Do"]
        assert advised[stuck.id]["Kind"] == "moving volume"
        assert "never delete its target" in advised[stuck.id]["To Do"]
        assert not before.difference(cloud.inventory())
    finally:
        users.delete(forged)
        make.cinder.volumes.reset_state(
            stuck.id, "available", migration_status="none"
        )
