# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A plan's file: a header and a list of actions, as JSON.

Written whole or not at all, readable by its owner only: it names volumes
and projects of other people.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

import jsonschema

from volmigrateclient.core import action as action_
from volmigrateclient.core import errors, model

VERSION = 1

#: Bytes; some 200,000 actions. More is no plan that anyone has read.
_LARGEST = 64 * 2**20

#: What was seen of a volume when it was planned.
_SEEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "project_id": {"type": "string"},
        "size": {"type": "integer", "minimum": 0},
        "host": {"type": ["string", "null"]},
        "type": {"type": ["string", "null"]},
        "status": {"type": "string"},
        "server_ids": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "version": {"const": VERSION},
        "cloud": {
            "type": "object",
            "properties": {
                "auth_url": {"type": "string"},
                "region_name": {"type": ["string", "null"]},
            },
            "required": ["auth_url"],
            "additionalProperties": False,
        },
        "created_at": {"type": "string"},
        "selection": {"type": "object"},
        "actions": {
            "type": "array",
            "items": {
                **action_.SCHEMA,
                "properties": {
                    **action_.SCHEMA["properties"],
                    "seen": _SEEN,
                },
            },
        },
    },
    "required": ["version", "cloud", "actions"],
    "additionalProperties": False,
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """A volume when it was planned; ``size`` is GiB, ``type`` a name."""

    name: str = ""
    project_id: str = ""
    size: int = 0
    host: str | None = None
    type: str | None = None
    status: str = ""
    server_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, volume: model.Volume) -> Seen:
        """What is written down of a volume."""
        return cls(
            name=volume.name,
            project_id=volume.project_id,
            size=volume.size,
            host=volume.host,
            type=volume.type_name,
            status=volume.status,
            server_ids=tuple(
                a.server_id for a in volume.attachments if a.server_id
            ),
        )

    def changes(self, volume: model.Volume) -> tuple[str, ...]:
        """What is different about a volume that stands still."""
        now = Seen.of(volume)
        return tuple(
            f"its {what} was {then or 'none'}, is {is_now or 'none'}"
            for what, then, is_now in (
                ("pool", self.host, now.host),
                ("type", self.type, now.type),
                ("size", self.size, now.size),
                ("project", self.project_id, now.project_id),
                (
                    "server",
                    ", ".join(self.server_ids),
                    ", ".join(now.server_ids),
                ),
            )
            if then != is_now
        )


@dataclasses.dataclass(frozen=True)
class Step:
    """One action of a plan; ``seen`` is None where its writer left it out."""

    action: action_.Action
    seen: Seen | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """Actions for one cloud.

    :param auth_url: Keystone's, which together with the region says which
        cloud it is
    :param created_at: UTC, ISO 8601
    :param selection: how the volumes were chosen; for people
    """

    auth_url: str
    region_name: str | None
    created_at: str
    steps: tuple[Step, ...]
    selection: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """The file's text."""
        actions = []
        for step in self.steps:
            row: dict[str, Any] = dict(step.action.to_mapping())
            if step.seen is not None:
                row["seen"] = dataclasses.asdict(step.seen)
            actions.append(row)
        return json.dumps(
            {
                "version": VERSION,
                "cloud": {
                    "auth_url": self.auth_url,
                    "region_name": self.region_name,
                },
                "created_at": self.created_at,
                "selection": dict(self.selection),
                "actions": actions,
            },
            indent=2,
        )

    def reversed(self) -> Plan:
        """The plan that takes every volume back to where it was seen."""
        return dataclasses.replace(
            self,
            selection={"reverse_of": dict(self.selection)},
            steps=tuple(_back(step) for step in reversed(self.steps)),
        )


def _back(step: Step) -> Step:
    action, seen = step.action, step.seen
    if seen is None:
        raise errors.FailedError(
            f"volume {action.resource_id} has nothing written of where it "
            "was; the plan cannot be reversed"
        )
    swap = action.migration_type == action_.SWAP
    node = seen.host if action.destination_node else None
    retyped = action.destination_type not in (None, seen.type)
    return Step(
        dataclasses.replace(
            action,
            destination_node=node,
            destination_type=seen.type if swap or retyped else None,
        ),
        dataclasses.replace(
            seen,
            host=action.destination_node or None,
            type=action.destination_type or seen.type,
        )
        # Where a retype ends is not known yet.
        if action.destination_node
        else None,
    )


def write(plan: Plan, path: pathlib.Path) -> None:
    """Write a plan, in one step and for its owner alone.

    :raises FailedError: it cannot be written
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".plan-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(plan.to_json() + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            pathlib.Path(name).replace(path)
        except BaseException:
            pathlib.Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise errors.FailedError(f"cannot write {path}: {error}") from error


def read(path: pathlib.Path) -> Plan:
    """Read a plan that anybody may have written.

    :raises InvalidActionError: in one sentence, what is wrong with it
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise errors.InvalidActionError(
                f"{path} is larger than any plan ({_LARGEST // 2**20} MiB)"
            )
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise errors.InvalidActionError(
            f"cannot read {path}: {error.strerror}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise errors.InvalidActionError(
            f"{path} is not JSON: {error}"
        ) from error
    return _plan_of(written, path)


def _plan_of(written: Any, path: pathlib.Path) -> Plan:
    if isinstance(written, dict) and written.get("version") != VERSION:
        raise errors.InvalidActionError(
            f"{path} is a plan of version {written.get('version')!r}; this "
            f"release knows version {VERSION}"
        )
    fault = next(jsonschema.Draft7Validator(SCHEMA).iter_errors(written), None)
    if fault is not None:
        raise errors.InvalidActionError(
            f"{path} is no plan: {fault.json_path}: {fault.message[:200]}"
        )
    steps = []
    for row in written["actions"]:
        parameters = dict(row)
        seen = parameters.pop("seen", None)
        if seen is not None:
            seen = Seen(**{**seen, "server_ids": _ids(seen)})
        steps.append(Step(action_.Action(**parameters), seen))
    ids = [step.action.resource_id for step in steps]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise errors.InvalidActionError(
            f"{path} names volume {twice} more than once"
        )
    return Plan(
        auth_url=written["cloud"]["auth_url"],
        region_name=written["cloud"].get("region_name"),
        created_at=written.get("created_at", ""),
        selection=written.get("selection", {}),
        steps=tuple(steps),
    )


def _ids(seen: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(seen.get("server_ids", ()))
