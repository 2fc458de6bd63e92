# SPDX-License-Identifier: Apache-2.0

"""Which volumes a plan is about."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Sequence
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.cloud.survey import find_type
from volmigrateclient.core.model import errors


@dataclasses.dataclass(frozen=True)
class Selection:
    """Everything that is given has to fit; None is no condition.

    :param source_node: a pool, a backend (``host@backend``) or a host
    :param source_type: a type, name or ID
    :param project_id: as Keystone knows it
    :param attached: True for attached volumes, False for detached ones
    :param name: a pattern with ``*`` and ``?``
    :param min_size: GiB, and so is ``max_size``
    :param without: properties, ``key`` or ``key=value``, of volumes to
        leave out
    """

    source_node: str | None = None
    source_type: str | None = None
    project_id: str | None = None
    attached: bool | None = None
    name: str | None = None
    min_size: int | None = None
    max_size: int | None = None
    without: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """The conditions that are given, for a plan's header."""
        return {
            key: value
            for key, value in dataclasses.asdict(self).items()
            if value not in (None, ())
        }


@dataclasses.dataclass(frozen=True)
class Selected:
    """The volumes, and the rows of Cinder's own that are among them."""

    volumes: Sequence[model.Volume]
    temporary: Sequence[model.Volume]


def select(
    cloud: Cloud,
    selection: Selection,
    types: Sequence[model.VolumeType],
) -> Selected:
    """List the volumes; a request for each 1000.

    :raises LookupFailedError: there is no such source type
    """
    filters: dict[str, object] = {}
    if selection.source_node:
        filters["host"] = selection.source_node
    if selection.project_id:
        filters["project_id"] = selection.project_id
    if selection.source_type:
        source_type = find_type(types, selection.source_type)
        if source_type is None:
            raise errors.UnknownTypeError(selection.source_type)
        filters["volume_type_id"] = source_type.id
    rows = cloud.list_volumes(**filters)
    own = [row for row in rows if row.cinders_own]
    mine = {row.id for row in own}
    return Selected(
        [row for row in rows if row.id not in mine and _fits(row, selection)],
        own,
    )


def _fits(volume: model.Volume, wanted: Selection) -> bool:
    return all(_conditions(volume, wanted))


def _conditions(volume: model.Volume, wanted: Selection) -> Iterator[bool]:
    # Cinder matches any prefix: host@lvm also finds host@lvm-2.
    if wanted.source_node:
        yield is_on(volume, wanted.source_node)
    if wanted.attached is not None:
        yield bool(volume.attachments) is wanted.attached
    if wanted.name is not None:
        yield fnmatch.fnmatchcase(volume.name, wanted.name)
    if wanted.min_size is not None:
        yield volume.size >= wanted.min_size
    if wanted.max_size is not None:
        yield volume.size <= wanted.max_size
    for text in wanted.without:
        key, equals, value = text.partition("=")
        if key in volume.metadata:
            yield bool(equals) and volume.metadata[key] != value


def is_on(volume: model.Volume, node: str) -> bool:
    """Whether a volume is on a pool, a backend or a host."""
    host = volume.host or ""
    return host == node or host.startswith((f"{node}#", f"{node}@"))
