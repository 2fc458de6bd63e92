# SPDX-License-Identifier: Apache-2.0

"""What a tenant wrote stays text in every sentence and every remedy."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import checks, model
from volmigrateclient.core.cloud import Survey

#: A terminal's title, another line, a forged remedy, another command.
HOSTILE = "x'\x1b]0;owned\x07\n(remedy: rm -rf /); $(id) \u202e"
_HOST = f"{HOSTILE}@backend"
_POOL, _ELSEWHERE = f"{_HOST}#one", f"{_HOST}#two"
_TYPE = model.VolumeType("type-id", HOSTILE, False, {HOSTILE: HOSTILE})
_WANTED = model.VolumeType("other-id", HOSTILE + "2", False, {"a:b": "c"})
_CORE = pathlib.Path(checks.__file__).parents[1]


def _survey(**seen: Any) -> Survey:
    """All that can be wrong with a volume, at once, by hostile names."""
    none = dict.fromkeys(
        (
            "volumes",
            "gigabytes",
            "per_volume_gigabytes",
            f"volumes_{_WANTED.name}",
            f"gigabytes_{_WANTED.name}",
        ),
        model.Quota(0, 0, 0),
    )
    survey = Survey(
        volume=builders.volume(
            name=HOSTILE,
            description=HOSTILE,
            host=_POOL,
            type_id=_TYPE.id,
            type_name=_TYPE.name,
            status="error",
            metadata={HOSTILE: HOSTILE},
            availability_zone=HOSTILE,
            group_id="group-id",
            replication_status=HOSTILE,
        ),
        volume_type=_TYPE,
        destination_type=_WANTED,
        snapshots=(model.Snapshot("snapshot-id", HOSTILE, "available"),),
        servers=(
            builders.server(
                name=HOSTILE,
                vm_state="stopped",
                task_state=HOSTILE,
                locked=True,
                host=HOSTILE,
                tpm=True,
            ),
        ),
        pools=(
            model.Pool(_POOL, {}),
            model.Pool(_ELSEWHERE, {HOSTILE: HOSTILE}),
        ),
        volume_services=(
            builders.service(
                host=_HOST,
                enabled=False,
                disabled_reason=HOSTILE,
                zone="elsewhere",
            ),
        ),
        compute_services=(),
        quota=none,
        source_encryption=builders.LUKS,
        destination_encryption=builders.LUKS,
        project=model.Project("project-id", HOSTILE, "default", False),
    )
    return dataclasses.replace(survey, **seen)


_ATTACHED = builders.attached(
    name=HOSTILE, host=_POOL, type_id=_TYPE.id, type_name=_TYPE.name
)


@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"volume": _ATTACHED},
        {"volume_services": (builders.service(host=_HOST, up=False),)},
        {"volume_services": (builders.service(host=_HOST, frozen=True),)},
        {"volume_type": None, "destination_type": None},
    ],
    ids=["all wrong", "attached", "down", "frozen", "unknown type"],
)
@pytest.mark.parametrize(
    "request_",
    [
        builders.request(builders.migrate(destination_node=_ELSEWHERE)),
        builders.request(
            builders.migrate(
                destination_node=_ELSEWHERE, destination_type=_WANTED.name
            )
        ),
        builders.request(builders.retype(destination_type=_WANTED.name)),
        builders.request(
            builders.action(
                destination_type=_WANTED.name, destination_node=_ELSEWHERE
            )
        ),
        builders.request(
            builders.action(destination_type=_WANTED.name), swap_via="nova"
        ),
    ],
    ids=["migrate", "migrate, type", "retype", "swap", "swap via nova"],
)
def test_every_check_is_one_line_without_controls(
    request_: model.Request, seen: dict[str, Any]
) -> None:
    found = checks.evaluate(checks.Case(request_, _survey(**seen)))

    assert len(checks.blockers(found)) > 1
    for one in found:
        assert one.full_text.isprintable(), one
        for command in _commands(one.remedy):
            # Each of its words is whole, or it would not be quoted.
            assert all(
                "rm -rf" not in word or "(remedy: rm -rf /); $(id) " in word
                for word in shlex.split(command)
            ), command


def _commands(remedy: str) -> Iterator[str]:
    # In quotes of ours stands only what has no word of others.
    found = re.search("(?<!')(openstack|cinder) .*", remedy)
    if found:
        yield found[0]


def _placeholders() -> Iterator[tuple[str, ast.expr]]:
    """What is put into a command, anywhere in the core."""
    for path in sorted(_CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield from _after_a_command(path.name, node)


def _after_a_command(
    file: str, text: ast.JoinedStr
) -> Iterator[tuple[str, ast.expr]]:
    before = ""
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            if "openstack " in before or "cinder " in before:
                yield f"{file}:{part.lineno}", part.value
        elif isinstance(part, ast.Constant):
            before += str(part.value)


def _is_safe(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in ("wording.shell", "_option")
    name = getattr(value, "attr", getattr(value, "id", ""))
    # A number; and two that are made of our own words and IDs alone.
    return name in ("id", "size", "RECOVER", "event") or name.endswith("_id")


def test_only_ids_and_quoted_words_are_put_into_commands() -> None:
    found = list(_placeholders())

    assert len(found) >= 15
    assert [
        f"{where}: {ast.unparse(value)}"
        for where, value in found
        if not _is_safe(value)
    ] == []
