# SPDX-License-Identifier: Apache-2.0
"""The test cloud, with a hypervisor and a volume driver that are real."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

from keystoneauth1 import exceptions

from tests import cloud as cloud_
from tests.cloud import (
    cache,
    environments,
    errors,
    readiness,
    service,
)
from tests.cloud import configuration as cloud_configuration
from tests.cloud.services.testcloud import seed
from tests.hypervisor import configuration, host, namespace

# Built from source, against whatever libvirt there is.
_BINDING = "libvirt-python==12.8.0"


class _Environment(environments.Environment):
    """A service's environment, with Python's libvirt in it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        libvirt = subprocess.run(
            (host.command("pkg-config"), "--modversion", "libvirt"),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()
        self.key = cache.digest((self.key, _BINDING, libvirt))

    def _build(self, folder: pathlib.Path) -> None:
        super()._build(folder)
        self._uv(
            *("pip", "install", "--python", folder / "bin" / "python"),
            *("--no-deps", _BINDING),
        )


class _Readiness(readiness.Readiness):
    """Knows the pools of the NFS driver."""

    def cinder(self) -> bool:
        try:
            if not self._up("volumev3") >= readiness._CINDER_BINARIES:
                return False
            pools = self._get("volumev3", "/scheduler-stats/get_pools")
        except exceptions.ClientException:
            return False
        return {pool["name"] for pool in pools["pools"]} >= {
            configuration.pool(backend) for backend in seed.BACKENDS
        }


class Bed(cloud_.Cloud):
    """A test cloud whose guests QEMU runs and whose volumes are on NFS.

    Guests, libvirt and mounts are in namespaces of their own.
    """

    def __init__(
        self, directory: pathlib.Path | str, nova: str = "current"
    ) -> None:
        why_not = host.missing()
        if why_not is not None:
            raise errors.CloudError(why_not)
        super().__init__(directory, nova)
        self._environments["nova"] = _Environment(nova)
        self.namespace = namespace.Namespace(self.directory)

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "etc").mkdir(exist_ok=True)
        configuration.shares(self.directory)
        (self.directory / "instances").mkdir(exist_ok=True)
        self.namespace.start(configuration.SMALL)
        super()._start()

    def _configure(self, name: str) -> None:
        super()._configure(name)
        ours = {"cinder": configuration.cinder, "nova": configuration.nova}
        if name in ours:
            cloud_configuration.write(
                self.directory / "etc" / f"{name}.conf",
                cloud_configuration.sections(
                    name, self._url, self._environments[name]
                ),
                ours[name](self.directory),
            )

    def _service(self, name: str) -> service.Service:
        made = super()._service(name)
        if name in ("cinder", "nova"):
            made._environment = self.namespace.entered(  # type: ignore[assignment]
                self._environments[name]
            )
        if name == "cinder":
            made._ready = _Readiness(
                lambda: self.access.session(direct=True), clustered=False
            ).cinder
        return made

    def stop(self) -> None:
        super().stop()
        self.namespace.stop()

    def remove(self) -> None:
        """Remove the directory of a stopped bed.

        :raises errors.CloudError: something is mounted there still, and
            removing it would remove what that is
        """
        mounts = pathlib.Path("/proc/self/mounts").read_text()
        if f" {self.directory}/" in mounts:
            raise errors.CloudError(f"{self.directory} has mounts")
        shutil.rmtree(self.directory, ignore_errors=True)

    def volume_path(self, volume_id: str) -> pathlib.Path:
        return self.namespace.path(super().volume_path(volume_id))

    def exported(self, path: pathlib.Path) -> pathlib.Path:
        """Return the file of a backend that a mounted file really is.

        :param path: below a mount point, as Nova gives it to a guest
        """
        mounted = self.namespace.path(path)
        backends = self.namespace.path(self.directory / "backends")
        for folder in backends.iterdir():
            candidate = folder / path.name
            if candidate.exists() and candidate.samefile(mounted):
                return candidate
        return mounted  # deleted, or of no backend

    def stray_files(self) -> set[str]:
        """Return the names of volumes' files that no volume has."""
        rows = self.inventory()["volumes"].values()
        known = {f"volume-{row['name_id'] or row['id']}" for row in rows}
        return {
            path.name
            for backend in seed.BACKENDS
            for path in self._backend(backend).glob("volume-*")
            # A snapshot's overlay and list are named after the volume's.
            if path.name.partition(".")[0] not in known
        }

    def _backend(self, name: str) -> pathlib.Path:
        return self.namespace.path(self.directory / "backends" / name)
