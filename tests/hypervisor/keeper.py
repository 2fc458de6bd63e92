# SPDX-License-Identifier: Apache-2.0
"""Holds the bed's namespaces: ``keeper.py DIRECTORY``, under unshare.

In its mount namespace libvirt finds the bed's own configuration, sockets and
state where the system's would be, and ``mount -t nfs`` binds folders. Of all
that the machine sees nothing, and it is gone with the last process inside.

libvirtd and its guests live in a process namespace within, whose first
process is this file too: with it the kernel ends all the others, however it
ends itself. It ends when its standard input does, as its owner's death sees
to.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
from typing import NoReturn

_BESIDE = {
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "cache": "/var/cache/libvirt",
    "log": "/var/log/libvirt",
    "run": "/run/libvirt",
}

#: Of a share. All memory may be taken, as where the folder itself is.
_OPTIONS = "size=100%,mode=0755"


def _mount(*arguments: str | pathlib.Path) -> None:
    subprocess.run(("mount", *arguments), check=True)


def _furnish(directory: pathlib.Path, mount_nfs: str) -> None:
    """Make the mount namespace what the bed's processes shall see."""
    # What is mounted from now on reaches libvirtd's namespace as well.
    _mount("--make-rshared", "/")
    # Also hides D-Bus: nothing of a guest may be registered elsewhere.
    _mount("-t", "tmpfs", "tmpfs", "/run")
    for name, target in _BESIDE.items():
        pathlib.Path(target).mkdir(exist_ok=True)  # of /run's alone
        _mount("--bind", directory / "libvirt" / name, target)
    _mount("--bind", directory / "bin" / "mount.nfs", mount_nfs)
    # Each share is a file system of its own, as with NFS. Folders of one and
    # the same would hide from Nova that it has bound one already: it would
    # bind it again for each disk, and propagation double all of them.
    for folder in (directory / "backends").iterdir():
        image = directory / "images" / folder.name
        if image.exists():
            _mount("-o", "loop", image, folder)
        else:
            _mount("-t", "tmpfs", "-o", _OPTIONS, "tmpfs", folder)


def _keep(directory: pathlib.Path, mount_nfs: str, libvirtd: str) -> None:
    _furnish(directory, mount_nfs)
    inner = subprocess.Popen(
        (
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("--mount-proc", "--propagation", "slave"),
            *(sys.executable, "-I", __file__, "--first", libvirtd),
        )
    )
    while sys.stdin.buffer.read(1):
        pass
    inner.kill()
    inner.wait()


def _be_first(libvirtd: str) -> NoReturn:
    """Be process 1: reap whatever is left to it, end with the owner."""

    def end_with_owner() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(0)

    threading.Thread(target=end_with_owner, daemon=True).start()
    libvirt = subprocess.Popen((libvirtd,), stdin=subprocess.DEVNULL)
    while True:
        # Guests are left to us: libvirt makes daemons of them.
        pid, status = os.wait()
        if pid == libvirt.pid:
            sys.stderr.write(f"libvirtd has ended: {status}\n")
            sys.stderr.flush()


if __name__ == "__main__":
    # A Ctrl-C is for the owner.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.argv[1] == "--first":
        _be_first(sys.argv[2])
    _keep(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
