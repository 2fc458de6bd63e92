# SPDX-License-Identifier: Apache-2.0
"""A Nova compute driver whose guests have disks with real bytes.

There is no hypervisor; but each guest has a record of the files that its
disks are really on, and swapping a volume copies the bytes and then changes
that record. So tests can tell where a guest writes, whatever Nova's and
Cinder's databases say.
"""

from __future__ import annotations

import json
import pathlib
import threading

from nova import exception
from nova.compute import power_state
from nova.virt import fake
from testcloud import fault_switches, sparse


class Record:
    """``guests/<server>.json``: a guest's name, power state and disks."""

    folder = pathlib.Path("guests").absolute()
    _lock = threading.Lock()

    def __init__(self, uuid: str) -> None:
        self._path = self.folder / f"{uuid}.json"

    def read(self) -> dict:
        try:
            return json.loads(self._path.read_text())
        except FileNotFoundError:
            return {"disks": {}}

    def update(self, **changes) -> None:
        with self._lock:
            self._write({**self.read(), **changes})

    def set_disk(self, device: str, path: str | None) -> None:
        with self._lock:
            record = self.read()
            if path is None:
                record["disks"].pop(device, None)
            else:
                record["disks"][device] = path
            self._write(record)

    def _write(self, record: dict) -> None:
        # Tests read it at any moment: never show them half a record.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(record, indent=1))
        fresh.replace(self._path)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def _disks(block_device_info) -> dict[str, str]:
    mappings = (block_device_info or {}).get("block_device_mapping") or []
    return {
        mapping["mount_device"]: _path(mapping["connection_info"])
        for mapping in mappings
    }


def _path(connection_info) -> str:
    return connection_info["data"]["device_path"]


class GuestDriver(fake.FakeDriverWithoutFakeNodes):
    """Nova's fake driver, plus disks, power states and their persistence."""

    def __init__(self, virtapi, read_only: bool = False) -> None:
        super().__init__(virtapi, read_only)
        self._switches = fault_switches.FaultSwitches("nova")

    def init_host(self, host) -> None:
        """Find the guests of before again: they outlive nova-compute."""
        super().init_host(host)
        Record.folder.mkdir(exist_ok=True)
        for path in Record.folder.glob("*.json"):
            known = json.loads(path.read_text())
            self.instances[path.stem] = fake.FakeInstance(
                known["name"], known["power_state"], path.stem
            )

    def _note(self, instance, **changes) -> None:
        guest = self.instances[instance.uuid]
        Record(instance.uuid).update(
            name=guest.name, power_state=guest.state, **changes
        )

    def _set_power(self, instance, state: int) -> None:
        self.instances[instance.uuid].state = state
        self._note(instance)

    def spawn(
        self,
        context,
        instance,
        image_meta,
        injected_files,
        admin_password,
        allocations,
        network_info=None,
        block_device_info=None,
        power_on=True,
        accel_info=None,
    ) -> None:
        super().spawn(
            context,
            instance,
            image_meta,
            injected_files,
            admin_password,
            allocations,
            network_info=network_info,
            block_device_info=block_device_info,
            power_on=power_on,
        )
        self._note(instance, disks=_disks(block_device_info))

    def finish_revert_migration(
        self,
        context,
        instance,
        network_info,
        migration,
        block_device_info=None,
        power_on=True,
        **kwargs,
    ) -> None:
        super().finish_revert_migration(
            context,
            instance,
            network_info,
            migration,
            block_device_info,
            power_on,
        )
        self._note(instance, disks=_disks(block_device_info))

    def destroy(self, context, instance, *args, **kwargs) -> None:
        super().destroy(context, instance, *args, **kwargs)
        Record(instance.uuid).remove()

    def reboot(
        self, context, instance, network_info, reboot_type, *args, **kwargs
    ) -> None:
        if reboot_type.lower() != "hard":
            self._set_power(instance, power_state.RUNNING)
            return
        # The hypervisor builds the guest anew from Nova's records; that is
        # power_on(), or spawn() for a guest that it has lost.
        super().reboot(
            context, instance, network_info, reboot_type, *args, **kwargs
        )

    def power_off(self, instance, *args, **kwargs) -> None:
        super().power_off(instance, *args, **kwargs)
        self._note(instance)

    def power_on(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        *args,
        **kwargs,
    ) -> None:
        super().power_on(context, instance, network_info, block_device_info)
        self._note(instance, disks=_disks(block_device_info))

    def pause(self, instance) -> None:
        self._set_power(instance, power_state.PAUSED)

    def unpause(self, instance) -> None:
        self._set_power(instance, power_state.RUNNING)

    def suspend(self, context, instance) -> None:
        self._set_power(instance, power_state.SUSPENDED)

    def resume(self, context, instance, *args, **kwargs) -> None:
        self._set_power(instance, power_state.RUNNING)

    def default_root_device_name(self, instance, image_meta, root_bdm):
        return "/dev/vda"

    def get_volume_connector(self, instance):
        self._switches.obey(
            "connector", {"fail": exception.NovaException("no connector")}
        )
        return super().get_volume_connector(instance)

    def attach_volume(
        self, context, connection_info, instance, mountpoint, *args, **kwargs
    ) -> None:
        super().attach_volume(context, connection_info, instance, mountpoint)
        Record(instance.uuid).set_disk(mountpoint, _path(connection_info))

    def detach_volume(
        self, context, connection_info, instance, mountpoint, *args, **kwargs
    ) -> None:
        super().detach_volume(context, connection_info, instance, mountpoint)
        Record(instance.uuid).set_disk(mountpoint, None)

    def swap_volume(
        self,
        context,
        old_connection_info,
        new_connection_info,
        instance,
        mountpoint,
        resize_to,
    ) -> None:
        """Copy the disk, pivot, disconnect; fail where the switch says."""
        record = Record(instance.uuid)
        old = record.read()["disks"][mountpoint]
        new = _path(new_connection_info)
        if (
            self._switches.get("swap") == "fail-connect"
            or not pathlib.Path(new).exists()
        ):
            raise exception.DiskNotFound(location=new)
        sparse.copy(old, new)
        # "hang" and "slow" take effect here: as a long copy would.
        self._switches.obey("swap", {})
        if self._switches.get("swap") == "fail-before-pivot":
            # Spelled as in the libvirt driver, and here: whoever has to know
            # how far a swap came reads the source lines of its traceback.
            raise exception.VolumeRebaseFailed(reason="told to fail")
        # What the guest wrote during the copy is mirrored, as QEMU does.
        sparse.copy(old, new)
        record.set_disk(mountpoint, new)
        self._switches.obey("after_pivot", {})
        if self._switches.get("swap") == "fail-after-pivot":
            raise exception.NovaException("told to fail after the pivot")
        super().swap_volume(
            context,
            old_connection_info,
            new_connection_info,
            instance,
            mountpoint,
            resize_to,
        )
