# SPDX-License-Identifier: Apache-2.0
"""The guest ends, or there is no room, in the middle of a copy."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests.functional import killable, moves, resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import configuration, guest, scene, virsh

_RETYPE = ("--destination-type=gold",)


def _started(openstack: shell.Openstack, at: scene.Scene) -> killable.Command:
    return killable.Command(
        openstack,
        *("volume", "watcher-migrate", "run", at.id, *_RETYPE, "-f=json"),
    )


def _power_off(domain: guest.Guest) -> None:
    domain.virsh("destroy", domain.domain)


@pytest.mark.parametrize(
    "end",
    [
        _power_off,
        pytest.param(guest.Guest.kill, marks=pytest.mark.ci),
    ],
    ids=["powered off", "killed"],
)
def test_the_guest_ends(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
    end: Callable[[guest.Guest], None],
) -> None:
    at = scenes.data_disk()
    command = _started(openstack, at)

    with at.writer() as writer, at.slow_copy() as copy:
        copy.until_middle()
        end(at.guest)
        done = command.end()

    assert done.exit_code == 1
    assert "kept its disk" in done.stderr
    writer.assert_all_in(at.bed.volume_path(at.id))
    # It starts on what it was on.
    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")
    at.assert_stayed()
    at.assert_alone()


@contextlib.contextmanager
def _full(bed: bed_.Bed, backend: str) -> Iterator[None]:
    """Leave a backend's file system 16 MiB of room."""
    folder = bed.namespace.path(bed.directory / "backends" / backend)
    filler = folder / "filler"
    with filler.open("wb") as file:
        free = os.fstatvfs(file.fileno())
        room = free.f_bavail * free.f_frsize - (16 << 20)
        os.posix_fallocate(file.fileno(), 0, room)
    try:
        yield
    finally:
        filler.unlink()


def test_the_destination_is_full(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    at = scenes.data_disk()
    make.disable("cloud@gamma")
    try:
        with _full(at.bed, "delta"), at.writer() as writer:
            done = moves.run(openstack, at.volume, *_RETYPE)
        assert done.exit_code == 1
        assert "kept its disk" in done.stderr
        at.assert_stayed()

        with at.writer() as writer:
            writer.until_more(5)
            again = moves.run(openstack, at.volume, *_RETYPE)
    finally:
        make.enable("cloud@gamma")

    assert again.exit_code == 0, again.stderr
    at.assert_moved("gold", configuration.DELTA)
    writer.assert_all_in(at.bed.volume_path(at.id))


def test_the_server_is_deleted(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    at = scenes.data_disk()
    command = _started(openstack, at)

    with at.writer() as writer, at.slow_copy() as copy:
        copy.until_middle()
        # Nova ends the swap first: both need its lock of the server.
        make.nova.servers.delete(at.server.id)
        writer.until_more(10)
        copy.set_speed(0)
        done = command.end()
    resources.until("server gone", lambda: _is_gone(at.guest))

    writer.assert_all_in(at.bed.volume_path(at.id))
    assert "Traceback" not in done.stderr
    # Nova deletes the attachment that it knew when it was told to delete:
    # the new one stays, of a server that is not there any more.
    seen = make.seen(at.id)
    assert seen.volume_type == "gold"
    assert seen.status == "in-use"
    checked = openstack.migrate(
        "check", at.id, "--destination-type=bronze", "-f=json"
    )
    assert checked.exit_code == 1
    assert at.server.id in checked.stdout + checked.stderr


def _is_gone(domain: guest.Guest) -> bool:
    try:
        domain.state()
    except virsh.VirshError:
        return True
    return False
