# SPDX-License-Identifier: Apache-2.0

"""Which volumes a plan is about."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.reading import none_if_forbidden
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import errors, wording
from volmigrateclient.core.planning import nodes

#: How Keystone writes IDs: 32 letters, or a UUID by an older release.
_ID = re.compile("[0-9a-fA-F-]{32,64}")

#: A volume's ID, as Cinder writes it.
_UUID = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")

#: No volume has this ID.
_NO_ID = "00000000-0000-0000-0000-000000000000"


@dataclasses.dataclass(frozen=True)
class Selection:
    """Every condition that is given has to hold; None or () is none.

    Of several values for one condition, one has to fit.

    :param source_nodes: pools, backends (``host@backend``) or hosts
    :param source_types: types, names or IDs
    :param project_ids: as Keystone knows them
    :param attached: True for attached volumes, False for detached ones
    :param names: patterns with ``*`` and ``?``
    :param min_size: GiB, and so is ``max_size``
    :param properties: ``key`` or ``key=value``
    :param without: properties of volumes to leave out
    :param volumes: names or IDs
    :param excluded: names, which may be patterns, or IDs to leave out
    :param limit: so many moves that are ready, and then no more
    :raises InvalidActionError: no volume can fit
    """

    source_nodes: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    project_ids: tuple[str, ...] = ()
    attached: bool | None = None
    names: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    properties: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        low, high = self.min_size, self.max_size
        if low is not None and high is not None and low > high:
            raise errors.InvalidActionError(
                f"no volume has at least {low} GiB and at most {high} GiB"
            )

    @functools.cached_property
    def listed(self) -> frozenset[str]:
        """The volumes that are named, to be looked up in."""
        return frozenset(self.volumes)

    def to_mapping(self) -> dict[str, Any]:
        """The conditions that are given, for a plan's header."""
        return {
            key: value
            for key, value in dataclasses.asdict(self).items()
            if value not in (None, ())
        }


@dataclasses.dataclass(frozen=True)
class Selected:
    """The volumes, and the rows of Cinder's own that are among them.

    :param sources: the nodes that were looked on, under all of their names
    :param bare: those of them on which nothing at all was listed
    """

    volumes: Sequence[model.Volume]
    temporary: Sequence[model.Volume]
    sources: Sequence[nodes.Node] = ()
    bare: Sequence[nodes.Node] = ()


def find_project(
    cloud: Cloud, name_or_id: str, domain: str | None = None
) -> str:
    """A project's ID; of one that was deleted, if it has volumes.

    :raises NotFoundError: there is none, or there are several
    """
    try:
        return cloud.find_project(name_or_id, domain)
    except errors.NotFoundError:
        # Volumes outlive their project, and are to be moved as well.
        if _ID.fullmatch(name_or_id) and cloud.list_volumes(
            project_id=name_or_id
        ):
            return name_or_id
        raise


def select(
    cloud: Cloud,
    selection: Selection,
    types: Sequence[model.VolumeType],
) -> Selected:
    """List the volumes; for each node, a request for each 1000.

    :raises LookupFailedError: there is no such source type
    """
    type_ids = {_type_id(types, name) for name in selection.source_types}
    filters: dict[str, object] = {}
    if len(selection.project_ids) == 1:
        filters["project_id"] = selection.project_ids[0]
    if len(type_ids) == 1:
        filters["volume_type_id"] = next(iter(type_ids))
    looked_on = sources(cloud, selection)
    on = [source.list_volumes(cloud, filters) for source in looked_on]
    rows = {row.id: row for found in on for row in found}
    if not looked_on:
        rows = dict(_listed(cloud, selection, filters))
    if not rows:
        # For others than admins Cinder silently leaves it at their own
        # volumes. This tells.
        cloud.get_volumes([_NO_ID])
    own = [row for row in rows.values() if row.cinders_own]
    mine = {row.id for row in own}
    theirs = [row for row in rows.values() if row.id not in mine]
    _refuse_unknown_volumes(selection.volumes, theirs)
    return Selected(
        [row for row in theirs if _fits(row, selection, type_ids)],
        own,
        looked_on,
        [one for one, found in zip(looked_on, on, strict=True) if not found],
    )


