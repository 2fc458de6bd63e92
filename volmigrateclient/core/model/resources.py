# SPDX-License-Identifier: Apache-2.0

"""What the cloud holds, as frozen data.

The gateway makes these from the services' answers; the checks and the
verdicts are pure functions of them. Field names follow the services' API.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

#: ``migration_status`` while Cinder is moving a volume
#: (services.rst, services-progress).
MIGRATING = frozenset({"starting", "migrating", "completing"})

#: ``power_state`` of a guest whose disk Nova can copy: running, paused.
POWERED = frozenset({1, 3})


# With slots, as Volume below: a plan holds 100,000 of them.
@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """One of Cinder's attachments of a volume.

    ``server_id`` is None for an attachment to a host. ``status`` is the
    attachment's own: reserved, attaching, attached, detaching, ...; the
    volume view lists attached ones only. ``host`` is told of attached ones.
    """

    id: str
    volume_id: str
    server_id: str | None
    status: str = "attached"
    device: str | None = None
    host: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Volume:
    """A volume as an admin sees it. ``size`` is in GiB.

    ``host`` is the pool, ``host@backend#pool``; None before the volume was
    scheduled. ``migration_status`` is None where Cinder says null.
    """

    id: str
    name: str
    project_id: str
    status: str
    size: int
    #: Cinder before 3.63 (Wallaby) tells the type's name only: the gateway
    #: then looks the name up. None is no type, or one that is gone.
    type_id: str | None
    type_name: str | None
    host: str | None
    #: ``cluster@backend#pool``. None is no cluster, or is not told: by
    #: Cinder before 3.61 (Victoria).
    cluster_name: str | None = None
    #: By which the storage knows it, where that is not its ID: a move may
    #: leave the volume with the data of the copy that it made.
    name_id: str | None = None
    migration_status: str | None = None
    attachments: tuple[Attachment, ...] = ()
    availability_zone: str | None = None
    bootable: bool = False
    encrypted: bool = False
    multiattach: bool = False
    replication_status: str | None = None
    group_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    image_metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    read_only: bool = False
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def moving(self) -> bool:
        """Whether Cinder is migrating or retyping it right now."""
        return self.migration_status in MIGRATING or self.status == "retyping"

    @property
    def lost_attachment(self) -> bool:
        """Whether it is in use, by nobody that Cinder knows of.

        Cinder may lose an attachment in a live move
        (services.rst, services-lost-attachment), and
        shows one so for a moment after each. Until it is attached again, as
        ``recover`` does, it may be one that waits for its attachment.
        """
        return not self.attachments and (
            self.status == "in-use"
            or (self.status, self.migration_status)
            == ("downloading", "success")
        )

    @property
    def cinders_own(self) -> bool:
        """Whether it is a copy of Cinder's, and not a tenant's volume."""
        return self.source_id is not None or (
            self.migration_status == "deleting"
        )

    @property
    def backend(self) -> str | None:
        """``host@backend``, the name of the cinder-volume service."""
        return backend_of(self.host) if self.host else None

    @property
    def source_id(self) -> str | None:
        """For Cinder's temporary target: the volume it is the target of."""
        status = self.migration_status or ""
        return status[7:] if status.startswith("target:") else None


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A snapshot of a volume."""

    id: str
    name: str
    status: str


@dataclasses.dataclass(frozen=True)
class VolumeType:
    """A volume type with its extra specs, as an admin sees it."""

    id: str
    name: str
    is_public: bool
    extra_specs: Mapping[str, str]
    qos_specs_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Encryption:
    """How the volumes of a type are encrypted."""

    provider: str

    @property
    def luks(self) -> bool:
        """Whether Nova decrypts it in QEMU, and so cannot swap it."""
        return "luks" in self.provider.lower()


@dataclasses.dataclass(frozen=True)
class Pool:
    """A pool as the scheduler knows it: ``host@backend#pool``."""

    name: str
    capabilities: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Service:
    """A cinder-volume or nova-compute service."""

    host: str
    enabled: bool
    up: bool
    frozen: bool = False
    #: ``cluster@backend``. None is no cluster, or is not told: by Cinder
    #: before 3.7 (Newton).
    cluster: str | None = None
    disabled_reason: str | None = None
    zone: str | None = None
    #: False is a nova-compute of a cell that is down; Nova before 2.69
    #: (Stein) leaves it out.
    told: bool = True


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster of cinder-volume services, ``cluster@backend``.

    Whether it is enabled decides for all of its services
    (services.rst, services-clusters).
    """

    name: str
    enabled: bool
    disabled_reason: str | None = None


@dataclasses.dataclass(frozen=True)
class Quota:
    """One resource of a project's quota; a limit of -1 is none."""

    limit: int
    in_use: int
    reserved: int

    @property
    def headroom(self) -> int | None:
        """What may still be used, or None where nothing limits it."""
        if self.limit < 0:
            return None
        return self.limit - self.in_use - self.reserved


