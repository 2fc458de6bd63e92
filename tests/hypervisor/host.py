# SPDX-License-Identifier: Apache-2.0
"""What the bed needs of the machine that it runs on."""

from __future__ import annotations

import os
import shutil
import subprocess

#: Commands that have to be there, and the Debian packages that bring them.
_COMMANDS = {
    "libvirtd": "libvirt-daemon-system",
    "virsh": "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mount.nfs": "nfs-common",
    "mkfs.ext4": "e2fsprogs",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    # libvirt-python is built when Nova's environment is made.
    "cc": "gcc",
    "pkg-config": "pkg-config",
}
_PATH = os.pathsep.join(
    (os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")
)
INSTALL = (
    "apt-get install --no-install-recommends qemu-system-x86 qemu-utils "
    "libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients "
    "libvirt-dev nfs-common pkg-config gcc python3-dev"
)


def command(name: str) -> str:
    """Return the path of a command; those of administrators included."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def missing() -> str | None:
    """Say in a sentence why no bed can run here; None if one can."""
    if os.geteuid() != 0:
        return (
            "The hypervisor tests need root, for libvirt and for mounts in "
            "a namespace of their own."
        )
    absent = [
        name for name in _COMMANDS if shutil.which(name, path=_PATH) is None
    ]
    if not absent and not _has_libvirt_headers():
        absent.append("libvirt.h")
    if absent:
        return (
            f"The hypervisor tests need {', '.join(absent)}: on Debian, "
            f"'{INSTALL}' (the packages of bindep.txt)."
        )
    if not _may_have_namespaces():
        return (
            "The hypervisor tests need mount and process namespaces, which "
            "this machine (a container?) does not let root make."
        )
    return None


def _has_libvirt_headers() -> bool:
    return _succeeds("pkg-config", "--exists", "libvirt")


def _may_have_namespaces() -> bool:
    return _succeeds(
        *("unshare", "--mount", "--pid", "--fork", "--mount-proc"),
        *("mount", "-t", "tmpfs", "tmpfs", "/run"),
    )


def _succeeds(name: str, *arguments: str) -> bool:
    done = subprocess.run(
        (command(name), *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
