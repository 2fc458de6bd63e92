# SPDX-License-Identifier: Apache-2.0
"""Brings about what becomes of a move when a service dies in its middle."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from tests.functional import killable, resources, shell
from tests.hypervisor import records, scene, writer

_RETYPE = ("--destination-type=gold",)


@dataclasses.dataclass
class Broken:
    """A move whose services have died and are back again.

    :ivar command: the ``run`` that started it, and waits for it still
    :ivar copy_id: the volume that it moves to
    :ivar writer: writes on into the disk
    """

    at: scene.Scene
    command: killable.Command
    copy_id: str
    writer: writer.Writer
    moments: dict[str, object] = dataclasses.field(default_factory=dict)

    def note(self, moment: str) -> None:
        """Keep all records of a moment."""
        self.moments[moment] = records.of(self.at, self.copy_id)


def _copy_id(at: scene.Scene) -> str:
    """The volume that Cinder made for the move, or the command did."""
    return next(
        str(row["id"])
        for row in at.bed.inventory()["volumes"].values()
        if row["id"] != at.id
        and (
            row["migration_status"] == f"target:{at.id}"
            or row["name"] == at.volume.name
        )
    )


@contextlib.contextmanager
def _in_mid_copy(
    at: scene.Scene, openstack: shell.Openstack, words: tuple[str, ...]
) -> Iterator[tuple[Broken, Callable[[], None]]]:
    """Start a move; give it, and what lets its copy run on.

    The command is killed in the end if nobody waited for it.
    """
    command = killable.Command(
        openstack, "volume", "watcher-migrate", "run", at.id, *words, "-f=json"
    )
    try:
        with at.writer() as writes, at.slow_copy() as copy:
            copy.until_middle()
            broken = Broken(at, command, _copy_id(at), writes)
            broken.note("in mid-copy")
            yield broken, lambda: copy.set_speed(0)
    finally:
        if command._process.is_alive():
            command._process.kill()


@contextlib.contextmanager
def compute_killed(
    at: scene.Scene,
    openstack: shell.Openstack,
    words: tuple[str, ...] = _RETYPE,
) -> Iterator[Broken]:
    """nova-compute is killed in mid-copy, and started when all is copied.

    The guest is on the source, and stays there: QEMU mirrors every write to
    the copy, and nobody tells it to go over.
    """
    nova = at.bed.service("nova")
    with _in_mid_copy(at, openstack, words) as (broken, run_on):
        nova.kill()
        run_on()
        resources.until(
            "mirror ready", lambda: at.guest.progress(at.target) == 100
        )
        nova.start()
        broken.note("nova-compute is back")
        yield broken


@contextlib.contextmanager
def cinder_down_at_end(
    at: scene.Scene,
    openstack: shell.Openstack,
    words: tuple[str, ...] = _RETYPE,
) -> Iterator[Broken]:
    """Cinder is killed in mid-copy, and is back when Nova's swap has ended.

    The guest is on the copy: Nova had QEMU go over to it and could then not
    tell Cinder so.
    """
    cinder = at.bed.service("cinder")
    with _in_mid_copy(at, openstack, words) as (broken, run_on):
        cinder.kill()
        run_on()
        resources.until("Nova's swap ended", lambda: _ended(at), seconds=240)
        cinder.start()
        broken.note("Cinder is back")
        yield broken


def _ended(at: scene.Scene) -> bool:
    newest = records.swaps(at)[0]
    return all(event["finish_time"] for event in newest["events"])
