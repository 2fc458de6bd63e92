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

"""All of Cinder in a process: ``python -m testcloud.cinder PORT``."""

from __future__ import annotations

import os
import sys
import threading

from testcloud import lifetime
from testcloud import sqlite

os.environ['OS_CINDER_DISABLE_EVENTLET_PATCHING'] = '1'
lifetime.end_with_owner()
from cinder import monkey_patch  # noqa: E402

monkey_patch.patch()
sqlite.prepare_engines()

from cinder.common import config  # noqa: E402
from cinder.common import constants  # noqa: E402
from cinder import coordination  # noqa: E402
from cinder import objects  # noqa: E402
from cinder import privsep  # noqa: E402
from cinder import rpc  # noqa: E402
from cinder import service  # noqa: E402
from cinder import utils  # noqa: E402
import os_brick  # noqa: E402
from os_brick import privileged  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_log import log as logging  # noqa: E402
from oslo_service import wsgi  # noqa: E402
from testcloud import backends  # noqa: E402
from testcloud import messaging  # noqa: E402
from testcloud import privileges  # noqa: E402
from testcloud import seed  # noqa: E402
from testcloud import serving  # noqa: E402

CONF = cfg.CONF


def _configure() -> None:
    objects.register_all()
    CONF(['--config-file', 'etc/cinder.conf'], project='cinder')
    # The one place where a relative path will not do.
    CONF.set_override(
        'backend_url', f'file://{os.path.abspath("locks")}', 'coordination'
    )
    config.set_middleware_defaults()
    logging.setup(CONF, 'cinder')
    os_brick.setup(CONF)
    utils.get_root_helper = lambda: 'env'
    privileges.stay_unprivileged(
        privsep.sys_admin_pctxt,
        privileged.default,
        privileged.brick_privsep_hide_output,
    )
    messaging.serialise()
    rpc.init(CONF)


def _create(**kwargs) -> service.Service:
    # The heartbeat is backends.Heart's: every service's own timer would
    # report for whichever service of this process was made last.
    return service.Service.create(report_interval=0, **kwargs)


def _start_services() -> None:
    scheduler = _create(
        binary=constants.SCHEDULER_BINARY, topic=constants.SCHEDULER_TOPIC
    )
    volumes = {
        backend: _create(
            host=f'{CONF.host}@{backend}',
            service_name=backend,
            binary=constants.VOLUME_BINARY,
            topic=constants.VOLUME_TOPIC,
            coordination=True,
        )
        for backend in seed.BACKENDS
    }
    heart = backends.Heart(scheduler, volumes)
    for volume in volumes.values():
        volume.start()
    # It asks all backends for their pools, so it comes after them.
    scheduler.start()
    heart.start()


def main() -> None:
    _configure()
    coordination.COORDINATOR.start()
    starting = threading.Thread(target=_start_services, daemon=True)
    starting.start()
    application = wsgi.Loader(CONF).load_app('osapi_volume')
    starting.join()
    serving.serve(application, int(sys.argv[1]))


if __name__ == '__main__':
    main()
