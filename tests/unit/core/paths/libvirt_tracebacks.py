# SPDX-License-Identifier: Apache-2.0

"""Tracebacks of Nova's libvirt driver, which the test cloud does not have.

Put together from the source lines of Nova 31.0.0, in the form in which
``traceback.format_tb`` gives them.
"""

from __future__ import annotations

_COMPUTE = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
  File "/nova/compute/manager.py", line 8407, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/nova/compute/manager.py", line 8445, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
"""
_CALL = """\
  File "/nova/compute/manager.py", line 8299, in _swap_volume
    self.driver.swap_volume(context, old_cinfo, new_cinfo, instance,
"""
_RAISED_AGAIN = """\
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
"""
_DRIVER = """\
  File "/nova/virt/libvirt/driver.py", line 2489, in swap_volume
    self._swap_volume(guest, disk_dev, conf, resize_to)
"""
_AGAIN = """\
  File "/nova/compute/manager.py", line 8306, in _swap_volume
    with excutils.save_and_reraise_exception():
"""

P3_LUKS = (
    _COMPUTE
    + _AGAIN
    + _RAISED_AGAIN
    + _CALL
    + """\
  File "/nova/virt/libvirt/driver.py", line 2461, in swap_volume
    raise NotImplementedError(_("Swap volume is not supported for "
"""
)
P3_CONNECT = (
    _COMPUTE
    + _AGAIN
    + _RAISED_AGAIN
    + _CALL
    + """\
  File "/nova/virt/libvirt/driver.py", line 2484, in swap_volume
    self._connect_volume(context, new_connection_info, instance)
  File "/nova/virt/libvirt/driver.py", line 1900, in _connect_volume
    vol_driver.connect_volume(connection_info, instance)
  File "/os_brick/initiator/connectors/iscsi.py", line 600, in connect_volume
    raise exception.VolumeDeviceNotFound(device='')
"""
)
P4_REBASE = (
    _COMPUTE
    + _AGAIN
    + _RAISED_AGAIN
    + _CALL
    + """\
  File "/nova/virt/libvirt/driver.py", line 2491, in swap_volume
    with excutils.save_and_reraise_exception():
"""
    + _RAISED_AGAIN
    + _DRIVER
    + """\
  File "/nova/virt/libvirt/driver.py", line 2438, in _swap_volume
    raise exception.VolumeRebaseFailed(reason=str(exc))
"""
)
P4_ROLLBACK = (
    _COMPUTE
    + """\
  File "/nova/compute/manager.py", line 8327, in _swap_volume
    self.volume_api.roll_detaching(context, old_volume_id)
  File "/nova/volume/cinder.py", line 398, in wrapper
    res = method(self, ctx, *args, **kwargs)
"""
)
P4_REDEFINE = (
    _COMPUTE
    + _CALL
    + _DRIVER
    + """\
  File "/nova/virt/libvirt/driver.py", line 2451, in _swap_volume
    self._host.write_instance_config(xml)
  File "/nova/virt/libvirt/host.py", line 1166, in write_instance_config
    domain = self.get_connection().defineXML(xml)
"""
)
P5_RESIZE = (
    _COMPUTE
    + _CALL
    + _DRIVER
    + """\
  File "/nova/virt/libvirt/driver.py", line 2441, in _swap_volume
    dev.resize(resize_to * units.Gi)
"""
)
P5_GET_XML = (
    _COMPUTE
    + _CALL
    + _DRIVER
    + """\
  File "/nova/virt/libvirt/driver.py", line 2449, in _swap_volume
    xml = guest.get_xml_desc(dump_inactive=False, dump_sensitive=True)
"""
)
#: The same place: this alone does not tell whether the pivot was before.
P5_REDEFINE = P4_REDEFINE
P5_DISCONNECT = (
    _COMPUTE
    + _CALL
    + """\
  File "/nova/virt/libvirt/driver.py", line 2495, in swap_volume
    self._disconnect_volume(context, old_connection_info, instance)
  File "/nova/virt/libvirt/driver.py", line 1950, in _disconnect_volume
    vol_driver.disconnect_volume(connection_info, instance, force=force)
"""
)
