# SPDX-License-Identifier: Apache-2.0

"""A plan's file: a header and a list of actions, as JSON.

Written whole or not at all, readable by its owner only: it names volumes
and projects of other people.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import files

VERSION = 1

#: Bytes; some 200,000 actions. Nobody has read a larger plan.
_LARGEST = 64 * 2**20

#: Characters of what is wrong with a file.
_SHORT = 200

#: In a plan's selection, where it is another's way back.
_REVERSE_OF = "reverse_of"

#: What was recorded of a volume when it was planned.
_PLANNED: dict[str, Any] = {
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
                **model.SCHEMA,
                "properties": {
                    **model.SCHEMA["properties"],
                    "seen": _PLANNED,
                    "blocked_by": {
                        "type": "array",
                        "items": {"type": "string"},
                    },
                },
            },
        },
    },
    "required": ["version", "cloud", "actions"],
    "additionalProperties": False,
}


@dataclasses.dataclass(frozen=True)
class PlannedAction:
    """One action of a plan, and what was recorded of its volume.

    ``planned`` is None where the plan's writer left it out. ``blocked_by``
    names the checks that blocked it then; it may have been cleared since.
    """

    action: model.Action
    planned: model.PlannedVolume | None = None
    blocked_by: tuple[str, ...] = ()


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
    steps: tuple[PlannedAction, ...]
    selection: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def source_nodes(self) -> tuple[str, ...]:
        """The pools, backends or hosts that the volumes were chosen by."""
        # The first release knew one, under another name.
        given = self.selection.get(
            "source_nodes", self.selection.get("source_node")
        )
        every = given if isinstance(given, list | tuple) else (given,)
        return tuple(node for node in every if node and isinstance(node, str))

    def to_json(self) -> Iterator[str]:
        """The file's text, in parts, of which there are millions."""
        actions = []
        for step in self.steps:
            row: dict[str, Any] = dict(step.action.to_mapping())
            if step.planned is not None:
                # The file's word for it is older than ours.
                row["seen"] = vars(step.planned)
            if step.blocked_by:
                row["blocked_by"] = list(step.blocked_by)
            actions.append(row)
        yield from json.JSONEncoder(indent=2).iterencode(
            {
                "version": VERSION,
                "cloud": {
                    "auth_url": self.auth_url,
                    "region_name": self.region_name,
                },
                "created_at": self.created_at,
                "selection": dict(self.selection),
                "actions": actions,
            }
        )
        yield "\n"

    def refuse_other_cloud(
        self, auth_url: str, region_name: str | None
    ) -> None:
        """Let a plan pass that was made for this cloud.

        :param auth_url: Keystone's, with or without a version
        :raises InvalidActionError: it was made for another one
        """
        if _plain(self.auth_url) != _plain(auth_url) or (
            self.region_name and self.region_name != (region_name or None)
        ):
            raise errors.InvalidActionError(
                f"the plan is for {_place(self.auth_url, self.region_name)}, "
                f"and this is {_place(auth_url, region_name)}"
            )

    def reversed(self) -> Plan:
        """The plan that moves every volume back to where it was."""
        return dataclasses.replace(
            self,
            selection={_REVERSE_OF: dict(self.selection)},
            steps=tuple(_back(step) for step in reversed(self.steps)),
        )

    @property
    def leads_back(self) -> bool:
        """Whether it takes back what another plan has moved."""
        return _REVERSE_OF in self.selection

    def after(self, earlier: Plan) -> Plan:
        """This way back, and then the rest of an earlier one.

        :raises FailedError: both lead a volume back, to different places
        """
        steps = {step.action.resource_id: step for step in self.steps}
        for step in earlier.steps:
            volume_id = step.action.resource_id
            ours = steps.setdefault(volume_id, step)
            if _goal(ours.action) != _goal(step.action):
                raise errors.FailedError(
                    f"the earlier way back takes volume {volume_id} to "
                    f"{_goal(step.action)}, this one to {_goal(ours.action)}: "
                    "name another file"
                )
        both = [earlier.selection[_REVERSE_OF], self.selection[_REVERSE_OF]]
        chosen = both[0] if both[0] == both[1] else both
        return dataclasses.replace(
            self,
            selection={_REVERSE_OF: chosen},
            steps=tuple(steps.values()),
        )


def _place(auth_url: str, region_name: str | None) -> str:
    return auth_url + (f", region {region_name}" if region_name else "")


def _goal(action: model.Action) -> str:
    type_ = action.destination_type
    return action.destination_node or f"type {type_}"


