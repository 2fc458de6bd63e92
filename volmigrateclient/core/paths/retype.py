# SPDX-License-Identifier: Apache-2.0

"""os-retype: the volume becomes one of another type."""

from __future__ import annotations

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Survey
from volmigrateclient.core.paths import follow, retry, verdict
from volmigrateclient.core.paths.move import (
    Ending,
    Move,
    Outcome,
    Steps,
    Waits,
)


def steps(move: Move) -> Steps:
    """Cold retype: a detached volume, copied to another pool if need be."""
    yield from request(move)
    if not move.options.wait:
        return Ending(Outcome.ACCEPTED)
    volume = yield from to_the_end(move)
    return (yield from follow.verified_and_cleaned_up(move, volume))


def request(move: Move) -> Waits[None]:
    """Send os-retype, unless the volume is moving already."""
    volume, wanted = move.before.volume, move.destination_type
    if volume.moving:
        move.under_way = True
        return
    policy = move.options.migration_policy
    if policy == "on-demand":
        policy = policy_for(move.before, wanted)
    yield from retry.ask_cinder(
        move,
        lambda: move.cloud.retype_volume(volume.id, wanted.id, policy),
        volume,
    )


def to_the_end(
    move: Move, besides: follow.Besides | None = None
) -> Waits[model.Volume]:
    """Wait for the retype's end; gives the volume of the new type.

    :param besides: as in :func:`.follow.to_the_end`
    """
    before, wanted = move.before.volume, move.destination_type
    return (
        yield from follow.to_the_end(
            move,
            before.id,
            lambda now, unchanged: verdict.of_retype(
                before, now, wanted.id, unchanged
            ),
            besides,
        )
    )


def policy_for(survey: Survey, wanted: model.VolumeType) -> str:
    """The migration policy: on-demand, unless nothing differs.

    Between types that are all the same Cinder believes that there is
    nothing to do; with on-demand and its own backend out of service it then
    writes another pool into the row and leaves the data where it is
    (services.rst, services-same-specs). With never the scheduler refuses.
    """
    present = survey.volume_type
    same = (
        present is not None
        and present.extra_specs == wanted.extra_specs
        and present.qos_specs_id == wanted.qos_specs_id
        and survey.source_encryption == survey.destination_encryption
    )
    return "never" if same else "on-demand"
