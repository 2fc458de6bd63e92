# SPDX-License-Identifier: Apache-2.0

"""The action's four parameters, and how it is to be carried out."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from typing import Any

from volmigrateclient.core.model import check, errors, resources

SWAP = "swap"
COLD = "cold"
#: What Watcher's strategies write instead of the spec's words.
MIGRATE = "migrate"
RETYPE = "retype"

#: The specification's schema, made precise. The defaults are the spec's.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "resource_id": {
            "type": "string",
            "pattern": (
                "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
            ),
            # To Python "$" is also before a newline at the end.
            "maxLength": 36,
        },
        "migration_type": {"enum": [SWAP, COLD], "default": SWAP},
        "destination_node": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 255,
        },
        "destination_type": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 255,
        },
    },
    "required": ["resource_id"],
    "additionalProperties": False,
}

_OPTIONAL = {"type": ["string", "null"], "maxLength": 255}

#: The parameters as Watcher's strategies write them, or as the spec does.
WATCHER_SCHEMA: dict[str, Any] = {
    **SCHEMA,
    "properties": {
        "resource_id": SCHEMA["properties"]["resource_id"],
        # For Watcher's own users; a tenant's text, of any length.
        "resource_name": {"type": ["string", "null"]},
        "migration_type": {
            "enum": [SWAP, COLD, MIGRATE, RETYPE],
            "default": SWAP,
        },
        # Strategies write "" where they mean none.
        "destination_node": _OPTIONAL,
        "destination_type": _OPTIONAL,
    },
}


class Path(enum.Enum):
    """How an action is carried out; the value is what users read."""

    MIGRATE = "migrate"
    RETYPE = "retype"
    SWAP_VIA_CINDER = "swap via cinder"
    SWAP_VIA_NOVA = "swap via nova"


@dataclasses.dataclass(frozen=True)
class Action:
    """One volume migrate action.

    :param resource_id: the volume's UUID
    :param migration_type: ``swap`` (attached, the server runs on) or
        ``cold`` (detached)
    :param destination_node: a pool, ``host@backend#pool``
    :param destination_type: a volume type, name or ID
    :raises InvalidActionError: the migration type is neither; by the spec's
        diagram an error, and never taken for the default
    """

    resource_id: str
    migration_type: str = SWAP
    destination_node: str | None = None
    destination_type: str | None = None

    def __post_init__(self) -> None:
        if self.migration_type not in (SWAP, COLD):
            raise errors.InvalidActionError(
                f"invalid action: migration type {self.migration_type!r} is "
                f"neither {SWAP!r} nor {COLD!r}"
            )

    @classmethod
    def from_mapping(cls, parameters: Mapping[str, Any]) -> Action:
        """An action from the spec's four parameters.

        :raises InvalidActionError: naming every parameter that does not fit
        """
        _validate(parameters, SCHEMA)
        return cls(**parameters)

    @classmethod
    def from_watcher(
        cls,
        parameters: Mapping[str, Any],
        volume: resources.Volume | None,
    ) -> Action:
        """An action from what a strategy of Watcher's writes.

        ``migrate`` and ``retype`` become ``cold`` for a detached volume and
        ``swap`` for an attached one; where only the pool changes, a swap to
        the type that the volume has. The spec's own words stay as they are.
        ``""`` is a destination that is not given, and ``resource_name`` is
        left out.

        :param volume: as it is now; None, where it does not exist, is as
            good as detached
        :raises InvalidActionError: naming every parameter that does not fit;
            or the type that ``migrate`` names is not the volume's own
        """
        _validate(parameters, WATCHER_SCHEMA)
        # As Cinder writes it.
        volume_id = parameters["resource_id"].lower()
        word = parameters.get("migration_type", SWAP)
        node = parameters.get("destination_node") or None
        type_ = parameters.get("destination_type") or None
        if word in (SWAP, COLD):
            return cls(volume_id, word, node, type_)
        needed = "destination_node" if word == MIGRATE else "destination_type"
        if not parameters.get(needed):
            raise errors.InvalidActionError(
                f"invalid action: {needed} is required when migration type "
                f"is {word}"
            )
        if volume is None or not volume.attachments:
            return cls(volume_id, COLD, node, type_)
        if word == MIGRATE:
            if type_ not in (None, volume.type_id, volume.type_name):
                raise errors.InvalidActionError(
                    f"{check.SAME_TYPE}: the volume is of type "
                    f"{volume.type_name}, not of {type_}"
                )
            type_ = volume.type_name
        return cls(volume_id, SWAP, node, type_)

    def to_mapping(self) -> dict[str, str]:
        """The spec's parameters that are given."""
        return {
            key: value
            for key, value in dataclasses.asdict(self).items()
            if value is not None
        }