def _plain(url: str) -> str:
    return url.rstrip("/").removesuffix("/v3").rstrip("/")


def _back(step: PlannedAction) -> PlannedAction:
    action, planned = step.action, step.planned
    if planned is None:
        raise errors.FailedError(
            f"volume {action.resource_id} has nothing recorded of where it "
            "was; the plan cannot be reversed"
        )
    swap = action.migration_type == model.SWAP
    retyped = action.destination_type not in (None, planned.type)
    return PlannedAction(
        dataclasses.replace(
            action,
            destination_node=(
                planned.host if action.destination_node else None
            ),
            destination_type=planned.type if swap or retyped else None,
        ),
        dataclasses.replace(
            planned,
            # Where a retype takes it is not known yet.
            host=action.destination_node,
            type=action.destination_type or planned.type,
        ),
    )


def refuse_output(path: pathlib.Path) -> None:
    """Let a file pass that a plan may be written to; changes nothing.

    An earlier plan may be replaced: it is made again whenever it is wanted.

    :raises FailedError: it cannot be written, or is something else
    """
    files.refuse_unwritable(path)
    earlier = _earlier(path)
    if earlier is not None and earlier.leads_back:
        raise errors.FailedError(
            f"{path} is the way back of an earlier plan, and would be lost: "
            "name another file"
        )


def refuse_reverse(
    path: pathlib.Path, auth_url: str, region_name: str | None
) -> Plan | None:
    """The earlier way back in a file that another is to be added to.

    :returns: None where there is none yet
    :raises FailedError: it cannot be written, or is something else
    :raises InvalidActionError: it is for another cloud
    """
    files.refuse_unwritable(path)
    earlier = _earlier(path)
    if earlier is None:
        return None
    if not earlier.leads_back:
        raise errors.FailedError(
            f"{path} is a plan, but not the way back of one: name another file"
        )
    earlier.refuse_other_cloud(auth_url, region_name)
    return earlier


def _earlier(path: pathlib.Path) -> Plan | None:
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        return read_plan(path)
    except errors.InvalidActionError as error:
        raise errors.FailedError(
            f"{path} exists already and is not a plan, so it is not replaced: "
            "name another file"
        ) from error


def write_plan(plan: Plan, path: pathlib.Path) -> None:
    """Write a plan, in one step and for its owner alone.

    :raises FailedError: it cannot be written
    """
    try:
        files.replace(path, plan.to_json())
    except OSError as error:
        raise errors.UnwritableError(path, error) from error


def read_plan(path: pathlib.Path) -> Plan:
    """Read a plan that anybody may have written.

    :raises InvalidActionError: in one sentence, what is wrong with it
    """
    if str(path) == "-":
        raise errors.InvalidActionError(
            "'-' is no file here: a plan is read from a file, such as "
            "/dev/stdin"
        )
    try:
        with path.open("rb") as stream:
            return read_plan_from(stream, path)
    except OSError as error:
        raise errors.InvalidActionError(
            f"cannot read {path}: {error.strerror}"
        ) from error


def read_plan_from(stream: typing.BinaryIO, path: object) -> Plan:
    """The same, from what is open already.

    :param path: what to call it
    """
    # Not what the file's size says: a device has none.
    text = stream.read(_LARGEST + 1)
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


def _plan_of(written: Any, path: object) -> Plan:
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
            f"{path} is not a valid plan: {fault.json_path}: "
            f"{_shortened(_told(fault))}"
        )
    steps = tuple(_planned_action(row) for row in written["actions"])
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


def _planned_action(row: Mapping[str, Any]) -> PlannedAction:
    parameters = dict(row)
    recorded = parameters.pop("seen", None)
    blocked_by = tuple(parameters.pop("blocked_by", ()))
    # As Cinder writes it, by whom else the plan may be.
    parameters["resource_id"] = parameters["resource_id"].lower()
    planned = None
    if recorded is not None:
        server_ids = recorded.get("server_ids")
        planned = model.PlannedVolume(
            **{
                **recorded,
                "server_ids": None if server_ids is None else (*server_ids,),
            }
        )
    return PlannedAction(model.Action(**parameters), planned, blocked_by)


def _told(fault: Any) -> str:
    if fault.validator == "pattern":
        # The only one there is; nobody wants to read it.
        return f"{fault.instance!r} is not a volume's ID"
    return str(fault.message)


def _shortened(message: str) -> str:
    """One line of what may repeat a whole file."""
    if len(message) <= _SHORT:
        return message
    return f"{message[: _SHORT // 2]} ... {message[-_SHORT // 2 :]}"
