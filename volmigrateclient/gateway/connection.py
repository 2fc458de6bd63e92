# SPDX-License-Identifier: Apache-2.0

"""Which cloud, and as whom: what every client is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from keystoneauth1 import session as session_

#: Seconds that a request may take where the session says nothing.
REQUEST_TIMEOUT = 60.0


@dataclasses.dataclass(frozen=True)
class Connection:
    """An admin's session, and which of a cloud's endpoints to use.

    :param endpoint_overrides: by service type (``block-storage``,
        ``compute``, ``identity``), instead of the catalogue's
    """

    session: session_.Session
    region_name: str | None = None
    interface: str = "public"
    endpoint_overrides: Mapping[str, str | None] = dataclasses.field(
        default_factory=dict
    )


def bounded(session: session_.Session) -> session_.Session:
    """The session itself, or one like it whose requests end some time.

    keystoneauth waits for ever by default; a request without an end would
    be a wait without one.
    """
    if session.timeout:
        return session
    return session_.Session(
        auth=session.auth,
        session=session.session,
        verify=session.verify,
        cert=session.cert,
        timeout=REQUEST_TIMEOUT,
        redirect=session.redirect,
        additional_headers=session.additional_headers,
        app_name=session.app_name,
        app_version=session.app_version,
    )
