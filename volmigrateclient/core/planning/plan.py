# SPDX-License-Identifier: Apache-2.0

"""A plan's file: a header and a list of actions, as JSON.

Written whole or not at all, readable by its owner only: it names volumes
and projects of other people.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

from volmigrateclient.core import action as action_
from volmigrateclient.core import errors, model

VERSION = 1

#: Bytes; some 200,000 actions. More is no plan that anyone has read.
_LARGEST = 64 * 2**20

#: Characters of what is wrong with a file.
_SHORT = 200

#: What was seen of a volume when it was planned.
_SEEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "project_id": {"type": "string"},
        "size": {"type": ["integer", "null"], "minimum": 0},
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
    """A volume when it was planned; ``size`` is GiB, ``type`` a name.

    None is what the plan's writer did not say.
    """

    name: str | None = None
    project_id: str | None = None
    size: int | None = None
    host: str | None = None
    type: str | None = None
    status: str | None = None
    server_ids: tuple[str, ...] | None = None

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
            server_ids=_servers(volume),
        )

    def changes(
        self, volume: model.Volume, action: action_.Action
    ) -> tuple[str, ...]:
        """What is different about a volume that stands still.

        What already is as the action wants it is no change: a swap that
        changes type and pool does so one after the other.
        """
        retyped = self.type != volume.type_name and (
            action.destination_type in (volume.type_id, volume.type_name)
        )
        there = volume.host == action.destination_node
        return tuple(
            f"its {what} was {_text(then)}, is {_text(now)}"
            for what, then, now, expected in (
                # A retype may have taken it to another pool.
                ("pool", self.host, volume.host, there or retyped),
                ("type", self.type, volume.type_name, retyped),
                ("size", self.size, volume.size, False),
                ("project", self.project_id, volume.project_id, False),
                ("server", self.server_ids, _servers(volume), False),
            )
            if then not in (None, now) and not expected
        )


def _servers(volume: model.Volume) -> tuple[str, ...]:
    return tuple(a.server_id for a in volume.attachments if a.server_id)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value)


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
    retyped = action.destination_type not in (None, seen.type)
    return Step(
        dataclasses.replace(
            action,
            destination_node=seen.host if action.destination_node else None,
            destination_type=seen.type if swap or retyped else None,
        ),
        dataclasses.replace(
            seen,
            # Where a retype takes it is not known yet.
            host=action.destination_node,
            type=action.destination_type or seen.type,
        ),
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
        with path.open("rb") as stream:
            # Not what the file's size says: a device has none.
            text = stream.read(_LARGEST + 1)
    except OSError as error:
        raise errors.InvalidActionError(
            f"cannot read {path}: {error.strerror}"
        ) from error
    if len(text) > _LARGEST:
        raise errors.InvalidActionError(
            f"{path} is larger than any plan ({_LARGEST // 2**20} MiB)"
        )
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.InvalidActionError(
            f"{path} is not JSON: {error}"
        ) from error
    return _plan_of(written, path)


def _plan_of(written: Any, path: pathlib.Path) -> Plan:
    version = written.get("version") if isinstance(written, dict) else None
    if version not in (None, VERSION):
        raise errors.InvalidActionError(
            f"{path} is a plan of version {str(version)[:20]}; this release "
            f"knows version {VERSION}"
        )
    # Slow to import, and this module is part of what 'run' imports.
    import jsonschema

    fault = next(jsonschema.Draft7Validator(SCHEMA).iter_errors(written), None)
    if fault is not None:
        raise errors.InvalidActionError(
            f"{path} is no plan: {fault.json_path}: "
            f"{_shortened(fault.message)}"
        )
    steps = tuple(_step(row) for row in written["actions"])
    ids = collections.Counter(step.action.resource_id for step in steps)
    twice = [volume_id for volume_id, times in ids.items() if times > 1]
    if twice:
        raise errors.InvalidActionError(
            f"{path} names volume {twice[0]} more than once"
        )
    return Plan(
        auth_url=written["cloud"]["auth_url"],
        region_name=written["cloud"].get("region_name"),
        created_at=written.get("created_at", ""),
        selection=written.get("selection", {}),
        steps=steps,
    )


def _step(row: Mapping[str, Any]) -> Step:
    parameters = dict(row)
    seen = parameters.pop("seen", None)
    # As Cinder writes it, by whom else the plan may be.
    parameters["resource_id"] = parameters["resource_id"].lower()
    if seen is not None:
        server_ids = seen.get("server_ids")
        seen = Seen(
            **{
                **seen,
                "server_ids": None if server_ids is None else (*server_ids,),
            }
        )
    return Step(action_.Action(**parameters), seen)


def _shortened(message: str) -> str:
    """One line of what may repeat a whole file."""
    if len(message) <= _SHORT:
        return message
    return f"{message[: _SHORT // 2]} ... {message[-_SHORT // 2 :]}"
