# SPDX-License-Identifier: Apache-2.0

"""The action's four parameters, and how it is to be carried out."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from typing import Any

from volmigrateclient.core.model import errors

SWAP = "swap"
COLD = "cold"

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
        # A third of what the core costs to import, and of no use to 'run'.
        import jsonschema

        validator = jsonschema.Draft7Validator(SCHEMA)
        faults = sorted(
            validator.iter_errors(dict(parameters)), key=lambda e: e.json_path
        )
        if faults:
            raise errors.InvalidActionError(
                "invalid action: "
                + "; ".join(
                    f"{fault.json_path}: {fault.message}" for fault in faults
                )
            )
        return cls(**parameters)

    def to_mapping(self) -> dict[str, str]:
        """The spec's parameters that are given."""
        return {
            key: value
            for key, value in dataclasses.asdict(self).items()
            if value is not None
        }


@dataclasses.dataclass(frozen=True)
class Options:
    """How actions are carried out; none of it is in the spec.

    :param swap_via: who drives a swap, ``cinder`` or ``nova``
    :param allow_relabel: let Cinder's driver move a volume between pools
        that report to be one storage, which copies nothing
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
