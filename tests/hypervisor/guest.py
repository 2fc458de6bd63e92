# SPDX-License-Identifier: Apache-2.0
"""A server's guest, as its hypervisor has it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import threading
import time
from typing import Any
from xml.etree import ElementTree

from tests.functional import resources
from tests.hypervisor import bed as bed_
from tests.hypervisor import virsh

_DEVICE = "/dev/"


class Guest:
    """libvirt's domain of a server.

    :ivar domain: its name
    """

    def __init__(self, bed: bed_.Bed, server: Any) -> None:
        self.bed = bed
        self.server = server
        self.domain = str(getattr(server, "OS-EXT-SRV-ATTR:instance_name"))
        self.virsh = virsh.Virsh(bed.namespace.uri)

    def disks(self) -> dict[str, pathlib.Path]:
        """Return target -> file, by ``virsh domblklist``."""
        rows = self.virsh("domblklist", self.domain).splitlines()
        return {
            target: self.bed.exported(pathlib.Path(source))
            for target, source in (row.split(None, 1) for row in rows if row)
        }

    def file(self, target: str) -> pathlib.Path:
        """Return the file that a disk is on."""
        return self.disks()[target]

    def target(self, volume_id: str) -> str:
        """Return the target, like ``vdb``, of a volume attached lately."""
        for disk in self._xml().iter("disk"):
            if disk.findtext("serial") == volume_id:
                return str(disk.find("target").get("dev"))  # type: ignore[union-attr]
        raise AssertionError(f"{self.domain} has no disk {volume_id}")

    def _xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.virsh("dumpxml", self.domain))

    def format(self, target: str) -> str:
        """Return what QEMU takes a disk's file for: ``raw``, ``qcow2``..."""
        for disk in self._xml().iter("disk"):
            if disk.find("target").get("dev") == target:  # type: ignore[union-attr]
                return str(disk.find("driver").get("type"))  # type: ignore[union-attr]
        raise AssertionError(f"{self.domain} has no disk {target}")

    def device(self, target: str) -> str:
        """Return what QEMU calls a disk."""
        for disk in self._xml().iter("disk"):
            if disk.find("target").get("dev") == target:  # type: ignore[union-attr]
                alias = disk.find("alias").get("name")  # type: ignore[union-attr]
                return f"/machine/peripheral/{alias}/virtio-backend"
        raise AssertionError(f"{self.domain} has no disk {target}")

    def state(self) -> str:
        """Return ``running``, ``paused``, ``shut off``..."""
        return self.virsh("domstate", self.domain).strip()

    def is_persistent(self) -> bool:
        """Whether libvirt keeps it when it stops; not during a copy."""
        info = self.virsh("dominfo", self.domain)
        return re.search(r"Persistent: +yes", info) is not None

    def progress(self, target: str) -> int | None:
        """Return how much of a copy is done, in percent; None: no copy."""
        said = self.virsh("blockjob", self.domain, target, "--raw")
        found = dict(re.findall(r"(\w+)=(\d+)", said))
        if "end" not in found:
            return None
        # Of nothing to copy, all is done.
        return 100 * int(found["cur"]) // max(1, int(found["end"]))

    def kill(self) -> None:
        """End QEMU as a crash would."""
        uuid = self._xml().findtext("uuid")
        os.kill(self._qemu(f"\0-uuid\0{uuid}\0"), signal.SIGKILL)

    @staticmethod
    def _qemu(option: str) -> int:
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if option in (process / "cmdline").read_text():
                    return int(process.name)
            except OSError:  # it has ended meanwhile
                continue
        raise AssertionError("there is no such QEMU")

    def qemu_log(self) -> str:
        """What QEMU has said, and of what is written through its monitor."""
        log = self.bed.directory / "libvirt" / "log" / "qemu"
        return (log / f"{self.domain}.log").read_text(errors="replace")


class SlowCopy:
    """Makes the next copy of a disk slow, from its beginning.

    A context manager; what is under way when it is left gets all speed.

    :param speed: in MiB/s
    """

    def __init__(self, guest: Guest, target: str, speed: int = 16) -> None:
        self._guest = guest
        self._target = target
        self._speed = speed
        self._begun = threading.Event()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._slow_down, daemon=True)

    def __enter__(self) -> SlowCopy:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._left.set()
        self._thread.join()
        # The guest may have ended.
        with contextlib.suppress(virsh.VirshError):
            self.set_speed(0)

    def _slow_down(self) -> None:
        # By QEMU's monitor: libvirt 9.0 may crash when it is asked about a
        # job that it is about to start.
        session = self._guest.virsh.session()
        try:
            while not self._left.is_set():
                if self._set_speed(session, self._speed):
                    self._begun.set()
                    return
                time.sleep(0.01)
        finally:
            session.close()

    def _set_speed(self, session: virsh.Session, speed: int) -> bool:
        """Tell whether there was a copy to set the speed of."""
        ask = f"qemu-monitor-command {self._guest.domain} --hmp"
        jobs = session.ask(f"{ask} 'info block-jobs'")
        found = re.search(rf"device (copy-{self._target}-[\w-]+):", jobs)
        if found is None:
            return False
        session.ask(f"{ask} 'block_job_set_speed {found.group(1)} {speed}M'")
        return True

    def set_speed(self, speed: int) -> None:
        """Set another speed; 0 is as fast as it can."""
        session = self._guest.virsh.session()
        try:
            self._set_speed(session, speed)
        finally:
            session.close()

    def until_middle(self) -> None:
        """Wait until some of the disk is copied, and not all."""
        assert self._begun.wait(180), "no copy has begun"
        resources.until(
            "copying",
            lambda: (self._guest.progress(self._target) or 0) > 0,
            seconds=120,
        )
        progress = self._guest.progress(self._target)
        assert progress is not None, "the copy has ended already"
        assert progress < 90, f"the copy is at {progress} % already"

    def until_ready(self) -> None:
        """Wait until the mirror has all, and has only to follow."""
        resources.until(
            "mirror ready",
            lambda: self._guest.progress(self._target) == 100,
        )
