# SPDX-License-Identifier: Apache-2.0

"""Keystone, through python-keystoneclient, and the temporary user."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from cinderclient import client as cinder_client
from keystoneauth1 import exceptions as auth_exceptions
from keystoneauth1 import session as session_
from keystoneauth1.identity import generic

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.gateway import connection, failures


@failures.translated_class("Keystone")
class Identity:
    """See :class:`volmigrateclient.core.cloud.Identity`."""

    def __init__(self, link: connection.Connection) -> None:
        self._link = link

    @functools.cached_property
    def _keystone(self) -> Any:
        # Only a swap via Nova and 'recover' need it.
        from keystoneclient.v3 import client as keystone_client

        return keystone_client.Client(
            session=self._link.session,
            region_name=self._link.region_name,
            interface=self._link.interface,
            endpoint_override=self._link.endpoint_overrides.get("identity"),
        )

    def get_project(self, project_id: str) -> model.Project:
        body = self._keystone.projects.get(project_id)
        return model.Project(
            id=body.id,
            name=body.name,
            domain_id=body.domain_id,
            enabled=body.enabled,
        )

    def find_project(self, name_or_id: str) -> str:
        return _found_id("project", name_or_id, self._keystone.projects)

    def find_domain(self, name_or_id: str) -> str:
        return _found_id("domain", name_or_id, self._keystone.domains)

    def find_role(self, name_or_id: str) -> str:
        return _only_id(
            "role",
            name_or_id,
            [
                row
                for row in self._keystone.roles.list()
                # Keystone compares names without case, and some clouds call
                # their roles Admin and Member.
                if (
                    name_or_id == row.id
                    or name_or_id.lower() == row.name.lower()
                )
                and getattr(row, "domain_id", None) is None
            ],
        )

    def password_regex(self) -> str | None:
        try:
            return self._password_regex()
        except errors.UnansweredError:
            raise
        except errors.CloudError:
            # Older releases or policies do not tell; then it is tried.
            return None

    def _password_regex(self) -> str | None:
        # keystoneclient knows no call for this part of the configuration.
        _, body = self._keystone.domain_configs.client.get(
            "/domains/default/config/security_compliance"
        )
        found = body["config"]["security_compliance"].get("password_regex")
        return str(found) if found else None

    def find_users(
        self, domain_id: str | None, name_prefix: str
    ) -> Sequence[model.User]:
        # Keystone cuts a list silently at its limit and only then applies
        # "startswith"; "istartswith" is part of its query
        # (services.rst, services-keystone-limits).
        rows = self._keystone.users.list(
            domain=domain_id, name__istartswith=name_prefix
        )
        return [_user(row) for row in rows if row.name.startswith(name_prefix)]

    def list_admins(self) -> Sequence[model.User]:
        rows = self._keystone.role_assignments.list(
            role=self.find_role("admin"), include_names=True
        )
        return [
            model.User(
                id=row.user["id"],
                name=row.user["name"],
                domain_id=row.user["domain"]["id"],
                enabled=True,
            )
            for row in rows
            if hasattr(row, "user")
        ]

    def create_user(
        self, name: str, domain_id: str, password: str, description: str
    ) -> model.User:
        # keystoneclient does not log the body of a request with a password.
        return _user(
            self._keystone.users.create(
                name,
                domain=domain_id,
                password=password,
                description=description,
                enabled=True,
                options={
                    "ignore_change_password_upon_first_use": True,
                    "ignore_lockout_failure_attempts": True,
                },
            )
        )

    def set_password(self, user_id: str, password: str) -> None:
        # keystoneclient logs no body of an update of users.
        self._keystone.users.update(user_id, password=password)

    def grant_role(self, user_id: str, project_id: str, role_id: str) -> None:
        self._keystone.roles.grant(role_id, user=user_id, project=project_id)

    def disable_user(self, user_id: str) -> None:
        self._keystone.users.update(user_id, enabled=False)

    def delete_user(self, user_id: str) -> None:
        try:
            self._keystone.users.delete(user_id)
        except auth_exceptions.NotFound:
            return

    @failures.translated("Cinder, as the temporary user,")
    def create_volume_as(
        self,
        user_id: str,
        password: str,
        project_id: str,
        volume: Mapping[str, Any],
    ) -> str:
        admin = self._link.session
        session = session_.Session(
            auth=generic.Password(
                auth_url=self._auth_url(),
                user_id=user_id,
                password=password,
                project_id=project_id,
            ),
            verify=admin.verify,
            cert=admin.cert,
            timeout=admin.timeout,
        )
        cinder = cinder_client.Client(
            # Any Cinder takes it, and only the volume's ID is read.
            "3.0",
            session=session,
            region_name=self._link.region_name,
            endpoint_type=self._link.interface,
            endpoint_override=self._override_for(project_id),
        )
        return str(cinder.volumes.create(**volume).id)

    def _auth_url(self) -> str:
        auth = self._link.session.auth
        url = getattr(auth, "auth_url", None)
        if url:
            return str(url)
        return str(
            self._link.session.get_endpoint(
                service_type="identity",
                interface=self._link.interface,
                region_name=self._link.region_name,
            )
        )

    def _override_for(self, project_id: str) -> str | None:
        """The override of Cinder's endpoint for a project.

        It may name the admin's project; a user's has to name the volume's.
        """
        override = self._link.endpoint_overrides.get("block-storage")
        own = self._link.session.get_project_id()
        if override and own:
            return override.replace(own, project_id)
        return override


def _user(row: Any) -> model.User:
    return model.User(
        id=row.id,
        name=row.name,
        domain_id=row.domain_id,
        enabled=row.enabled,
        description=getattr(row, "description", None) or "",
    )


def _found_id(kind: str, name_or_id: str, manager: Any) -> str:
    """The ID of a project or domain, looked up on the server.

    A list that is not asked for a name ends silently at Keystone's limit
    (services.rst, services-keystone-limits).
    """
    try:
        return str(manager.get(name_or_id).id)
    except auth_exceptions.NotFound:
        return _only_id(kind, name_or_id, manager.list(name=name_or_id))


def _only_id(kind: str, name_or_id: str, rows: Sequence[Any]) -> str:
    exact = [row for row in rows if row.id == name_or_id] or rows
    if len(exact) != 1:
        found = "no" if not exact else f"{len(exact)} times a"
        raise errors.NotFoundError(
            f"Keystone has {found} {kind} with a name or ID of '{name_or_id}'"
        )
    return str(exact[0].id)
