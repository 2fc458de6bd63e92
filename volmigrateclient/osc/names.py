# SPDX-License-Identifier: Apache-2.0

"""Names where people read, IDs where scripts do."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping, Sequence

from cliff import columns

if typing.TYPE_CHECKING:
    from volmigrateclient.core import model
    from volmigrateclient.core.cloud import Cloud
    from volmigrateclient.core.planning.planner import Assessment


@dataclasses.dataclass(frozen=True)
class Names:
    """The names of projects and servers, by ID, as far as they are known."""

    projects: Mapping[str, str] = dataclasses.field(default_factory=dict)
    servers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def project(self, project_id: str | None) -> str:
        """A project's name, or its ID; empty is none."""
        return _shown(self.projects, project_id)

    def server(self, server_id: str | None) -> str:
        """A server's name, or its ID; empty is none."""
        return _shown(self.servers, server_id)


def _shown(names: Mapping[str, str], its_id: str | None) -> str:
    """A name on one line, whoever has written it."""
    from volmigrateclient.core.model import wording

    return wording.escaped(names.get(its_id or "") or its_id or "")


def projects_of(cloud: Cloud, style: str = "table") -> Mapping[str, str]:
    """Names of projects, by ID; none where Keystone does not show them.

    They only make it easier to read: nothing is to fail for want of them.

    :param style: the formatter's name; others than tables show IDs
    """
    from volmigrateclient.core.model import errors

    if style != "table":
        return {}
    try:
        return cloud.project_names()
    except errors.CloudError:
        return {}


def of(
    cloud: Cloud, found: Sequence[Assessment], style: str = "table"
) -> Names:
    """The names of the projects and servers of some volumes.

    :param style: the formatter's name
    """
    return Names(
        projects_of(cloud, style),
        servers_of(server for one in found for server in one.servers),
    )


def servers_of(servers: Iterable[model.Server]) -> Mapping[str, str]:
    """Names of servers, by ID."""
    return {server.id: server.name or "" for server in servers}


class NamedColumn(columns.FormattableColumn):  # type: ignore[type-arg]
    """An ID that people read as a name."""

    def __init__(self, value: str | None, name: str) -> None:
        super().__init__(value)
        self._name = name

    def human_readable(self) -> str:
        return self._name


class NamedListColumn(columns.FormattableColumn):  # type: ignore[type-arg]
    """IDs that people read as names."""

    def __init__(self, value: Sequence[str], names: Sequence[str]) -> None:
        super().__init__(list(value))
        self._names = names

    def human_readable(self) -> str:
        return ", ".join(self._names)


class TextsColumn(columns.FormattableColumn):  # type: ignore[type-arg]
    """Sentences: a list for scripts, one text for people."""

    def __init__(self, value: Sequence[str]) -> None:
        super().__init__(list(value))

    def human_readable(self) -> str:
        return "; ".join(self._value)
