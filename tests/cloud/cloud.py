# SPDX-License-Identifier: Apache-2.0
"""A whole cloud: real services, in one directory, for one test session."""

from __future__ import annotations

import contextlib
import operator
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from concurrent import futures
from typing import Any

from cinderclient.v3 import client as cinder_client
from keystoneauth1 import session
from keystoneclient.v3 import client as keystone_client
from novaclient import client as nova_client

from tests.cloud import (
    access,
    catalogue,
    cells,
    configuration,
    credentials,
    databases,
    disks,
    empty_service,
    environments,
    errors,
    fault_proxy,
    fault_switches,
    inventory,
    ports,
    readiness,
    service,
    stale_records,
    templates,
)
from tests.cloud.services.testcloud import seed

_SERVICES = ("keystone", "placement", "cinder", "nova")
_FOLDER = operator.attrgetter("folder")
_EMPTY_SERVICES = {"neutron": "v2.0", "glance": "v2.9"}


class Cloud(disks.Disks):
    """Keystone, Placement, Cinder and Nova behind a fault proxy.

    :param directory: where all its state lives; made if need be, and kept
        by stop()
    :param nova: ``current``, or ``swap`` for the last Nova that lets
        clients swap volumes
    :param keystone_overrides: options for keystone.conf, by section
    :param clustered: with an active-active cluster of Cinder's, too
    """

    def __init__(
        self,
        directory: pathlib.Path | str,
        nova: str = "current",
        keystone_overrides: Mapping[str, Mapping[str, Any]] | None = None,
        clustered: bool = False,
    ) -> None:
        super().__init__(pathlib.Path(directory).absolute())
        self.nova = nova
        self.clustered = clustered
        self._keystone_overrides = keystone_overrides or {}
        self._cinder_overrides: Mapping[str, Mapping[str, Any]] = {}
        current = environments.Environment("current")
        self._environments = dict.fromkeys(_SERVICES, current)
        if nova != "current":
            self._environments["nova"] = environments.Environment(nova)
        self._ports: dict[str, ports.ReservedPort] = {}
        self._services: dict[str, service.Service] = {}
        self._empty: dict[str, empty_service.EmptyService] = {}
        self._fault_proxy: fault_proxy.FaultProxy | None = None
        self._access: access.Access | None = None

    def __enter__(self) -> Cloud:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; return when servers and volumes can be made.

        :raises errors.CloudError: something does not come up, and all that
            did is stopped again
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._check_directory()
        self._copy_templates()
        self._ports = {name: ports.ReservedPort() for name in _SERVICES}
        self._empty = {
            name: empty_service.EmptyService(version)
            for name, version in _EMPTY_SERVICES.items()
        }
        self._fault_proxy = fault_proxy.FaultProxy(
            {
                entry.proxy: self._url(name)
                for name, entry in seed.CATALOGUE.items()
                if entry.proxy is not None
            }
        )
        self._access = access.Access(
            self.auth_url, self._url("keystone") + "/v3"
        )
        databases.set_endpoints(self.directory, self._endpoints())
        credentials.write(self.directory, self.auth_url)
        for name in _SERVICES:
            self._configure(name)
            self._services[name] = self._service(name)
            self._services[name].spawn()
        for one in self._services.values():
            one.wait_until_ready()
        if self.clustered:
            self._make_clustered_type()

    def _make_clustered_type(self) -> None:
        wanted = seed.CLUSTERED_VOLUME_TYPE
        types = self.admin_cinder.volume_types.list()
        if wanted.name not in {kind.name for kind in types}:
            self.add_volume_type(wanted.name, wanted.extra_specs)

    def _check_directory(self) -> None:
        """Refuse databases that another Nova has made."""
        self.directory.mkdir(parents=True, exist_ok=True)
        kept = self.directory / "nova-version"
        if kept.exists() and kept.read_text() != self.nova:
            raise errors.CloudError(
                f"{self.directory} belongs to nova {kept.read_text()}"
            )
        kept.write_text(self.nova)

    def _copy_templates(self) -> None:
        missing = [
            templates.Template(name, self._environments[name])
            for name in _SERVICES
            if not (self.directory / f"{name}.db").exists()
        ]
        with futures.ThreadPoolExecutor() as pool:
            # All services but Nova share an environment; making it is not
            # for each of them to wait for.
            list(pool.map(_FOLDER, set(self._environments.values())))
            copies = [
                pool.submit(template.copy_to, self.directory)
                for template in missing
            ]
            for copy in copies:
                copy.result()

    def stop(self) -> None:
        """End every process and free every port; the directory stays."""
        with futures.ThreadPoolExecutor() as pool:
            list(pool.map(service.Service.kill, self._services.values()))
        if self._fault_proxy is not None:
            self._fault_proxy.close()
        for one in self._empty.values():
            one.close()
        for port in self._ports.values():
            port.release()
        self._services.clear()
        self._ports.clear()
        self._empty.clear()

    def remove(self) -> None:
        """Remove the directory of a stopped cloud."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _url(self, name: str) -> str:
        if name in self._ports:
            return self._ports[name].url
        return self._empty[name].url

    def _endpoints(self) -> dict[tuple[str, str], str]:
        urls = {}
        for name, entry in seed.CATALOGUE.items():
            for interface in seed.INTERFACES:
                url = self._url(name)
                if interface == "public" and entry.proxy is not None:
                    url = self.fault_proxy.url(entry.proxy)
                urls[entry.type, interface] = url + entry.path
        return urls

    def _configure(self, name: str) -> None:
        overrides = {
            "keystone": self._keystone_overrides,
            "cinder": self._cinder_overrides,
        }.get(name, {})
        configuration.write(
            self.directory / "etc" / f"{name}.conf",
            configuration.sections(name, self._url, self._environments[name]),
            overrides,
        )

    def _service(self, name: str) -> service.Service:
        arguments = [str(self._ports[name].number)]
        if name == "nova":
            arguments += [self._url("keystone"), self._url("placement")]
        if name == "cinder" and self.clustered:
            arguments.append("clustered")
        asks = readiness.Readiness(
            lambda: self.access.session(direct=True), self.clustered
        )
        ready = {
            "keystone": readiness.listens(self._url("keystone") + "/v3"),
            "placement": readiness.listens(self._url("placement")),
            "cinder": asks.cinder,
            "nova": asks.nova,
        }
        return service.Service(
            name,
            self._environments[name],
            self.directory,
            tuple(arguments),
            ready[name],
        )

    @property
    def fault_proxy(self) -> fault_proxy.FaultProxy:
        """The proxy that clients meet; keeps its record after stop()."""
        if self._fault_proxy is None:
            raise errors.CloudError("the cloud was not started")
        return self._fault_proxy

    @property
    def access(self) -> access.Access:
        """Sessions and clients of any user, past the fault proxy or not."""
        if self._access is None:
            raise errors.CloudError("the cloud was not started")
        return self._access

    def service(self, name: str) -> service.Service:
        """Return ``keystone``, ``placement``, ``cinder`` or ``nova``."""
        return self._services[name]

    def reconfigure_keystone(
        self, overrides: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Restart Keystone with these options in place of earlier ones."""
        self._keystone_overrides = overrides
        self._configure("keystone")
        keystone = self.service("keystone")
        keystone.stop()
        keystone.start()

    @contextlib.contextmanager
    def limited_cinder(self, osapi_max_limit: int) -> Iterator[None]:
        """Have Cinder's lists end after so few rows within a ``with`` block.

        Cinder is started anew for it, at both ends of the block.
        """
        limits = {"DEFAULT": {"osapi_max_limit": osapi_max_limit}}
        self._reconfigure_cinder(limits)
        try:
            yield
        finally:
            self._reconfigure_cinder({})

    def _reconfigure_cinder(
        self, overrides: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._cinder_overrides = overrides
        self._configure("cinder")
        cinder = self.service("cinder")
        cinder.stop()
        cinder.start()

    @contextlib.contextmanager
    def limited_keystone(
        self, max_db_limit: int, list_limit: int | None = None
    ) -> Iterator[None]:
        """Have Keystone show so few of anything within a ``with`` block.

        :param max_db_limit: the most that it shows at all (1,000 by default)
        :param list_limit: what it shows unless asked for more
        """
        before = self._keystone_overrides
        limits = {"max_db_limit": max_db_limit}
        if list_limit is not None:
            limits["list_limit"] = list_limit
        default = {**before.get("DEFAULT", {}), **limits}
        self.reconfigure_keystone({**before, "DEFAULT": default})
        try:
            yield
        finally:
            self.reconfigure_keystone(before)

    @contextlib.contextmanager
    def renamed_role(self, name: str, new: str) -> Iterator[None]:
        """Have a role under another name within a ``with`` block.

        The role is the same, in all its assignments. The services compare
        names without case: as ``Admin``, admin may do all that it could.
        """
        roles = self.admin_keystone.roles
        (role,) = roles.list(name=name)
        roles.update(role, options={"immutable": False})
        roles.update(role, name=new)
        try:
            yield
        finally:
            roles.update(role, name=name)
            roles.update(role, options={"immutable": True})

    def fault_switches(self, owner: str) -> fault_switches.FaultSwitches:
        """Return the switches of a backend (``alpha``...) or of ``nova``."""
        reports = owner in seed.BACKENDS or (
            self.clustered and owner in seed.CLUSTERED_BACKENDS
        )

        def confirms() -> bool:
            return reports and self.service("cinder").running

        return fault_switches.FaultSwitches(owner, self.directory, confirms)

    def database(self, name: str) -> databases.Database:
        """Return a service's database, to read and edit while it runs.

        :param name: ``keystone``, ``placement``, ``cinder``, ``nova`` (of
            the one cell), ``nova_cell0`` or ``nova_api``
        """
        return databases.Database(self.directory, name)

    def add_volume_type(
        self,
        name: str,
        extra_specs: Mapping[str, str] | None = None,
        front_end_qos: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a volume type, which stays.

        :param extra_specs: such as ``{'provisioning:min_vol_size': '2'}``
        :param front_end_qos: what the hypervisor is to see to, such as
            ``{'total_iops_sec': '100'}``
        :returns: cinderclient's object of it
        """
        cinder = self.admin_cinder
        made = cinder.volume_types.create(name)
        if extra_specs:
            made.set_keys(dict(extra_specs))
        if front_end_qos:
            qos = cinder.qos_specs.create(
                f"{name} QoS", {"consumer": "front-end", **front_end_qos}
            )
            cinder.qos_specs.associate(qos, made.id)
        return made

    @property
    def catalogue(self) -> catalogue.Catalogue:
        """Changes what Keystone's catalogue says, for a while."""
        return catalogue.Catalogue(self.admin_keystone)

    @property
    def cells(self) -> cells.Cells:
        """Has servers in a cell that is down, for a while."""
        return cells.Cells(
            self.database("nova_api"),
            self.database("nova"),
            self.fault_switches("nova"),
        )

    @property
    def stale_records(self) -> stale_records.StaleRecords:
        """Has Cinder and Nova disagree about who uses a volume."""
        return stale_records.StaleRecords(
            self.database,
            # Since 3.44 attachments can be completed.
            self.access.cinder(microversion="3.44"),
            self.admin_nova,
            self.fault_switches("nova"),
        )

    @property
    def auth_url(self) -> str:
        """Keystone, as clients know it."""
        return self.fault_proxy.url("identity") + "/v3"

    def environment(
        self, user: str = "admin", project: str | None = None
    ) -> dict[str, str]:
        """Return variables with which ``openstack`` works for a user.

        :param user: ``admin``, ``alice``, ``bob`` or ``reader``
        """
        return self.access.environment(user, project)

    def session(
        self, user: str = "admin", project: str | None = None
    ) -> session.Session:
        """Return a session through the fault proxy."""
        return self.access.session(user, project)

    @property
    def admin_cinder(self) -> cinder_client.Client:
        """For a test's own set-up: bypasses the fault proxy."""
        return self.access.cinder()

    @property
    def admin_nova(self) -> nova_client.Client:
        """For a test's own set-up: bypasses the fault proxy."""
        return self.access.nova()

    @property
    def admin_keystone(self) -> keystone_client.Client:
        """For a test's own set-up: bypasses the fault proxy."""
        return self.access.keystone()

    def inventory(self) -> inventory.Inventory:
        """Return all users, role assignments, volumes, attachments..."""
        return inventory.Inventory.take(self.directory)
