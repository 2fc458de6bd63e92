# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""All of Nova in a process: ``python -m testcloud.nova PORT URL...``.

The URLs are of the services that nova-compute needs when it starts.
"""

from __future__ import annotations

import pathlib
import sys

from testcloud import lifetime
from testcloud import sqlite

lifetime.end_with_owner()
from nova import monkey_patch  # noqa: E402

# Nova 31 knows eventlet only, and patches when the module is imported.
NATIVE_THREADS = hasattr(monkey_patch, 'patch')
if NATIVE_THREADS:
    monkey_patch.patch(backend='threading')
sqlite.prepare_engines()

from nova.compute import rpcapi as compute_rpcapi  # noqa: E402
from nova.conductor import rpcapi as conductor_rpcapi  # noqa: E402
from nova import config  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.objects import host_mapping  # noqa: E402
from nova import privsep  # noqa: E402
from nova.scheduler import rpcapi as scheduler_rpcapi  # noqa: E402
from nova import service  # noqa: E402
import nova.virt  # noqa: E402
import os_brick  # noqa: E402
from os_brick import privileged  # noqa: E402
import os_vif  # noqa: E402
from oslo_log import log as logging  # noqa: E402
from paste import deploy  # noqa: E402
from testcloud import messaging  # noqa: E402
from testcloud import privileges  # noqa: E402
from testcloud import serving  # noqa: E402
from testcloud import swap_faults  # noqa: E402

CONF = nova.conf.CONF


def _configure() -> None:
    config.parse_args(['nova', '--config-file', 'etc/nova.conf'])
    logging.setup(CONF, 'nova')
    objects.register_all()
    os_brick.setup(CONF)
    os_vif.initialize()
    privileges.stay_unprivileged(
        privsep.sys_admin_pctxt, privileged.default
    )
    messaging.serialise()
    swap_faults.install()
    # Nova loads compute drivers from its own package only.
    nova.virt.__path__.append(str(pathlib.Path(__file__).parent))


def _start_services() -> None:
    for binary, topics in (
        ('nova-conductor', {'topic': conductor_rpcapi.RPC_TOPIC}),
        ('nova-scheduler', {'topic': scheduler_rpcapi.RPC_TOPIC}),
        ('nova-compute', _compute_topics()),
    ):
        service.Service.create(binary=binary, **topics).start()
    host_mapping.discover_hosts(context.get_admin_context())


def _compute_topics() -> dict[str, str]:
    topics = {'topic': compute_rpcapi.RPC_TOPIC}
    if hasattr(compute_rpcapi, 'RPC_TOPIC_ALT'):  # since Nova 34
        topics['topic_alt'] = compute_rpcapi.RPC_TOPIC_ALT
    return topics


def main() -> None:
    port, *needed = sys.argv[1:]
    _configure()
    application = deploy.loadapp(
        f'config:{CONF.wsgi.api_paste_config}', name='osapi_compute'
    )
    serving.wait_for(needed)
    _start_services()
    if NATIVE_THREADS:
        serving.serve(application, int(port))
    else:
        serving.serve_green(application, int(port))


if __name__ == '__main__':
    main()
