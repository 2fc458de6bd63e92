# SPDX-License-Identifier: Apache-2.0

"""A live move that the checks let pass, wherever it goes."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import checks, model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.cached import share_catalogue
from volmigrateclient.core.cloud.reading import none_if_forbidden
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import wording

#: Destinations that are tried: each is some requests.
_TRIED = 20


def command(cloud: Cloud, volume: model.Volume) -> str:
    """The command that moves an attached volume live; only GETs.

    To another pool with its own type, so that the volume stays what it is;
    to another type where there is none.

    :returns: empty where none of those that were tried would be taken
    """
    cloud = share_catalogue(cloud)
    for _, action in zip(range(_TRIED), _actions(cloud, volume), strict=False):
        found = checks.run(cloud, model.Request(action))
        if not checks.blockers(found):
            return _command(action)
    return ""


def _actions(cloud: Cloud, volume: model.Volume) -> Iterator[model.Action]:
    types = cloud.list_types()
    own = find_type(types, volume.type_id)
    serving = [
        pool
        for pool in none_if_forbidden(cloud.list_pools) or ()
        if pool.name != volume.host
        and not (own and scheduler.capabilities_mismatches(own, pool))
    ]
    # The emptiest first: whoever follows it fills a pool.
    for pool in sorted(
        serving, key=lambda p: (-scheduler.available_gib(p, own), p.name)
    ):
        yield model.Action(
            volume.id,
            destination_node=pool.name,
            destination_type=volume.type_name,
        )
    for one in types:
        if one is not own and one.is_public:
            yield model.Action(volume.id, destination_type=one.name)


def _command(action: model.Action) -> str:
    words = [
        "openstack",
        "volume",
        "watcher-migrate",
        "run",
        action.resource_id,
        "--destination-type",
        str(action.destination_type),
    ]
    if action.destination_node:
        words += ["--destination-node", action.destination_node]
    return " ".join(wording.shell(word) for word in words)
