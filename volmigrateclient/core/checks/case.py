# SPDX-License-Identifier: Apache-2.0

"""The case that checks judge: what was asked for, and what the cloud holds."""

from __future__ import annotations

import dataclasses

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Survey
from volmigrateclient.core.cloud.place import Place
from volmigrateclient.core.model import check


@dataclasses.dataclass(frozen=True)
class Case:
    """What was asked for, and what the cloud holds."""

    request: model.Request
    survey: Survey

    @property
    def action(self) -> model.Action:
        """The action that was asked for."""
        return self.request.action

    @property
    def options(self) -> model.Options:
        """How it is to be carried out."""
        return self.request.options

    @property
    def path(self) -> model.Path:
        """The path that would carry it out."""
        return self.request.path

    @property
    def state_sentence(self) -> str:
        """The spec's sentence for a volume that is in no state to move."""
        cold = self.action.migration_type == model.COLD
        return check.COLD_STATE if cold else check.SWAP_STATE

    @property
    def wanted_type(self) -> model.VolumeType | None:
        """The type that is asked for, if it exists."""
        return self.survey.destination_type

    @property
    def final_type(self) -> model.VolumeType | None:
        """The type that the volume would end with."""
        if self.path is model.Path.MIGRATE:
            return self.survey.volume_type
        return self.wanted_type

    @property
    def type_changes(self) -> bool:
        """Whether the type asked for is another than the volume's."""
        wanted = self.wanted_type
        return wanted is None or wanted.id != self.survey.volume.type_id

    @property
    def keeps_type(self) -> bool:
        """Whether no type is asked for, or the volume's own."""
        return self.action.destination_type is None or not self.type_changes

    @property
    def pool_changes(self) -> bool:
        """Whether another pool than the volume's is asked for."""
        place = self.destination
        return place is not None and not place.holds(self.survey.volume)

    @property
    def destination(self) -> Place | None:
        """The pool that is asked for."""
        return self.survey.place(self.action.destination_node)