@dataclasses.dataclass(frozen=True)
class ServerVolume:
    """One row of a server's os-volume_attachments."""

    volume_id: str
    #: Cinder's attachment; empty where Nova knows of none. None is not told:
    #: by Nova before 2.89 (Xena).
    attachment_id: str | None
    device: str | None
    #: None is not told: by Nova before 2.79 (Train).
    delete_on_termination: bool | None
    tag: str | None = None


@dataclasses.dataclass(frozen=True)
class Server:
    """A server as an admin sees it.

    ``status`` is the API's word (VERIFY_RESIZE), ``vm_state`` Nova's
    (resized). ``power_state`` is 1 running, 3 paused, 4 shut down.

    Of a server in a cell that is down Nova tells that it exists, and no
    more (services.rst, services-servers): see :attr:`state_known`.
    """

    id: str
    #: None where its cell is down.
    name: str | None
    project_id: str
    #: ``UNKNOWN`` where its cell is down.
    status: str
    #: None where its cell is down.
    vm_state: str | None
    #: None is idle; where its cell is down it says nothing.
    task_state: str | None
    #: None where its cell is down.
    power_state: int | None
    #: None is not told: its cell is down, or Nova is older than 2.9 (Mitaka).
    locked: bool | None
    #: The nova-compute that has it; None is none, or its cell is down.
    host: str | None
    availability_zone: str | None
    #: Whether its flavor has a vTPM. None is not told: its cell is down, or
    #: Nova is older than 2.47 (Pike), or policy hides extra specs.
    tpm: bool | None = False
    #: The volumes that it has, also such as are only reserved for it; None is
    #: not told: its cell is down.
    volume_ids: frozenset[str] | None = frozenset()

    @property
    def state_known(self) -> bool:
        """Whether Nova tells more than that the server exists."""
        return self.vm_state is not None

    @property
    def soft_deleted(self) -> bool:
        """Whether it was deleted in a way that can be undone."""
        return self.vm_state == "soft-delete"


@dataclasses.dataclass(frozen=True)
class Project:
    """A project and the domain that it is in."""

    id: str
    name: str
    domain_id: str
    enabled: bool


@dataclasses.dataclass(frozen=True)
class User:
    """A user; ``description`` is what was written there when it was made."""

    id: str
    name: str
    domain_id: str
    enabled: bool
    description: str = ""


@dataclasses.dataclass(frozen=True)
class ServerAction:
    """Something that was done to a server, by Nova's record.

    :param name: Nova's word for it, such as ``swap_volume`` or ``reboot``
    :param failed: whether Nova says so; False while it goes on
    """

    name: str
    started_at: str
    failed: bool = False


@dataclasses.dataclass(frozen=True)
class SwapAction:
    """A server's ``swap_volume`` instance action.

    (services.rst, services-swap-action)

    ``events`` is False while nova-compute has not taken it up; ``result``
    is None until the event ended, then Success or Error.
    """

    request_id: str
    started_at: str
    events: bool = False
    result: str | None = None
    traceback: str = ""


def backend_of(pool: str) -> str:
    """``host@backend`` of ``host@backend#pool``."""
    return pool.partition("#")[0]
