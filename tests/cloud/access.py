# SPDX-License-Identifier: Apache-2.0
"""Sessions and clients for tests, as any user, recorded or not."""

from __future__ import annotations

from cinderclient import api_versions
from cinderclient.v3 import client as cinder_client
from keystoneauth1 import session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client as keystone_client
from novaclient import client as nova_client

from tests.cloud import credentials
from tests.cloud.services.testcloud import seed

# Until 2.96: all that Nova 31 and 34 have in common.
_NOVA_API_VERSION = "2.96"


class Access:
    """Ways into a cloud.

    :param auth_url: Keystone behind the fault proxy
    :param direct_url: Keystone itself
    """

    def __init__(self, auth_url: str, direct_url: str) -> None:
        self.auth_url = auth_url
        self._direct_url = direct_url
        self._sessions: dict[tuple[str, str, bool], session.Session] = {}

    def environment(
        self, user: str = "admin", project: str | None = None
    ) -> dict[str, str]:
        """Return variables with which ``openstack`` works for a user."""
        return credentials.variables(self.auth_url, user, project)

    def session(
        self,
        user: str = "admin",
        project: str | None = None,
        direct: bool = False,
    ) -> session.Session:
        """Return a user's session; the same one each time.

        :param direct: authenticate past the fault proxy, unrecorded; give
            clients ``interface='internal'`` to keep them away from it
        """
        project = project or credentials.project_of(user)
        key = user, project, direct
        if key not in self._sessions:
            self._sessions[key] = session.Session(
                v3.Password(
                    self._direct_url if direct else self.auth_url,
                    username=user,
                    password=seed.password(user),
                    user_domain_name="Default",
                    project_name=project,
                    project_domain_name="Default",
                )
            )
        return self._sessions[key]

    def cinder(
        self,
        user: str = "admin",
        project: str | None = None,
        microversion: str = "3.0",
    ) -> cinder_client.Client:
        return cinder_client.Client(
            api_version=api_versions.APIVersion(microversion),
            session=self.session(user, project, direct=True),
            interface="internal",
            region_name=seed.REGION,
        )

    def nova(
        self, user: str = "admin", project: str | None = None
    ) -> nova_client.Client:
        return nova_client.Client(
            _NOVA_API_VERSION,
            session=self.session(user, project, direct=True),
            endpoint_type="internal",
            region_name=seed.REGION,
        )

    def keystone(self) -> keystone_client.Client:
        return keystone_client.Client(
            session=self.session(direct=True),
            interface="internal",
            region_name=seed.REGION,
        )
