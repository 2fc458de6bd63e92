# SPDX-License-Identifier: Apache-2.0

"""What a check is, and the case that it is about."""

from __future__ import annotations

import dataclasses
import enum

from volmigrateclient.core import action as action_
from volmigrateclient.core import model
from volmigrateclient.core import survey as survey_

# The specification's sentences, to the letter.
COLD_STATE = "Invalid state for cold migration"
SAME_TYPE = "Volume type must be same for migrating"
DIFFERENT_TYPE = "Volume type must be different for retyping"
SWAP_NEEDS_TYPE = "destination type is required when migration type is swap"
SWAP_STATE = "Invalid state for swapping volume"

# Ours, for what the specification does not name.
COLD_NEEDS_DESTINATION = (
    "destination node or destination type is required when migration type "
    "is cold"
)
OPTIONS = "Options do not fit together"
POOL = "Destination pool cannot take the volume"
TYPE = "Destination type cannot be used"
SERVICE = "Source backend cannot move the volume"
QUOTA = "Quota does not suffice"
DIRECT_SWAP = "This volume cannot be swapped via nova"
PROJECT = "Project cannot be used"


class Result(enum.Enum):
    """What became of a check; UNKNOWN is what the cloud would not show."""

    OK = "ok"
    BLOCKED = "blocked"
    WARNING = "warning"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Check:
    """One precondition and whether it holds.

    :param name: what was looked at, in a few words
    :param detail: what was seen
    :param remedy: what clears it, a command where there is one
    :param sentence: the contract's sentence that it refuses with
    """

    name: str
    result: Result
    detail: str = ""
    remedy: str = ""
    sentence: str = ""

    @property
    def reason(self) -> str:
        """The detail, and the remedy where there is one."""
        if not self.remedy:
            return self.detail
        return f"{self.detail} (remedy: {self.remedy})"

    @property
    def full_text(self) -> str:
        """The reason, with the sentence before it where it refuses."""
        return ": ".join(filter(None, (self.sentence, self.reason)))


@dataclasses.dataclass(frozen=True)
class Case:
    """What was asked for, and what was seen."""

    action: action_.Action
    options: action_.Options
    survey: survey_.Survey

    @property
    def path(self) -> action_.Path:
        """How the action would be carried out."""
        return action_.path_of(self.action, self.options)

    @property
    def state_sentence(self) -> str:
        """The spec's sentence for a volume that is in no state to move."""
        cold = self.action.migration_type == action_.COLD
        return COLD_STATE if cold else SWAP_STATE

    @property
    def wanted_type(self) -> model.VolumeType | None:
        """The type that is asked for, if it exists."""
        return self.survey.type_called(self.action.destination_type)

    @property
    def final_type(self) -> model.VolumeType | None:
        """The type that the volume would end with."""
        if self.path is action_.Path.MIGRATE:
            return self.survey.volume_type
        return self.wanted_type

    @property
    def type_changes(self) -> bool:
        """Whether the type asked for is another than the volume's."""
        wanted = self.wanted_type
        return wanted is None or wanted.id != self.survey.volume.type_id

    @property
    def type_fits_request(self) -> bool:
        """Whether no type is asked for, or the volume's own."""
        return self.action.destination_type is None or not self.type_changes

    @property
    def pool_changes(self) -> bool:
        """Whether another pool than the volume's is asked for."""
        node = self.action.destination_node
        return node is not None and node != self.survey.volume.host

    def ok(self, name: str, detail: str = "") -> Check:
        """A check that holds."""
        return Check(name, Result.OK, detail)

    def blocked(
        self, name: str, sentence: str, detail: str, remedy: str = ""
    ) -> Check:
        """A check that does not hold."""
        return Check(name, Result.BLOCKED, detail, remedy, sentence)

    def warning(self, name: str, detail: str, remedy: str = "") -> Check:
        """Something to know of that keeps nothing from going on."""
        return Check(name, Result.WARNING, detail, remedy)

    def unknown(self, name: str, detail: str) -> Check:
        """Something that the cloud would not show this user."""
        return Check(name, Result.UNKNOWN, detail)
