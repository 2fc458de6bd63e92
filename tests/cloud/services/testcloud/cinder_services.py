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
    messaging.deliver_at_once()
    _update_backends_one_at_a_time()
    rpc.init(CONF)


def _update_backends_one_at_a_time() -> None:
    """Keep the scheduler's threads out of each other's way.

    Of two that find a backend gone at the same time, one fails with a
    KeyError, and the volume that it was asked for with it.
    """
    # Needs Cinder's objects to be registered.
    from cinder.scheduler import host_manager

    lock = threading.Lock()
    update = host_manager.HostManager._update_backend_state_map

    def alone(self: host_manager.HostManager, context: object) -> None:
        with lock:
            update(self, context)

    host_manager.HostManager._update_backend_state_map = alone


def _create(**kwargs) -> service.Service:
    # The heartbeat is backends.Heart's: every service's own timer would
    # report for whichever service of this process was made last.
    return service.Service.create(report_interval=0, **kwargs)


def _volume_service(
    host: str, backend: str, cluster: str | None = None
) -> service.Service:
    return _create(
        host=f"{host}@{backend}",
        service_name=backend,
        binary=constants.VOLUME_BINARY,
        topic=constants.VOLUME_TOPIC,
        coordination=True,
        cluster=f"{cluster}@{backend}" if cluster else None,
    )


def _start_services(clustered: bool) -> None:
    scheduler = _create(
        binary=constants.SCHEDULER_BINARY, topic=constants.SCHEDULER_TOPIC
    )
    volumes = {
        backend: [_volume_service(CONF.host, backend)]
        for backend in seed.BACKENDS
    }
    if clustered:
        volumes |= {
            backend: [
                _volume_service(member, backend, seed.CLUSTER)
                for member in seed.CLUSTER_MEMBERS
            ]
            for backend in seed.CLUSTERED_BACKENDS
        }
    heart = backends.Heart(scheduler, volumes)
    for members in volumes.values():
        for member in members:
            member.start()
    # It asks all backends for their pools, so it comes after them.
    scheduler.start()
    heart.start()


def run(port: int, clustered: bool) -> None:
    """Serve Cinder's API on `port`, with all other services behind it.

    :param clustered: with a cluster's backends, too
    """
    _configure()
    coordination.COORDINATOR.start()
    starting = threading.Thread(
        target=_start_services, args=(clustered,), daemon=True
    )
    starting.start()
    application = wsgi.Loader(CONF).load_app("osapi_volume")
    starting.join()
    serving.serve(application, port)
