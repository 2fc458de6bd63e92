# SPDX-License-Identifier: Apache-2.0

"""Which cloud, and as whom: what every client is made from."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from keystoneauth1 import session as session_

#: Seconds that a request may take where the session says nothing.
REQUEST_TIMEOUT = 60.0
#: Requests under way at once: a cloud has other users, and requests keeps
#: ten connections to a service, and complains of each one more.
REQUESTS_AT_ONCE = 8


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
    _slots: threading.Semaphore = dataclasses.field(
        default_factory=lambda: threading.Semaphore(REQUESTS_AT_ONCE),
        repr=False,
        compare=False,
    )

    def gated(
        self, session: session_.Session | None = None
    ) -> session_.Session:
        """The session as clients are to have it, for several threads.

        :param session: another one, whose requests count among all
        """
        return _Gated(session or self.session, self._slots)


class _Gated(session_.Session):
    """A session of whose requests only so many are under way at once.

    A keystoneauth session may be used by several threads; and so may
    cinderclient, novaclient and keystoneclient, which keep nothing of a
    request but what is the same for all. Only a volume's creation writes to
    an attribute of cinderclient's, and there each has a client of its own.
    """

    def __init__(
        self, session: session_.Session, slots: threading.Semaphore
    ) -> None:
        # Nothing of the base class's own: it is another face of the session,
        # which --timing reads and which is its owner's to close.
        self._behind = session
        self._slots = slots

    def __del__(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def request(self, *args: Any, **kwargs: Any) -> Any:
        with self._slots:
            return self._behind.request(*args, **kwargs)


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