def _validate(parameters: Mapping[str, Any], schema: dict[str, Any]) -> None:
    # A third of what the core costs to import, and of no use to 'run'.
    import jsonschema

    faults = sorted(
        jsonschema.Draft7Validator(schema).iter_errors(dict(parameters)),
        key=lambda fault: fault.json_path,
    )
    if faults:
        raise errors.InvalidActionError(
            "invalid action: "
            + "; ".join(
                f"{fault.json_path}: {fault.message}" for fault in faults
            )
        )


@dataclasses.dataclass(frozen=True)
class Options:
    """How actions are carried out; none of it is in the spec.

    :param swap_via: who drives a swap, ``cinder`` or ``nova``
    :param allow_relabel: let Cinder's driver move a volume between pools
        that report to be one storage, which copies nothing
    :param allow_file_copy: let Cinder copy a detached volume that its backend
        keeps in a file; whoever says so knows that the file is raw
    :param force_host_copy: have Cinder copy the data of a migration,
        whatever its driver could do itself
    :param migration_policy: of a retype: ``on-demand``, or ``never`` for one
        that needs no copy
    :param keep_source: via Nova: keep the source volume, renamed
    :param temporary_user_role: via Nova: the temporary user's role
    :param temporary_user_domain: via Nova: the domain, name or ID, where
        the temporary user is made; None is the project's own
    :param timeout: seconds until waiting ends; None is 600 s plus 60 s
        per GiB
    :param wait: False returns as soon as Cinder accepted the request
    :param unattended: one of many in a plan: reads are repeated as long as
        the action's time lasts, and a cold retype to the volume's own type
        is done already instead of refused
    :raises InvalidActionError: ``swap_via`` is neither
    """

    swap_via: str = "cinder"
    allow_relabel: bool = False
    allow_file_copy: bool = False
    force_host_copy: bool = False
    migration_policy: str = "on-demand"
    keep_source: bool = False
    temporary_user_role: str = "member"
    temporary_user_domain: str | None = None
    timeout: float | None = None
    wait: bool = True
    unattended: bool = False

    def __post_init__(self) -> None:
        if self.migration_policy not in ("on-demand", "never"):
            raise errors.InvalidActionError(
                f"invalid option: migration_policy {self.migration_policy!r} "
                "is neither 'on-demand' nor 'never'"
            )
        if self.swap_via not in ("cinder", "nova"):
            raise errors.InvalidActionError(
                f"invalid option: swap_via {self.swap_via!r} is neither "
                "'cinder' nor 'nova'"
            )

    def seconds(self, size: int) -> float:
        """How long the move of a volume of so many GiB may take."""
        if self.timeout is not None:
            return self.timeout
        return 600.0 + 60.0 * size


@dataclasses.dataclass(frozen=True)
class Request:
    """An action, and how it is to be carried out.

    :param action: what is to become of the volume
    :param options: everything that the specification does not name
    """

    action: Action
    options: Options = dataclasses.field(default_factory=Options)

    @functools.cached_property
    def path(self) -> Path:
        """The path that carries the action out, by the spec's diagram."""
        if self.action.migration_type == COLD:
            # With both destinations the node wins, as in the diagram.
            return (
                Path.MIGRATE if self.action.destination_node else Path.RETYPE
            )
        if self.options.swap_via == "nova":
            return Path.SWAP_VIA_NOVA
        return Path.SWAP_VIA_CINDER
