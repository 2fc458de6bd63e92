# SPDX-License-Identifier: Apache-2.0
"""A libvirt of the bed's own, which the machine it runs on never sees."""

from __future__ import annotations

import pathlib
import shlex
import subprocess
import sys
import time

from tests.cloud import environments, errors
from tests.hypervisor import host

_KEEPER = pathlib.Path(__file__).with_name("keeper.py")
_TIMEOUT = 30.0

#: NFS shares are folders here; "mounting" one binds it. Only what is the
#: bed's is ever bound, and only below the bed's folder.
_MOUNT_NFS = """\
#!/bin/sh
# mount.nfs SHARE MOUNTPOINT [-o OPTIONS]
[ $# -ge 2 ] || exit 1
folder=${1#*:}
case $folder in {bed}/backends/*) ;; *) exit 32 ;; esac
case $2 in {bed}/*) ;; *) exit 32 ;; esac
exec mount --bind "$folder" "$2"
"""
_QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""
_LIBVIRTD_CONF = """\
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
_WRAPPER = """\
#!/bin/sh
exec nsenter --mount=/proc/{pid}/ns/mnt -- \\
    /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" {python} "$@"
"""


class Namespace:
    """The mount namespace of a bed, with its libvirtd.

    :param directory: the bed's
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that holds the namespace."""
        if self._keeper is None:
            raise errors.CloudError("there is no namespace by now")
        return self._keeper.pid

    @property
    def uri(self) -> str:
        """How libvirt's clients outside of the namespace reach it."""
        return f"qemu+unix:///system?socket={self._socket}"

    @property
    def _socket(self) -> pathlib.Path:
        return self._directory / "libvirt" / "run" / "libvirt-sock"

    @property
    def log(self) -> pathlib.Path:
        return self._directory / "logs" / "keeper.log"

    def path(self, inside: pathlib.Path) -> pathlib.Path:
        """Return where this process finds a file of the namespace."""
        return pathlib.Path(f"/proc/{self.pid}/root") / str(inside)[1:]

    def start(self, images: dict[str, int]) -> None:
        """Start libvirtd; return when it answers.

        :param images: backends that get a file system of their own, and
            its size in MiB
        :raises errors.CloudError: it does not answer in time
        """
        self._prepare(images)
        with self.log.open("ab") as log:
            self._keeper = subprocess.Popen(
                (
                    *(host.command("unshare"), "--mount"),
                    *("--propagation", "private"),
                    *(sys.executable, "-I", _KEEPER, self._directory),
                    *(host.command("mount.nfs"), host.command("libvirtd")),
                ),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + _TIMEOUT
        while not self._answers():
            if self._keeper.poll() is not None or time.monotonic() > end:
                raise errors.ServiceError("libvirtd", "not ready", self.log)
            time.sleep(0.1)

    def _answers(self) -> bool:
        done = subprocess.run(
            (host.command("virsh"), "-c", self.uri, "uri"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def _prepare(self, images: dict[str, int]) -> None:
        libvirt = self._directory / "libvirt"
        for name in ("etc", "lib", "cache", "log", "run"):
            (libvirt / name).mkdir(parents=True, exist_ok=True)
        (libvirt / "etc" / "qemu.conf").write_text(_QEMU_CONF)
        (libvirt / "etc" / "libvirtd.conf").write_text(_LIBVIRTD_CONF)
        for name in ("bin", "images", "logs"):
            (self._directory / name).mkdir(exist_ok=True)
        self._script(
            "mount.nfs",
            _MOUNT_NFS.replace("{bed}", shlex.quote(str(self._directory))),
        )
        for backend, size in images.items():
            (self._directory / "backends" / backend).mkdir(
                parents=True, exist_ok=True
            )
            self._make_image(self._directory / "images" / backend, size)

    @staticmethod
    def _make_image(path: pathlib.Path, size: int) -> None:
        if path.exists():
            return
        with path.open("wb") as image:
            image.truncate(size << 20)
        subprocess.run(
            (host.command("mkfs.ext4"), "-q", "-F", "-m", "0", path),
            check=True,
        )

    def _script(self, name: str, text: str) -> pathlib.Path:
        script = self._directory / "bin" / name
        script.write_text(text)
        script.chmod(0o755)
        return script

    def entered(self, inner: environments.Environment) -> Entered:
        """Return an environment whose Python runs within the namespace."""
        return Entered(
            inner,
            self._script(
                f"python-{inner.name}",
                _WRAPPER.format(
                    pid=self.pid, python=shlex.quote(str(inner.python))
                ),
            ),
        )

    def stop(self) -> None:
        """End libvirtd, all guests and the namespace."""
        if self._keeper is None:
            return
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        try:
            self._keeper.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._keeper = None


class Entered:
    """An environment as a service's process needs it, in the namespace."""

    def __init__(
        self, inner: environments.Environment, python: pathlib.Path
    ) -> None:
        self._inner = inner
        self.python = python

    def variables(self) -> dict[str, str]:
        return {
            **self._inner.variables(),
            # mount, qemu-img and the like are of administrators.
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
            "/sbin:/bin",
        }
