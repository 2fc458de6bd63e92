# SPDX-License-Identifier: Apache-2.0
"""The configuration files of the services."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.cloud import environments
from tests.cloud.services.testcloud import seed

Sections = Mapping[str, Mapping[str, Any]]

_COMMON = {"debug": False, "use_stderr": True, "log_file": ""}


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the configuration of one cloud's services depends on.

    :param url: says where a service listens itself (not its proxy)
    :param etc: the folder where packages put paste files and the like
    """

    url: Callable[[str], str]
    etc: pathlib.Path

    def credentials(self, user: str) -> dict[str, Any]:
        return {
            "auth_type": "password",
            "auth_url": self.url("keystone") + "/v3",
            "username": user,
            "password": seed.password(user),
            "project_name": "service",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            "region_name": seed.REGION,
        }

    def token_checks(self, user: str) -> dict[str, Any]:
        return {
            **self.credentials(user),
            "www_authenticate_uri": self.url("keystone") + "/v3",
            "interface": "internal",
            "service_token_roles": "service",
            "service_token_roles_required": True,
        }

    def service_user(self, user: str) -> dict[str, Any]:
        return {
            **self.credentials(user),
            "send_service_user_token": True,
        }


def _database(name: str) -> dict[str, Any]:
    # Relative to the working directory: copies work wherever they are.
    return {"connection": f"sqlite:///{name}.db?timeout=30"}


#: Behind the fault proxy, links must lead back to where the client came from.
_PROXY = {"oslo_middleware": {"enable_proxy_headers_parsing": True}}
_LOCKS = {"oslo_concurrency": {"lock_path": "locks"}}
_FIXED_KEY = {"fixed_key": "0f" * 32}


def keystone(around: Surroundings) -> Sections:
    return {
        "DEFAULT": dict(_COMMON),
        "database": _database("keystone"),
        "fernet_tokens": {"key_repository": "keys/fernet"},
        "fernet_receipts": {"key_repository": "keys/fernet"},
        "credential": {"key_repository": "keys/credential"},
        # The strength of hashes is not under test; their time would be.
        "identity": {"password_hash_rounds": 4},
        # Real clouds have memcached here. Without any cache Keystone reads a
        # token's roles anew for each request of each service, which is more
        # work than the services' own.
        "cache": {"enabled": True, "backend": "dogpile.cache.memory_pickle"},
        **_PROXY,
    }


def placement(around: Surroundings) -> Sections:
    return {
        "DEFAULT": dict(_COMMON),
        "placement_database": _database("placement"),
        "keystone_authtoken": around.token_checks("placement"),
        **_PROXY,
    }


def cinder(around: Surroundings) -> Sections:
    sections = {
        "DEFAULT": {
            **_COMMON,
            "auth_strategy": "keystone",
            "transport_url": "fake:/",
            "host": seed.HOST,
            "my_ip": "127.0.0.1",
            "state_path": ".",
            "api_paste_config": around.etc / "cinder" / "api-paste.ini",
            "resource_query_filters_file": (
                around.etc / "cinder" / "resource_filters.json"
            ),
            "enabled_backends": ",".join(seed.BACKENDS),
            # Cinder's default, and the filter that many clouds add. It does
            # nothing unless a pool has a filter_function.
            "scheduler_default_filters": (
                "AvailabilityZoneFilter,CapacityFilter,CapabilitiesFilter,"
                "DriverFilter"
            ),
            "default_volume_type": seed.DEFAULT_VOLUME_TYPE,
            "storage_availability_zone": "nova",
            "allow_availability_zone_fallback": True,
            "glance_api_servers": around.url("glance"),
            # The services' own reports are too slow for tests, and come
            # from too many threads; see testcloud.backends.
            "backend_stats_polling_interval": 86400,
            # A busy machine must not make healthy services look dead.
            "periodic_interval": 1,
            "periodic_fuzzy_delay": 0,
            "service_down_time": 120,
            "scheduler_driver_init_wait_time": 1,
            "quota_volumes": 1000,
            "quota_snapshots": 1000,
            "quota_gigabytes": 100000,
        },
        "database": _database("cinder"),
        "keystone_authtoken": around.token_checks("cinder"),
        "service_user": around.service_user("cinder"),
        "nova": {**around.credentials("cinder"), "interface": "internal"},
        "key_manager": {
            **_FIXED_KEY,
            "backend": "cinder.keymgr.conf_key_mgr.ConfKeyManager",
        },
        **_LOCKS,
        **_PROXY,
    }
    backends = seed.BACKENDS | seed.CLUSTERED_BACKENDS
    for backend, backend_name in backends.items():
        sections[backend] = {
            "volume_driver": "testcloud.sparse_files.SparseFileDriver",
            "volume_backend_name": backend_name,
        }
    return sections


def nova(around: Surroundings) -> Sections:
    paste = around.etc / "nova" / "api-paste.ini"
    return {
        "DEFAULT": {
            **_COMMON,
            "transport_url": "fake:/",
            "host": seed.HOST,
            "my_ip": "127.0.0.1",
            "state_path": ".",
            "compute_driver": "guests.GuestDriver",
            "allow_resize_to_same_host": True,
            "service_down_time": 120,
            "periodic_fuzzy_delay": 0,
        },
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": paste},
        "database": _database("nova"),
        "api_database": _database("nova_api"),
        "keystone_authtoken": around.token_checks("nova"),
        "service_user": around.service_user("nova"),
        "placement": {
            **around.credentials("nova"),
            "valid_interfaces": "internal",
        },
        "neutron": {
            **around.credentials("nova"),
            "valid_interfaces": "internal",
        },
        "cinder": {
            **around.credentials("nova"),
            "catalog_info": "volumev3:cinderv3:internalURL",
            "os_region_name": seed.REGION,
        },
        "glance": {"api_servers": around.url("glance")},
        "key_manager": {
            **_FIXED_KEY,
            "backend": "nova.keymgr.conf_key_mgr.ConfKeyManager",
        },
        "vnc": {"enabled": False},
        "quota": {"instances": 1000, "cores": 1000, "ram": 1000000},
        **_LOCKS,
        **_PROXY,
    }


_SECTIONS: dict[str, Callable[[Surroundings], Sections]] = {
    "keystone": keystone,
    "placement": placement,
    "cinder": cinder,
    "nova": nova,
}


def sections(
    service: str,
    url: Callable[[str], str],
    environment: environments.Environment,
) -> Sections:
    """Return the configuration of a service, section by section."""
    return _SECTIONS[service](Surroundings(url, environment.etc))


def write(path: pathlib.Path, *layers: Sections) -> None:
    """Write an ini file; what is in a later layer wins."""
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for section, options in layer.items():
            merged.setdefault(section, {}).update(options)
    lines = []
    for section, options in merged.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in options.items()]
        lines.append("")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))
