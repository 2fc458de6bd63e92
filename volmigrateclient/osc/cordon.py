# SPDX-License-Identifier: Apache-2.0

"""A cordon around what is being emptied, for the length of a run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterator

from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import cordon
from volmigrateclient.core.planning.plan import Plan

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def around(
    cloud: Cloud,
    plan: Plan,
    label: str,
    wanted: bool,
    keep: bool,
    say: Callable[[str], None],
) -> Iterator[None]:
    """Keep new volumes away from a plan's sources meanwhile.

    Also where none is wanted: a run that was killed may have left one, which
    is then known and ended.

    :param cloud: not one that keeps answers
    :param label: what to call the plan
    :param keep: leave everything disabled at the end
    :raises MigrateError: it could not be put up; nothing is disabled then
        that was not before
    """
    one = cordon.Cordon(cloud, cordon.plan_id(plan), label, keep)
    if wanted or keep:
        backends = cordon.sources(plan, _unrecorded(cloud, plan))
        cordon.refuse_destinations(plan, backends)
        told = one.put_up(backends)
    else:
        backends = cordon.sources(plan)
        told = _recalled(one, backends)
    for text in told:
        say(text)
    try:
        yield
    finally:
        for text in _ended(one, backends):
            say(text)


def _unrecorded(cloud: Cloud, plan: Plan) -> dict[str, str | None]:
    """The pools of volumes of which the plan recorded none."""
    ids = [
        step.action.resource_id
        for step in plan.steps
        if step.planned is None or step.planned.host is None
    ]
    found = cloud.get_volumes(ids) if ids else {}
    return {volume.id: volume.host for volume in found.values()}


def _recalled(one: cordon.Cordon, backends: Collection[str]) -> list[str]:
    try:
        return one.recall(backends)
    except errors.CloudError as error:
        # Nobody asked for a cordon: what cannot be seen is no reason to stop.
        LOG.debug("no look at earlier cordons: %s", error)
        return []


def _ended(one: cordon.Cordon, backends: Collection[str]) -> list[str]:
    try:
        return one.end(backends)
    except errors.MigrateError as error:
        text = f"the cordon could not be taken down: {error}"
        return [f"{text}; the next 'apply' of the plan knows of it"]
