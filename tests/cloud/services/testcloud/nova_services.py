# SPDX-License-Identifier: Apache-2.0
"""Nova's conductor, scheduler and compute service, and its API."""

from __future__ import annotations

import pathlib

import nova.conf
import nova.virt
import os_brick
import os_vif
from nova import config, context, objects, privsep, service
from nova.compute import rpcapi as compute_rpcapi
from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import host_mapping
from nova.scheduler import rpcapi as scheduler_rpcapi
from os_brick import privileged
from oslo_log import log as logging
from paste import deploy
from testcloud import (
    cells,
    messaging,
    privileges,
    serving,
    soft_delete,
    swap_faults,
)

CONF = nova.conf.CONF


def _configure() -> None:
    config.parse_args(["nova", "--config-file", "etc/nova.conf"])
    logging.setup(CONF, "nova")
    objects.register_all()
    os_brick.setup(CONF)
    os_vif.initialize()
    privileges.stay_unprivileged(privsep.sys_admin_pctxt, privileged.default)
    messaging.serialise()
    messaging.deliver_at_once()
    swap_faults.install()
    cells.install()
    soft_delete.install()
    # Nova loads compute drivers from its own package only.
    nova.virt.__path__.append(str(pathlib.Path(__file__).parent))


def _start_services() -> None:
    for binary, topics in (
        ("nova-conductor", {"topic": conductor_rpcapi.RPC_TOPIC}),
        ("nova-scheduler", {"topic": scheduler_rpcapi.RPC_TOPIC}),
        ("nova-compute", _compute_topics()),
    ):
        service.Service.create(binary=binary, **topics).start()
    host_mapping.discover_hosts(context.get_admin_context())


def _compute_topics() -> dict[str, str]:
    topics = {"topic": compute_rpcapi.RPC_TOPIC}
    if hasattr(compute_rpcapi, "RPC_TOPIC_ALT"):  # since Nova 34
        topics["topic_alt"] = compute_rpcapi.RPC_TOPIC_ALT
    return topics


def start(needed: list[str]):
    """Start all services; return the API's application, to be served.

    :param needed: URLs of services that must listen first
    """
    _configure()
    application = deploy.loadapp(
        f"config:{CONF.wsgi.api_paste_config}", name="osapi_compute"
    )
    serving.wait_for(needed)
    _start_services()
    return application
