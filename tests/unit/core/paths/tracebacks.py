# SPDX-License-Identifier: Apache-2.0

"""Tracebacks as Nova 31.0.0 stores them for failed swaps.

Recorded on the test cloud, at the failure points
(services.rst, services-swap-failures): the
value of ``traceback`` of the event ``compute_swap_volume``; only the folders
in front of the packages are left out.
"""

from __future__ import annotations

P5_AFTER_PIVOT = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8302, in _swap_volume
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 8292, in _swap_volume
    self.driver.swap_volume(context, old_cinfo, new_cinfo, instance,
  File "/testcloud/guests.py", line 251, in swap_volume
    raise exception.NovaException("told to fail after the pivot")
"""

P5_COMPLETE = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8302, in _swap_volume
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 8295, in _swap_volume
    self.volume_api.attachment_complete(context, new_attachment_id)
  File "/testcloud/swap_faults.py", line 27, in wrapper
    knobs.Knobs("nova").obey(
  File "/testcloud/knobs.py", line 46, in obey
    raise failures[value]
"""

P6_DELETE = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8360, in _swap_volume
    self.volume_api.attachment_delete(
  File "/testcloud/swap_faults.py", line 27, in wrapper
    knobs.Knobs("nova").obey(
  File "/testcloud/knobs.py", line 46, in obey
    raise failures[value]
"""

P8_SAVE = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8497, in _do_swap_volume
    bdm.save()
  File "/testcloud/swap_faults.py", line 27, in wrapper
    knobs.Knobs("nova").obey(
  File "/testcloud/knobs.py", line 46, in obey
    raise failures[value]
"""

P1_CONNECTOR = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8432, in _do_swap_volume
    connector = self.driver.get_volume_connector(instance)
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/testcloud/guests.py", line 204, in get_volume_connector
    self._knobs.obey(
  File "/testcloud/knobs.py", line 46, in obey
    raise failures[value]
"""

P2_UPDATE = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8302, in _swap_volume
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 8278, in _swap_volume
    old_cinfo, new_cinfo = self._init_volume_connection(
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8251, in _init_volume_connection
    new_cinfo = self.volume_api.attachment_update(
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/testcloud/swap_faults.py", line 27, in wrapper
    knobs.Knobs("nova").obey(
  File "/testcloud/knobs.py", line 46, in obey
    raise failures[value]
"""

P3_CONNECT = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8302, in _swap_volume
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 8292, in _swap_volume
    self.driver.swap_volume(context, old_cinfo, new_cinfo, instance,
  File "/testcloud/guests.py", line 238, in swap_volume
    raise exception.DiskNotFound(location=new)
"""

P4_COPY = """\
  File "/nova/compute/utils.py", line 1483, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 215, in decorated_function
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 205, in decorated_function
    return function(self, context, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8411, in swap_volume
    _do_locked_swap_volume(context, old_volume_id, new_volume_id, instance,
  File "/oslo_concurrency/lockutils.py", line 415, in inner
    return f(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8409, in _do_locked_swap_volume
    self._do_swap_volume(context, old_volume_id, new_volume_id,
  File "/nova/compute/manager.py", line 8453, in _do_swap_volume
    comp_ret, new_cinfo = self._swap_volume(context,
                          ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/nova/compute/manager.py", line 8302, in _swap_volume
    with excutils.save_and_reraise_exception():
  File "/oslo_utils/excutils.py", line 227, in __exit__
    self.force_reraise()
  File "/oslo_utils/excutils.py", line 200, in force_reraise
    raise self.value
  File "/nova/compute/manager.py", line 8292, in _swap_volume
    self.driver.swap_volume(context, old_cinfo, new_cinfo, instance,
  File "/testcloud/guests.py", line 245, in swap_volume
    raise exception.VolumeRebaseFailed(reason="told to fail")
"""
