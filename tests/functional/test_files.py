# SPDX-License-Identifier: Apache-2.0
"""Files that the user may need: added to or left alone, never lost."""

from __future__ import annotations

import csv
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, pools, resources, shell, untouched


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume on alpha. No test moves it."""
    return resources.Resources(current_cloud).volume(pool=moves.ALPHA)


def _planned(
    openstack: shell.Openstack, volumes: Sequence[Any], *words: str
) -> shell.Completed:
    done = openstack.migrate(
        "plan",
        *(f"--name={volume.name}" for volume in volumes),
        moves.node(moves.BETA),
        *words,
        "-f=json",
    )
    assert done.exit_code == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("notes.txt", "exists already and is not a plan, so it is not"),
        ("back.json", "is the way back of an earlier plan, and would be lost"),
        (".", "it is a folder"),
        ("nosuch/plan.json", "there is no folder"),
        ("-", "'-' is no file here"),
    ],
)
def test_an_output_is_refused_before_anything_is_asked(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _planned(openstack, [volume], "--reverse=back.json")
    pathlib.Path("notes.txt").write_text("mine")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    mark = cloud.fault_proxy.mark()

    said = untouched.refused(
        cloud,
        openstack,
        *("plan", "--source-node=cloud", moves.node(moves.BETA)),
        f"--output={name}",
    )

    assert says in said
    assert len(said.splitlines()) == 1
    asked = cloud.fault_proxy.since(mark)
    assert {request.service for request in asked} <= {"identity"}
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("plan.json", "is the plan itself"),
        ("./plan.json", "is the plan itself"),
        ("report.html", "cannot be told from its name"),
        ("notes.csv", "exists already and is not a report"),
        ("nosuch/report.csv", "there is no folder"),
        ("-", "cannot be told from its name"),
    ],
)
def test_a_report_is_refused_before_anything_is_asked(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _planned(openstack, [volume], "--output=plan.json")
    pathlib.Path("notes.csv").write_text("my,notes\n1,2\n")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    mark = cloud.fault_proxy.mark()

    said = untouched.refused(
        cloud, openstack, "apply", "plan.json", f"--report={name}"
    )

    assert says in said
    asked = cloud.fault_proxy.since(mark)
    assert {request.service for request in asked} <= {"identity"}
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "json"])
def test_resuming_adds_to_the_report(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
    suffix: str,
) -> None:
    volumes = pools.fill(make, make.name("report"), [{}] * 2)
    plan, report = tmp_path / "plan.json", tmp_path / f"report.{suffix}"
    _planned(openstack, volumes, f"--output={plan}")
    words = (
        "apply",
        str(plan),
        "--auto-approve",
        f"--report={report}",
        "-f=json",
    )
    blocked = make.cinder.volumes
    blocked.reset_state(volumes[1].id, "error")

    first = openstack.migrate(*words)
    blocked.reset_state(volumes[1].id, "available")
    second = openstack.migrate(*words)

    assert (first.exit_code, second.exit_code) == (3, 0), second.stderr
    # In each run they stand in the order of their ends.
    rows = [(row["volume_id"], row["result"]) for row in _report(report)]
    assert len(rows) == 4
    assert set(rows[:2]) == {
        (volumes[0].id, "done"),
        (volumes[1].id, "blocked"),
    }
    assert set(rows[2:]) == {
        (volumes[0].id, "already there"),
        (volumes[1].id, "done"),
    }


def _report(path: pathlib.Path) -> list[dict[str, Any]]:
    text = path.read_text()
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines()))
    if path.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(text)
        return rows
    return [json.loads(line) for line in text.splitlines()]


def test_planning_again_keeps_the_way_back(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    volumes = pools.fill(make, make.name("back"), [{}] * 2)
    plan, back = tmp_path / "plan.json", tmp_path / "back.json"
    files = (f"--output={plan}", f"--reverse={back}")
    _planned(openstack, volumes[:1], *files)
    first = openstack.migrate("apply", str(plan), "--auto-approve")
    # The first is there already: the plan does not have it any more.
    _planned(openstack, volumes, *files)
    second = openstack.migrate("apply", str(plan), "--auto-approve")
    moved = pools.hosts(make.cloud, volumes)

    done = openstack.migrate("apply", str(back), "--auto-approve", "-f=json")

    assert (first.exit_code, second.exit_code) == (0, 0), second.stderr
    assert set(moved.values()) == {moves.BETA}
    assert done.exit_code == 0, done.stderr
    assert {row["ID"] for row in done.json} == {v.id for v in volumes}
    assert set(pools.hosts(make.cloud, volumes).values()) == {moves.ALPHA}


def test_another_way_back_is_refused(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    volume = make.volume("silver", pool=moves.ALPHA)
    plan, back = tmp_path / "plan.json", tmp_path / "back.json"
    _planned(openstack, [volume], f"--output={plan}", f"--reverse={back}")
    assert (
        openstack.migrate("apply", str(plan), "--auto-approve").exit_code == 0
    )
    plan.unlink()
    before = back.read_bytes()

    done = openstack.migrate(
        *("plan", f"--name={volume.name}", moves.node(moves.GAMMA)),
        *(f"--output={plan}", f"--reverse={back}"),
    )

    assert done.exit_code == 1
    assert done.last_line == (
        f"the earlier way back takes volume {volume.id} to {moves.ALPHA}, "
        f"this one to {moves.BETA}: name another file"
    )
    assert back.read_bytes() == before
    assert not plan.exists()


def test_a_plan_comes_through_a_pipe(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    plan = tmp_path / "plan.json"
    _planned(openstack, [volume], f"--output={plan}")
    words = ("volume", "watcher-migrate", "apply", "-", "-f=json")

    with plan.open() as stdin:
        asked = openstack.start(*words, stdin=stdin.fileno())
        unasked = asked.communicate(timeout=120)
    with plan.open() as stdin:
        process = openstack.start(
            *words, "--auto-approve", stdin=stdin.fileno()
        )
        stdout, stderr = process.communicate(timeout=120)

    assert (asked.returncode, unasked[0]) == (1, "")
    assert unasked[1].strip().endswith("; nothing was changed")
    assert process.returncode == 0, stderr
    (row,) = json.loads(stdout)
    assert (row["ID"], row["Result"]) == (volume.id, "done")
