# SPDX-License-Identifier: Apache-2.0
"""Cinder's API, scheduler and volume services, in threads."""

from __future__ import annotations

import pathlib
import threading

import os_brick
from cinder import coordination, objects, privsep, rpc, service, utils
from cinder.common import config, constants
from os_brick import privileged
from oslo_config import cfg
from oslo_log import log as logging
from oslo_service import wsgi
from testcloud import backends, messaging, privileges, seed, serving

CONF = cfg.CONF


def _configure() -> None:
    objects.register_all()
    CONF(["--config-file", "etc/cinder.conf"], project="cinder")
    # The one place where a relative path will not do.
    CONF.set_override(
        "backend_url",
        pathlib.Path("locks").absolute().as_uri(),
        "coordination",
    )
    config.set_middleware_defaults()
    logging.setup(CONF, "cinder")
    os_brick.setup(CONF)
    utils.get_root_helper = lambda: "env"
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
            host=f"{CONF.host}@{backend}",
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


def run(port: int) -> None:
    """Serve Cinder's API on `port`, with all other services behind it."""
    _configure()
    coordination.COORDINATOR.start()
    starting = threading.Thread(target=_start_services, daemon=True)
    starting.start()
    application = wsgi.Loader(CONF).load_app("osapi_volume")
    starting.join()
    serving.serve(application, port)