def _listed(
    cloud: Cloud, selection: Selection, filters: dict[str, object]
) -> Iterator[tuple[str, model.Volume]]:
    wanted = selection.volumes
    if wanted and all(_UUID.fullmatch(name) for name in wanted):
        # Fewer requests than all volumes of the cloud are.
        yield from cloud.get_volumes(wanted).items()
    else:
        for row in cloud.list_volumes(**filters):
            yield row.id, row


def sources(cloud: Cloud, selection: Selection) -> list[nodes.Node]:
    """The nodes to look on, under all of their names; one request at most."""
    if not selection.source_nodes:
        return []
    services = none_if_forbidden(cloud.list_volume_services)
    return [nodes.find(name, services) for name in selection.source_nodes]


def refuse_unknown_nodes(
    cloud: Cloud, selection: Selection, selected: Selected
) -> None:
    """Let nodes without volumes pass only if Cinder knows them.

    :raises LookupFailedError: a name is misspelt, or may be
    """
    narrowed = bool(selection.project_ids or selection.source_types)
    for node in selected.bare:
        why = nodes.doubt(cloud, node.name)
        if why is not None and not (narrowed and node.list_volumes(cloud, {})):
            raise errors.LookupFailedError(why)


def _refuse_unknown_volumes(
    wanted: Sequence[str], volumes: Sequence[model.Volume]
) -> None:
    """Let a list of volumes pass of which each leads to one.

    :raises LookupFailedError: a name or ID that leads to none, or to several
    """
    if not wanted:
        return
    ids = {volume.id for volume in volumes}
    named: dict[str, list[str]] = {}
    for volume in volumes:
        named.setdefault(volume.name, []).append(volume.id)
    missing = [
        name for name in wanted if name not in ids and name not in named
    ]
    if missing:
        raise errors.LookupFailedError(
            f"{len(missing)} of {len(wanted)} listed volumes do not exist, or "
            f"not where they are looked for: {_some(missing)}"
        )
    twice = [
        name
        for name in wanted
        if name not in ids and len(named.get(name, ())) > 1
    ]
    if twice:
        raise errors.LookupFailedError(
            f"{len(named[twice[0]])} volumes are named "
            f"{wording.quoted(twice[0])}; list their IDs: "
            f"{', '.join(named[twice[0]])}"
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(wording.quoted, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _type_id(types: Sequence[model.VolumeType], name_or_id: str) -> str:
    found = find_type(types, name_or_id)
    if found is None:
        raise errors.UnknownTypeError(name_or_id, (t.name for t in types))
    return found.id


def _fits(
    volume: model.Volume, wanted: Selection, type_ids: Collection[str]
) -> bool:
    return all(_conditions(volume, wanted, type_ids))


def _conditions(
    volume: model.Volume, wanted: Selection, type_ids: Collection[str]
) -> Iterator[bool]:
    if type_ids:
        yield volume.type_id in type_ids
    if wanted.project_ids:
        yield volume.project_id in wanted.project_ids
    if wanted.attached is not None:
        yield bool(volume.attachments) is wanted.attached
    if wanted.names:
        yield any(_matches(volume.name, pattern) for pattern in wanted.names)
    if wanted.min_size is not None:
        yield volume.size >= wanted.min_size
    if wanted.max_size is not None:
        yield volume.size <= wanted.max_size
    if wanted.properties:
        yield any(_has(volume, text) for text in wanted.properties)
    yield not any(_has(volume, text) for text in wanted.without)
    if wanted.volumes:
        listed = wanted.listed
        yield volume.id in listed or volume.name in listed
    yield not any(
        volume.id == text or _matches(volume.name, text)
        for text in wanted.excluded
    )


def _has(volume: model.Volume, text: str) -> bool:
    """Whether a volume has a property, ``key`` or ``key=value``."""
    key, equals, value = text.partition("=")
    if key not in volume.metadata:
        return False
    return not equals or volume.metadata[key] == value


def _matches(name: str, pattern: str) -> bool:
    # Brackets are letters: a volume may well be called [prod] db.
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
