# SPDX-License-Identifier: Apache-2.0

"""Keystone, through python-keystoneclient, and the temporary user."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib import parse

from cinderclient import client as cinder_client
from keystoneauth1 import exceptions as auth_exceptions
from keystoneauth1 import session as session_
from keystoneauth1.identity import generic

from volmigrateclient.core import model
from volmigrateclient.core.model import errors, wording
from volmigrateclient.gateway import connection, failures

#: Rows of one page, as many as Keystone gives at most by default.
_PAGE = 1000


@failures.translated_class("Keystone")
class Identity:
    """See :class:`volmigrateclient.core.cloud.Identity`."""

    def __init__(self, link: connection.Connection) -> None:
        self._link = link
        # What Keystone's root says of its versions is the same for all.
        self._discovered: dict[str, Any] = {}

    @functools.cached_property
    def _keystone(self) -> Any:
        # Only a swap via Nova and 'recover' need it.
        from keystoneclient.v3 import client as keystone_client

        return keystone_client.Client(
            session=self._link.gated(),
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

    def project_names(self) -> Mapping[str, str]:
        # As many as Keystone shows at once: the others stay IDs.
        return {row.id: row.name for row in self._keystone.projects.list()}

    def find_project(self, name_or_id: str, domain: str | None = None) -> str:
        projects, narrower = self._keystone.projects, {}
        if domain is not None:
            narrower["domain"] = self.find_domain(domain)
        with contextlib.suppress(auth_exceptions.NotFound):
            found = projects.get(name_or_id)
            if domain is None or found.domain_id == narrower["domain"]:
                return str(found.id)
        # A list that is not asked for a name ends silently at Keystone's
        # limit (services.rst, services-keystone-limits).
        named = projects.list(name=name_or_id, **narrower)
        if len(named) > 1:
            raise errors.NotFoundError(
                f"{len(named)} projects are named "
                f"{wording.quoted(name_or_id)}: {self._in_domains(named)}; "
                "give the ID of one, or --project-domain"
            )
        if not named:
            raise self._none_of("project", name_or_id, projects, **narrower)
        return str(named[0].id)

    def _in_domains(self, projects: Sequence[Any]) -> str:
        return ", ".join(
            f"{row.id} in domain {self._domain_label(row.domain_id)}"
            for row in projects
        )

    def _domain_label(self, domain_id: str) -> str:
        try:
            return wording.quoted(self._keystone.domains.get(domain_id).name)
        except auth_exceptions.HttpError:
            return domain_id

    def find_domain(self, name_or_id: str) -> str:
        domains = self._keystone.domains
        with contextlib.suppress(auth_exceptions.NotFound):
            return str(domains.get(name_or_id).id)
        named = domains.list(name=name_or_id)
        if not named:
            raise self._none_of("domain", name_or_id, domains)
        return str(named[0].id)

    def find_role(self, name_or_id: str) -> str:
        roles = self._keystone.roles
        # Keystone compares names without case, and some clouds call their
        # roles Admin and Member. Unlike "iequals", "istartswith" is compared
        # before a list is cut (services.rst, services-keystone-limits).
        named = [
            row
            for row in roles.list(name__istartswith=name_or_id)
            if row.name.lower() == name_or_id.lower()
            and getattr(row, "domain_id", None) is None
        ]
        exact = [row for row in named if row.name == name_or_id] or named
        if exact:
            return str(exact[0].id)
        with contextlib.suppress(auth_exceptions.NotFound):
            return str(roles.get(name_or_id).id)
        raise self._none_of("role", name_or_id, roles)

    def _none_of(
        self, kind: str, name_or_id: str, manager: Any, **narrower: str
    ) -> errors.NotFoundError:
        """The error that something does not exist, with names like it."""
        names: list[str] = []
        # As many as Keystone shows at once: this is but a help.
        with contextlib.suppress(auth_exceptions.ClientException):
            names = [row.name for row in manager.list(**narrower)]
        return errors.NotFoundError(
            f"Keystone has no {kind} with a name or ID of "
            f"{wording.quoted(name_or_id)}"
            + wording.did_you_mean(name_or_id, names)
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
        query = {"name__istartswith": name_prefix}
        if domain_id is not None:
            query["domain_id"] = domain_id
        return [
            _user(row)
            for row in self._every("users", query)
            if row["name"].startswith(name_prefix)
        ]

    def _every(
        self, collection: str, query: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        """All rows of a list; a request for each 1000.

        Who names a limit is told where a list was cut, and may go on there
        (services.rst, services-keystone-limits).
        """
        rows: dict[str, Mapping[str, Any]] = {}
        page = dict(query, limit=str(_PAGE))
        while True:
            # keystoneclient drops what tells that there is more.
            _, body = self._keystone.users.client.get(
                f"/{collection}?{parse.urlencode(page)}"
            )
            fresh = [row for row in body[collection] if row["id"] not in rows]
            rows.update((row["id"], row) for row in fresh)
            if not body.get("truncated"):
                return list(rows.values())
            if not fresh:
                # Before 27.0.0 its lists have no pages.
                raise errors.CloudError(
                    f"Keystone shows no more than {len(rows)} {collection} "
                    "of a longer list: its option list_limit is too small"
                )
            page["marker"] = fresh[-1]["id"]

    def list_admins(self) -> Sequence[model.User]:
        try:
            role_id = self.find_role("admin")
        except errors.NotFoundError:
            return []
        rows = self._keystone.role_assignments.list(
            role=role_id, include_names=True
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
        made = self._keystone.users.create(
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
        return _user(made.to_dict())

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
            discovery_cache=self._discovered,
        )
        cinder = cinder_client.Client(
            # Any Cinder takes it, and only the volume's ID is read.
            "3.0",
            session=self._link.gated(session),
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


def _user(row: Mapping[str, Any]) -> model.User:
    return model.User(
        id=row["id"],
        name=row["name"],
        domain_id=row["domain_id"],
        enabled=row["enabled"],
        description=row.get("description") or "",
    )
