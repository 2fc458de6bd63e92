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

    :raises InvalidActionError: the credentials are not for a project, or
        there are several regions
    """
    from volmigrateclient import api
    from volmigrateclient.gateway import connection

    _refuse_other_scopes(client_manager.auth_ref)
    region(client_manager)
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


def region(client_manager: Any) -> str | None:
    """The region that was named, or else the only one with block storage.

    None is a catalogue without regions, or none that we could look into.

    :raises InvalidActionError: there are several to choose from
    """
    from volmigrateclient.core.model import errors, wording

    if client_manager.region_name:
        return str(client_manager.region_name)
    storage = _regions(client_manager, "block-storage")
    compute = _regions(client_manager, "compute")
    if len(storage) > 1 or len(compute) > 1:
        every = ", ".join(map(wording.quoted, sorted(storage | compute)))
        raise errors.InvalidActionError(
            f"the cloud has several regions ({every}): name one with "
            "--os-region-name or OS_REGION_NAME"
        )
    return next(iter(storage), None)


def _regions(client_manager: Any, service_type: str) -> set[str]:
    """The regions in which the catalogue has a service."""
    access = client_manager.auth_ref
    config = client_manager.sdk_connection.config
    if access is None or config.get_endpoint(service_type):
        return set()
    found = access.service_catalog.get_endpoints_data(
        service_type=service_type,
        interface=client_manager.interface or "public",
    )
    return {
        str(endpoint.region_name)
        for endpoints in found.values()
        for endpoint in endpoints
        if endpoint.region_name
    }


def _refuse_other_scopes(access: Any) -> None:
    """Let only credentials of a project pass.

    With others the catalogue has endpoints of neither Cinder nor Nova.
    """
    from volmigrateclient.core.model import errors

    if access is None or access.project_scoped:
        return
    scopes = {
        "the whole system (OS_SYSTEM_SCOPE)": getattr(
            access, "system_scoped", False
        ),
        "a domain (OS_DOMAIN_NAME or OS_DOMAIN_ID)": access.domain_scoped,
    }
    for scope, given in scopes.items():
        if given:
            raise errors.InvalidActionError(
                f"the credentials are for {scope}: Cinder and Nova need an "
                "admin's for a project; unset that and give OS_PROJECT_NAME"
            )
    raise errors.InvalidActionError(
        "Cinder cannot be found: the credentials are for no project"
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
