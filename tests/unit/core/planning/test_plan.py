# SPDX-License-Identifier: Apache-2.0

"""A plan's file: written whole, read with suspicion, turned round."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import stat
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning.plan import (
    Plan,
    PlannedAction,
    read_plan,
    refuse_output,
    refuse_reverse,
    write_plan,
)

_PLANNED = model.PlannedVolume.of(builders.volume())
_PLAN = Plan(
    auth_url="https://keystone/v3",
    region_name="RegionOne",
    created_at="2026-01-01T00:00:00+00:00",
    steps=(
        PlannedAction(builders.migrate(), _PLANNED),
        PlannedAction(
            builders.migrate(
                resource_id=builders.SERVER_ID, destination_node="x@y#z"
            )
        ),
    ),
    selection={"source_node": builders.POOL},
)


def _read(path: pathlib.Path, written: Any) -> Plan:
    text = written if isinstance(written, str) else json.dumps(written)
    path.write_text(text)
    return read_plan(path)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "plan.json"


def test_what_is_written_is_read(path: pathlib.Path) -> None:
    write_plan(_PLAN, path)

    assert read_plan(path) == _PLAN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_plan_is_written_whole_or_not_at_all(
    path: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    write_plan(_PLAN, path)
    before = path.read_text()
    unwritable = dataclasses.replace(_PLAN, selection={"x": object()})

    with pytest.raises(TypeError):
        write_plan(unwritable, path)

    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.FailedError, match="cannot write"):
        write_plan(_PLAN, tmp_path / "nowhere" / "plan.json")


def test_anybody_may_write_the_four_parameters_only(
    path: pathlib.Path,
) -> None:
    read = _read(
        path,
        {
            "version": 1,
            "cloud": {"auth_url": "https://keystone"},
            "actions": [{"resource_id": builders.VOLUME_ID.upper()}],
        },
    )

    (step,) = read.steps
    assert step == PlannedAction(
        builders.action(destination_type=None), planned=None
    )
    assert read.region_name is None


_ACTION = {"resource_id": builders.VOLUME_ID}


def _with(**changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "cloud": {"auth_url": "https://keystone"},
        "actions": [_ACTION],
        **changes,
    }


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "is not JSON: "),
        ("nonsense", "is not JSON: "),
        ('{"version": 1', "is not JSON: "),
        ("[" * 100_000, "is not JSON: "),
        ("1" * 10_000, "is not JSON: "),
        ("null", "is not a valid plan: $: "),
        ("[]", "is not a valid plan: $: "),
        ("{}", "is not a valid plan: $: 'version' is a required property"),
        (_with(version=2), "is a plan of version 2; this release knows"),
        (
            _with(version="x" * 999),
            "is a plan of version xxxxxxxxxxxxxxxxxxxx;",
        ),
        (_with(version=True), "is not a valid plan: $.version: "),
        (
            _with(cloud={}),
            "is not a valid plan: $.cloud: 'auth_url' is a required",
        ),
        (_with(cloud="https://keystone"), "is not a valid plan: $.cloud: "),
        (_with(more=1), "is not a valid plan: $: Additional properties"),
        (_with(actions={}), "is not a valid plan: $.actions: "),
        (_with(actions=["x"]), "is not a valid plan: $.actions[0]: "),
        (_with(actions=[{}]), "'resource_id' is a required property"),
        (_with(actions=[{"resource_id": "data"}]), "$.actions[0].resource_id"),
        (
            _with(
                actions=[_ACTION | {"resource_id": f"{builders.VOLUME_ID}\n"}]
            ),
            "$.actions[0].resource_id",
        ),
        (
            _with(actions=[_ACTION | {"migration_type": "warm"}]),
            "$.actions[0].migration_type: 'warm' is not one of",
        ),
        (
            _with(actions=[_ACTION | {"force": True}]),
            "('force' was unexpected)",
        ),
        (
            _with(actions=[_ACTION | {"seen": {"size": -1}}]),
            "$.actions[0].seen.size: ",
        ),
        (
            _with(actions=[_ACTION | {"seen": {"server_ids": "x"}}]),
            "$.actions[0].seen.server_ids: ",
        ),
        (
            _with(
                actions=[_ACTION, {"resource_id": builders.VOLUME_ID.upper()}]
            ),
            f"names volume {builders.VOLUME_ID} more than once",
        ),
    ],
)
def test_nonsense_is_refused_in_one_sentence(
    path: pathlib.Path, written: Any, says: str
) -> None:
    with pytest.raises(errors.InvalidActionError) as refused:
        _read(path, written)

    text = str(refused.value)
    assert says in text
    assert text.startswith(str(path))
    assert "\n" not in text
    assert len(text) < 500


def test_bytes_that_are_no_text(path: pathlib.Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\x80")

    with pytest.raises(errors.InvalidActionError, match="is not JSON"):
        read_plan(path)


def test_a_file_of_100_mb(path: pathlib.Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(100 * 10**6)

    with pytest.raises(errors.InvalidActionError, match="larger than any"):
        read_plan(path)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_no_file(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(errors.InvalidActionError, match="cannot read"):
        read_plan(tmp_path / name)


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        ({}, ()),
        ({"status": "error", "name": "other"}, ()),
        # It is where it was to go.
        ({"host": builders.SPARE}, ()),
        (
            {"host": builders.OTHER},
            (f"its pool was {builders.POOL}, is {builders.OTHER}",),
        ),
        ({"type_name": "silver"}, ("its type was gold, is silver",)),
        ({"size": 20}, ("its size was 10, is 20",)),
        (
            {"project_id": "p"},
            (f"its project was {builders.PROJECT_ID}, is p",),
        ),
        (
            {"attachments": (builders.ATTACHMENT,)},
            (f"its server was none, is {builders.SERVER_ID}",),
        ),
    ],
)
def test_what_changed_since(now: dict[str, Any], changes: Any) -> None:
    found = _PLANNED.changes(builders.volume(**now), builders.migrate())

    assert found == changes


def test_a_swap_that_was_half_way_has_not_changed() -> None:
    seen = model.PlannedVolume.of(builders.attached())
    half: model.Volume = builders.attached(
        host=builders.OTHER, type_name="silver", type_id="silver-id"
    )

    assert seen.changes(half, builders.action(destination_node="x@y#z")) == ()


def test_what_a_plan_does_not_say_has_not_changed() -> None:
    assert (
        model.PlannedVolume().changes(builders.attached(), builders.migrate())
        == ()
    )


def _reversed(action: Any, volume: model.Volume) -> PlannedAction:
    step = PlannedAction(action, model.PlannedVolume.of(volume))
    (back,) = dataclasses.replace(_PLAN, steps=(step,)).reversed().steps
    return back


def test_back_from_a_pool() -> None:
    back = _reversed(builders.migrate(), builders.volume())

    assert back.action == builders.migrate(destination_node=builders.POOL)
    assert back.planned == dataclasses.replace(_PLANNED, host=builders.SPARE)


def test_back_from_a_pool_of_an_attached_volume() -> None:
    there = builders.action(
        destination_node=builders.SPARE, destination_type="gold"
    )

    back = _reversed(there, builders.attached())

    assert back.action == dataclasses.replace(
        there, destination_node=builders.POOL
    )


@pytest.mark.parametrize("kind", ["cold", "swap"])
def test_back_from_a_type_says_no_pool(kind: str) -> None:
    there = builders.action(migration_type=kind)

    back = _reversed(there, builders.volume())

    assert back.action == dataclasses.replace(there, destination_type="gold")
    assert back.planned == dataclasses.replace(
        _PLANNED, type="silver", host=None
    )


def test_the_last_comes_back_first() -> None:
    steps = tuple(
        PlannedAction(builders.migrate(resource_id=f"v{n}"), _PLANNED)
        for n in range(3)
    )

    back = dataclasses.replace(_PLAN, steps=steps).reversed()

    assert [s.action.resource_id for s in back.steps] == ["v2", "v1", "v0"]
    assert back.selection == {"reverse_of": {"source_node": builders.POOL}}


def test_what_nobody_saw_cannot_be_taken_back() -> None:
    with pytest.raises(errors.FailedError, match="nothing recorded of where"):
        _PLAN.reversed()


def _to(pool: str, *numbers: int, source: str = builders.POOL) -> Plan:
    """A plan that takes volumes from one pool to another."""
    return dataclasses.replace(
        _PLAN,
        steps=tuple(
            PlannedAction(
                builders.migrate(
                    resource_id=f"{number:08d}{builders.VOLUME_ID[8:]}",
                    destination_node=pool,
                ),
                dataclasses.replace(_PLANNED, host=source),
            )
            for number in numbers
        ),
    )


def test_a_later_way_back_goes_before_an_earlier_one() -> None:
    first, second = _to("b@x#y", 1, 2, 3), _to("b@x#y", 3, 4)

    both = second.reversed().after(first.reversed())

    numbers = [int(s.action.resource_id[:8]) for s in both.steps]
    assert numbers == [4, 3, 2, 1]
    assert both.selection == {"reverse_of": dict(_PLAN.selection)}
    assert both.leads_back
    assert not first.leads_back


def test_ways_back_of_different_choices_name_both() -> None:
    first = dataclasses.replace(_to("b@x#y", 1), selection={"names": ["a"]})
    second = dataclasses.replace(_to("b@x#y", 2), selection={"names": ["b"]})

    both = second.reversed().after(first.reversed())

    assert both.selection == {
        "reverse_of": [{"names": ["a"]}, {"names": ["b"]}]
    }


def test_two_ways_back_for_one_volume_are_refused() -> None:
    first = _to("b@x#y", 1)
    onwards = _to("c@x#y", 1, source="b@x#y")

    with pytest.raises(
        errors.FailedError, match=f"to {builders.POOL}, this one to b@x#y"
    ):
        onwards.reversed().after(first.reversed())


def test_an_earlier_plan_may_be_replaced_and_nothing_else(
    tmp_path: pathlib.Path,
) -> None:
    plan, back, notes = (tmp_path / name for name in ("p", "b", "n"))
    write_plan(_to("b@x#y", 1), plan)
    write_plan(_to("b@x#y", 1).reversed(), back)
    notes.write_text("mine")
    (tmp_path / "empty").touch()

    refuse_output(plan)
    refuse_output(tmp_path / "new")
    refuse_output(tmp_path / "empty")
    with pytest.raises(errors.FailedError, match="is the way back of an ear"):
        refuse_output(back)
    with pytest.raises(errors.FailedError, match="exists already and is no"):
        refuse_output(notes)
    assert notes.read_text() == "mine"


def test_a_way_back_is_added_to_one_of_this_cloud(
    tmp_path: pathlib.Path,
) -> None:
    plan, back = tmp_path / "p", tmp_path / "b"
    write_plan(_to("b@x#y", 1), plan)
    earlier = _to("b@x#y", 1).reversed()
    write_plan(earlier, back)
    place = _PLAN.auth_url, _PLAN.region_name

    assert refuse_reverse(tmp_path / "new", *place) is None
    assert refuse_reverse(back, *place) == earlier
    with pytest.raises(errors.FailedError, match="not the way back of one"):
        refuse_reverse(plan, *place)
    with pytest.raises(errors.InvalidActionError, match="the plan is for"):
        refuse_reverse(back, "https://elsewhere", None)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("-", "'-' is no file here"),
        (".", "it is a folder"),
        ("nosuch/plan.json", "there is no folder"),
        ("/dev/null", "it is no regular file"),
    ],
)
def test_what_cannot_be_written_is_told_before(name: str, says: str) -> None:
    with pytest.raises(errors.FailedError, match=says):
        refuse_output(pathlib.Path(name))


def test_a_link_to_a_plan_stays_one(tmp_path: pathlib.Path) -> None:
    plan, link = tmp_path / "plan", tmp_path / "link"
    write_plan(_to("b@x#y", 1), plan)
    link.symlink_to(plan)

    write_plan(_to("b@x#y", 1, 2), link)

    assert link.is_symlink()
    assert len(read_plan(plan).steps) == 2


def test_a_plan_is_not_read_from_a_dash() -> None:
    with pytest.raises(errors.InvalidActionError, match="such as /dev/stdin"):
        read_plan(pathlib.Path("-"))
