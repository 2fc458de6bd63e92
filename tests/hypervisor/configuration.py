# SPDX-License-Identifier: Apache-2.0
"""How the bed's Cinder and Nova differ from the test cloud's."""

from __future__ import annotations

import pathlib

from tests.cloud import configuration
from tests.cloud.services.testcloud import seed

#: The backend with a file system of its own, which tests may fill, in MiB.
SMALL = {"delta": 1024}


def pool(backend: str) -> str:
    """Return a backend's only pool, which the NFS driver does not name."""
    return f"{seed.HOST}@{backend}#{seed.BACKENDS[backend]}"


ALPHA, BETA, GAMMA, DELTA = (pool(name) for name in seed.BACKENDS)


def shares(directory: pathlib.Path) -> None:
    """Write for each backend where its only share is."""
    for backend in seed.BACKENDS:
        folder = directory / "backends" / backend
        folder.mkdir(parents=True, exist_ok=True)
        _shares_file(directory, backend).write_text(f"localhost:{folder}\n")


def _shares_file(directory: pathlib.Path, backend: str) -> pathlib.Path:
    return directory / "etc" / f"shares-{backend}"


def cinder(directory: pathlib.Path) -> configuration.Sections:
    """Return the NFS driver's options, for each backend."""
    return {
        backend: {
            "volume_driver": "cinder.volume.drivers.nfs.NfsDriver",
            "nfs_shares_config": _shares_file(directory, backend),
            "nfs_mount_point_base": directory / "mnt" / "cinder",
            "nfs_snapshot_support": True,
            "nas_secure_file_operations": False,
            "nas_secure_file_permissions": False,
            # A file can be shared, but the driver does not say so.
            "extra_capabilities": '{"multiattach": true}',
        }
        for backend in seed.BACKENDS
    }


def nova(directory: pathlib.Path) -> configuration.Sections:
    """Return the libvirt driver's options; guests are emulated."""
    return {
        "DEFAULT": {
            "compute_driver": "libvirt.LibvirtDriver",
            "instances_path": directory / "instances",
            "instance_name_template": "volmig-%08x",
            "use_cow_images": False,
            "vif_plugging_is_fatal": False,
            "vif_plugging_timeout": 0,
            # The guests have no operating system that would shut down.
            "shutdown_timeout": 1,
            "cpu_allocation_ratio": 64.0,
            "ram_allocation_ratio": 8.0,
        },
        "libvirt": {
            "virt_type": "qemu",
            "cpu_mode": "none",
            "images_type": "raw",
            "nfs_mount_point_base": directory / "mnt" / "nova",
        },
    }
