# SPDX-License-Identifier: Apache-2.0
"""Who may use the cloud, and how they say so."""

from __future__ import annotations

import json
import pathlib
import shlex

from tests.cloud.services.testcloud import seed

#: Those for tests; the others belong to the services.
PEOPLE = ("admin", "alice", "bob", "reader")


def project_of(user: str) -> str:
    """Return the project that a user works in unless told otherwise."""
    return next(iter(seed.USERS[user]))


def variables(
    auth_url: str, user: str, project: str | None = None
) -> dict[str, str]:
    """Return what ``openstack`` wants to find in the environment."""
    return {
        "OS_AUTH_TYPE": "password",
        "OS_AUTH_URL": auth_url,
        "OS_USERNAME": user,
        "OS_PASSWORD": seed.password(user),
        "OS_PROJECT_NAME": project or project_of(user),
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_REGION_NAME": seed.REGION,
        "OS_INTERFACE": "public",
    }


def write(directory: pathlib.Path, auth_url: str) -> None:
    """Write ``openrc`` (the admin's) and ``clouds.yaml`` (everybody's)."""
    exports = [
        f"export {name}={shlex.quote(value)}"
        for name, value in variables(auth_url, "admin").items()
    ]
    (directory / "openrc").write_text("\n".join(exports) + "\n")
    clouds = {
        user: {
            "auth": {
                "auth_url": auth_url,
                "username": user,
                "password": seed.password(user),
                "project_name": project_of(user),
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
            "region_name": seed.REGION,
            "interface": "public",
            "identity_api_version": 3,
        }
        for user in PEOPLE
    }
    # Every JSON document is a YAML document.
    (directory / "clouds.yaml").write_text(
        json.dumps({"clouds": clouds}, indent=2) + "\n"
    )
