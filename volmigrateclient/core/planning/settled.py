# SPDX-License-Identifier: Apache-2.0

"""What of a plan needs no move any more, for thousands at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from volmigrateclient.core import checks, model, paths
from volmigrateclient.core.cloud import Cloud, Survey
from volmigrateclient.core.cloud.reading import none_if_forbidden
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.model import errors


def settled(cloud: Cloud, jobs: Sequence[Job]) -> list[Job]:
    """The same jobs; those that are there already have their ending.

    Judged by the reading that this run began with, as if each was surveyed
    then; so no volume is read again of which nothing is asked. Two requests
    in all.
    """
    try:
        types = cloud.list_types()
        services = none_if_forbidden(cloud.list_volume_services)
    except errors.CloudError:
        return list(jobs)  # the survey of each asks again, and tells
    return list(_settled(jobs, types, services))


def _settled(
    jobs: Sequence[Job],
    types: Sequence[model.VolumeType],
    services: Sequence[model.Service] | None,
) -> Iterator[Job]:
    for job in jobs:
        reason = None
        if job.volume is not None and not checks.blockers(
            checks.evaluate_parameters(job.request)
        ):
            survey = Survey(
                job.volume,
                volume_type=find_type(types, job.volume.type_id),
                destination_type=find_type(
                    types, job.request.action.destination_type
                ),
                volume_services=services,
            )
            reason = checks.already_there(checks.Case(job.request, survey))
        if reason is None:
            yield job
            continue
        ending = paths.Ending(paths.Outcome.ALREADY_THERE, reason, job.volume)
        yield dataclasses.replace(job, ending=ending)
