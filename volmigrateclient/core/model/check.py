# SPDX-License-Identifier: Apache-2.0

"""What a check is, and the sentences with which checks refuse."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence

from volmigrateclient.core.model import wording

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
DATA = "The data might not be moved"
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
    """One precondition and whether it is met.

    :param name: what was looked at, in a few words
    :param detail: what was found, on one line
    :param remedy: what clears it, a command where there is one
    :param sentence: the contract's sentence that it refuses with
    """

    name: str
    result: Result
    detail: str = ""
    remedy: str = ""
    sentence: str = ""

    def __post_init__(self) -> None:
        # On one line, whatever the names in it are.
        object.__setattr__(self, "detail", wording.escaped(self.detail))
        object.__setattr__(self, "remedy", wording.escaped(self.remedy))

    #: Whether it blocks only as long as a service does not answer: it may
    #: come back by itself, as one that is restarted does.
    passing: bool = False

    @classmethod
    def ok(cls, name: str, detail: str = "") -> Check:
        """A check that passed."""
        return cls(name, Result.OK, detail)

    @classmethod
    def blocked(
        cls, name: str, sentence: str, detail: str, remedy: str = ""
    ) -> Check:
        """A check that keeps the action from being carried out."""
        return cls(name, Result.BLOCKED, detail, remedy, sentence)

    @classmethod
    def unreachable(
        cls, name: str, sentence: str, detail: str, remedy: str
    ) -> Check:
        """A check that blocks as long as a service does not answer."""
        return cls(
            name, Result.BLOCKED, detail, remedy, sentence, passing=True
        )

    @classmethod
    def warning(cls, name: str, detail: str, remedy: str = "") -> Check:
        """Something to be aware of that keeps nothing from going on."""
        return cls(name, Result.WARNING, detail, remedy)

    @classmethod
    def unknown(cls, name: str, detail: str) -> Check:
        """Something that the cloud would not show this user."""
        return cls(name, Result.UNKNOWN, detail)

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


def sentences(blockers: Sequence[Check]) -> list[str]:
    """One line per sentence of the contract, each with all its reasons."""
    grouped: dict[str, list[str]] = {}
    for blocker in blockers:
        reasons = grouped.setdefault(blocker.sentence, [])
        if blocker.detail:
            reasons.append(blocker.reason)
    return [
        f"{sentence}: {'; '.join(reasons)}" if reasons else sentence
        for sentence, reasons in grouped.items()
    ]
