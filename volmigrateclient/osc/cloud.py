# SPDX-License-Identifier: Apache-2.0

"""From OSC's authentication to the core's cloud."""

from __future__ import annotations

import typing
from typing import Any

if typing.TYPE_CHECKING:
    from volmigrateclient.core.cloud import Cloud


def connect(client_manager: Any) -> Cloud:
    """The cloud that OSC's options, environment and clouds.yaml name.

    Clients are made from the session: ``client_manager.volume`` and
    ``.compute`` are other things in other releases of OSC.
    """
    from volmigrateclient import api
    from volmigrateclient.gateway import connection

    session = client_manager.session
    config = client_manager.sdk_connection.config
    # It is this process's own: so that --timing sees every request, it is
    # given a timeout here and not replaced by one that has. OSC itself does
    # not heed that of clouds.yaml.
    if not session.timeout:
        session.timeout = float(
            config.config.get("api_timeout") or connection.REQUEST_TIMEOUT
        )
    return api.connect(
        session,
        region_name=client_manager.region_name,
        interface=client_manager.interface or "public",
        endpoint_overrides={
            service: config.get_endpoint(service)
            for service in ("block-storage", "compute", "identity")
        },
    )


def auth_url(client_manager: Any) -> str:
    """Keystone's, by which a plan knows its cloud."""
    url = getattr(client_manager.session.auth, "auth_url", None)
    if url:
        return str(url)
    return str(
        client_manager.session.get_endpoint(
            service_type="identity", interface="public"
        )
    )
