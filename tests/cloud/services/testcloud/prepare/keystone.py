# SPDX-License-Identifier: Apache-2.0
"""Keystone's database and keys."""

import uuid

import keystone.conf
from keystone import server
from keystone.cmd import bootstrap
from keystone.common import fernet_utils, provider_api
from keystone.common.sql import upgrades
from keystone.credential.providers import fernet
from testcloud import seed

DOMAIN = "default"


def _keys() -> None:
    conf = keystone.conf.CONF
    for group, keep in (
        ("fernet_tokens", conf.fernet_tokens.max_active_keys),
        ("credential", fernet.MAX_ACTIVE_KEYS),
    ):
        repository = fernet_utils.FernetUtils(
            conf[group].key_repository, keep, group
        )
        repository.create_key_directory()
        repository.initialize_key_repository()


def _bootstrap() -> bootstrap.Bootstrapper:
    strapper = bootstrap.Bootstrapper()
    strapper.project_name = "admin"
    strapper.admin_username = strapper.admin_role_name = "admin"
    strapper.admin_password = seed.password("admin")
    strapper.region_id = seed.REGION
    strapper.immutable_roles = True
    strapper.bootstrap()
    return strapper


def _people(providers, roles: dict[str, str], projects: dict[str, str]):
    for name in seed.PROJECTS:
        if name not in projects:
            projects[name] = uuid.uuid4().hex
            providers.resource_api.create_project(
                projects[name],
                {
                    "id": projects[name],
                    "name": name,
                    "domain_id": DOMAIN,
                    "enabled": True,
                },
            )
    for name, memberships in seed.USERS.items():
        if name == "admin":
            user = providers.identity_api.get_user_by_name(name, DOMAIN)
        else:
            user = providers.identity_api.create_user(
                {
                    "name": name,
                    "domain_id": DOMAIN,
                    "password": seed.password(name),
                    "enabled": True,
                    "default_project_id": projects[next(iter(memberships))],
                }
            )
        for project, names in memberships.items():
            if (name, project) == ("admin", "admin"):
                continue  # bootstrap granted it
            for role in names:
                providers.assignment_api.add_role_to_user_and_project(
                    user["id"], projects[project], roles[role]
                )


def _catalogue(providers) -> None:
    """Create endpoints whose URLs each cloud replaces with its own."""
    for service, entry in seed.CATALOGUE.items():
        service_id = uuid.uuid4().hex
        providers.catalog_api.create_service(
            service_id,
            {
                "id": service_id,
                "type": entry.type,
                "name": entry.name,
                "enabled": True,
            },
        )
        for interface in seed.INTERFACES:
            endpoint_id = uuid.uuid4().hex
            providers.catalog_api.create_endpoint(
                endpoint_id,
                {
                    "id": endpoint_id,
                    "service_id": service_id,
                    "region_id": seed.REGION,
                    "interface": interface,
                    "url": f"http://{service}.{interface}",
                    "enabled": True,
                },
            )


def main() -> None:
    server.configure(config_files=["etc/keystone.conf"])
    upgrades.offline_sync_database_to_version()
    _keys()
    providers = provider_api.ProviderAPIs
    strapper = _bootstrap()
    roles = {
        role["name"]: role["id"] for role in providers.role_api.list_roles()
    }
    _people(providers, roles, {"admin": strapper.project_id})
    _catalogue(providers)
