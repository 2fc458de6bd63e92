# SPDX-License-Identifier: Apache-2.0
"""A Cinder volume driver: each volume is a sparse file in a folder.

Connections are of os-brick's type "local", so Cinder copies the bytes
between backends itself, as it does for storage that cannot move volumes.
"""

from __future__ import annotations

import os
import pathlib
import time

from cinder import exception
from cinder.volume import driver, volume_utils
from testcloud import fault_switches, seed, sparse

_GIB = 1 << 30
_TOTAL_GB = 1000.0
_OVER_SUBSCRIPTION = 20.0
#: Seconds that it takes to delete a volume. Of storage that deletes at once
#: Cinder loses the attachment in some live moves: it gives the old copy's
#: attachment to the volume only after it has had the old copy deleted.
_DELETION_SECONDS = 0.25


class SparseFileDriver(driver.VolumeDriver):
    """Volumes in ``backends/<backend>/``, with switches for every failure."""

    VERSION = "1.0.0"
    # The members of a cluster share the folder.
    SUPPORTS_ACTIVE_ACTIVE = True

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._backend = self.configuration.config_group
        self._folder = pathlib.Path("backends", self._backend).absolute()
        self._switches = fault_switches.FaultSwitches(self._backend)

    def do_setup(self, context) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def check_for_setup_error(self) -> None:
        pass

    def _path(self, thing) -> pathlib.Path:
        return self._folder / thing["name"]

    def _fail(self, what: str) -> exception.VolumeBackendAPIException:
        return exception.VolumeBackendAPIException(
            data=f"backend {self._backend} is told to fail to {what}"
        )

    def create_volume(self, volume) -> None:
        self._switches.obey("create", {"fail": self._fail("create")})
        with self._path(volume).open("xb") as new:
            new.truncate(volume["size"] * _GIB)

    def delete_volume(self, volume) -> None:
        self._switches.obey(
            "delete",
            {
                "fail": self._fail("delete"),
                "busy": exception.VolumeIsBusy(volume_name=volume["name"]),
            },
        )
        if self._switches.get("delete") is None:
            time.sleep(_DELETION_SECONDS)
        self._path(volume).unlink(missing_ok=True)

    def extend_volume(self, volume, new_size) -> None:
        os.truncate(self._path(volume), new_size * _GIB)

    def create_snapshot(self, snapshot) -> None:
        sparse.copy(self._path(snapshot["volume"]), self._path(snapshot))

    def delete_snapshot(self, snapshot) -> None:
        self._path(snapshot).unlink(missing_ok=True)

    def create_volume_from_snapshot(self, volume, snapshot) -> None:
        self.create_volume(volume)
        sparse.copy(self._path(snapshot), self._path(volume))

    def create_cloned_volume(self, volume, src_vref) -> None:
        self.create_volume(volume)
        sparse.copy(self._path(src_vref), self._path(volume))

    def ensure_export(self, context, volume) -> None:
        pass

    def create_export(self, context, volume, connector) -> None:
        pass

    def remove_export(self, context, volume) -> None:
        pass

    def initialize_connection(self, volume, connector):
        self._switches.obey("connect", {"fail": self._fail("connect")})
        return {
            "driver_volume_type": "local",
            "data": {"device_path": str(self._path(volume))},
        }

    def terminate_connection(self, volume, connector, **kwargs) -> None:
        pass

    def retype(self, context, volume, new_type, diff, host):
        """Change the type in place, if the switch asks for it."""
        return self._switches.get("retype") == "in-place", None

    def migrate_volume(self, context, volume, host):
        """Let Cinder copy, unless the switch asks for an assisted move."""
        if self._switches.get("migrate") is None:
            return False, None
        self._switches.obey(
            "migrate", {"assisted-fail": self._fail("migrate")}
        )
        destination = volume_utils.extract_host(host["host"], "backend")
        backend = destination.partition("@")[2]
        path = self._folder.parent / backend / volume["name"]
        relabel = str(self._switches.get("migrate")).startswith("relabel")
        if not relabel:
            self._path(volume).rename(path)
        elif not self._is_same_storage(host):
            return False, None
        elif self._switches.get("migrate") == "relabel-shared":
            path.hardlink_to(self._path(volume))
        return True, None

    def _is_same_storage(self, host) -> bool:
        """Compare what backends say of themselves, as RBD's driver does."""
        (own, *_) = self.get_volume_stats()["pools"]
        return host["capabilities"]["location_info"] == own["location_info"]

    def update_migrated_volume(
        self, context, volume, new_volume, original_volume_status
    ):
        """Give the copy the volume's own name, as LVM does when it can.

        Not if the switch says "never", as with drivers that cannot.
        """
        if self._switches.get("rename") == "never":
            raise NotImplementedError
        wanted = self._folder / f"volume-{volume['id']}"
        if original_volume_status == "available" and not wanted.exists():
            self._path(new_volume).rename(wanted)
            return {"_name_id": None, "provider_location": None}
        return {
            "_name_id": new_volume["_name_id"] or new_volume["id"],
            "provider_location": None,
        }

    def _update_volume_stats(self) -> None:
        sizes = [file.stat().st_size for file in self._folder.iterdir()]
        total = self._switches.get("total_capacity_gb") or _TOTAL_GB
        provisioned = sum(sizes) / _GIB
        free = self._switches.get("free_capacity_gb")
        if free is None:
            free = total - provisioned
        else:
            # The scheduler looks at what thin provisioning leaves, and not
            # at the free capacity: a full pool has to be full in both.
            provisioned = total * _OVER_SUBSCRIPTION - free
        pool = {
            "total_capacity_gb": total,
            "free_capacity_gb": free,
            "provisioned_capacity_gb": provisioned,
            "reserved_percentage": self.configuration.reserved_percentage,
            "max_over_subscription_ratio": _OVER_SUBSCRIPTION,
            "thin_provisioning_support": True,
            "thick_provisioning_support": False,
            "location_info": f"SparseFileDriver:{self._folder}",
            "QoS_support": False,
            "multiattach": True,
            "total_volumes": len(sizes),
            "filter_function": self.get_filter_function(),
            "goodness_function": self.get_goodness_function(),
            "backend_state": "up",
        }
        pool.update(self._switches.get("capabilities") or {})
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "Open Source",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "sparse_copy_volume": True,
            "pools": [
                pool | {"pool_name": name}
                for name in self._switches.get("pools") or [seed.POOL]
            ],
        }
