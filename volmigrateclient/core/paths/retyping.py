# SPDX-License-Identifier: Apache-2.0

"""os-retype, cold or live: what both paths share."""

from __future__ import annotations

from collections.abc import Generator

from volmigrateclient.core import model, verdict
from volmigrateclient.core import move as move_
from volmigrateclient.core import survey as survey_
from volmigrateclient.core.paths import following, patience


def wanted_type(move: move_.Move) -> model.VolumeType:
    """The destination type; the checks have seen that it exists."""
    found = move.before.type_called(move.action.destination_type)
    if found is None:
        raise RuntimeError("the checks let an unknown type pass")
    return found


def ask(
    move: move_.Move, wanted: model.VolumeType
) -> Generator[move_.Wait, move_.Reading, None]:
    """Send os-retype, unless a move of the volume is running already."""
    before = move.before.volume
    if before.moving:
        move.under_way = True
        return
    policy = policy_for(move.before, wanted)
    yield from patience.ask_cinder(
        move,
        lambda: move.cloud.retype_volume(before.id, wanted.id, policy),
        before,
    )


def follow(
    move: move_.Move, wanted: model.VolumeType
) -> Generator[move_.Wait, move_.Reading, model.Volume]:
    """Wait for the retype's end; gives the volume of the new type."""
    before = move.before.volume
    return (
        yield from following.to_the_end(
            before.id,
            lambda now, unchanged: verdict.of_retype(
                before, now, wanted.id, unchanged
            ),
        )
    )


def policy_for(survey: survey_.Survey, wanted: model.VolumeType) -> str:
    """The migration policy: on-demand, unless nothing differs.

    Between types that are all the same Cinder believes that there is
    nothing to do; with on-demand and its own backend out of service it then
    writes another pool into the row and leaves the data where it is
    (semantics 0.8). With never the scheduler refuses instead.
    """
    present = survey.volume_type
    same = (
        present is not None
        and present.extra_specs == wanted.extra_specs
        and present.qos_specs_id == wanted.qos_specs_id
        and survey.source_encryption == survey.destination_encryption
    )
    return "never" if same else "on-demand"
