# SPDX-License-Identifier: Apache-2.0
"""What scripts read, and what nobody may."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests import cloud as cloud_
from tests.functional import resources, shell, untouched

COLUMNS = [
    "volume_id",
    "volume_name",
    "project_id",
    "migration_type",
    "path",
    "result",
    "source_node",
    "destination_node",
    "source_type",
    "destination_type",
    "server_id",
    "new_volume_id",
    "size",
    "elapsed",
    "moved_by",
    "name_id",
]
COLD = "--migration-type=cold"


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A volume on alpha. No test changes it."""
    return resources.Resources(current_cloud).volume(pool="cloud@alpha#pool")


@pytest.fixture(scope="module")
def attached(current_cloud: cloud_.Cloud) -> Any:
    """A volume that is attached. No test changes it."""
    make = resources.Resources(current_cloud)
    volume = make.volume()
    make.server(volume)
    return volume


@pytest.mark.parametrize(
    ("style", "read"), [("json", json.loads), ("yaml", yaml.safe_load)]
)
def test_run_shows_one_row_and_nothing_else(
    openstack: shell.Openstack,
    make: resources.Resources,
    volume: Any,
    style: str,
    read: Callable[[str], Any],
) -> None:
    done = openstack.migrate(
        "run",
        volume.id,
        COLD,
        "--destination-node=cloud@alpha#pool",
        f"-f={style}",
    )

    assert done.exit_code == 0, done.stderr
    row = read(done.stdout)
    assert sorted(row) == sorted(COLUMNS)
    assert row.pop("elapsed") >= 0
    assert row == {
        "volume_id": volume.id,
        "volume_name": volume.name,
        "project_id": make.project_id("demo"),
        "migration_type": "cold",
        "path": "migrate",
        "result": "already there",
        "source_node": "cloud@alpha#pool",
        "destination_node": "cloud@alpha#pool",
        "source_type": "bronze",
        "destination_type": "bronze",
        "server_id": None,
        "new_volume_id": volume.id,
        "size": 1,
        "moved_by": "",
        "name_id": None,
    }


def test_a_move_that_is_waited_for_shows_its_row_alone(
    openstack: shell.Openstack, make: resources.Resources
) -> None:
    moved = make.volume(pool="cloud@alpha#pool")

    done = openstack.migrate(
        "run",
        moved.id,
        COLD,
        "--destination-node=cloud@beta#pool",
        "-f=value",
        *(f"-c={column}" for column in COLUMNS),
    )

    assert done.exit_code == 0, done.stderr
    *rest, elapsed, moved_by, name_id = done.stdout.splitlines()
    assert rest == [
        moved.id,
        moved.name,
        make.project_id("demo"),
        "cold",
        "migrate",
        "done",
        "cloud@alpha#pool",
        "cloud@beta#pool",
        "bronze",
        "bronze",
        "None",
        moved.id,
        "1",
    ]
    assert float(elapsed) > 0
    assert moved_by == "copied by the host"
    now = make.cinder.volumes.get(moved.id)
    assert name_id == str(getattr(now, "os-vol-mig-status-attr:name_id"))
    # What went on is told as well, but not where scripts read.
    assert moved.id in done.stderr


@pytest.mark.parametrize("column", ["result", "Result", "RESULT"])
def test_a_column_is_chosen_by_name(
    openstack: shell.Openstack, volume: Any, column: str
) -> None:
    done = openstack.migrate(
        "run",
        volume.id,
        COLD,
        "--destination-node=cloud@alpha#pool",
        "-f=value",
        f"-c={column}",
    )

    assert (done.exit_code, done.stdout) == (0, "already there\n")


def _rows_of_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _rows_of_table(text: str) -> list[dict[str, str]]:
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@pytest.mark.parametrize(
    ("style", "read"),
    [
        ("json", json.loads),
        ("yaml", yaml.safe_load),
        ("csv", _rows_of_csv),
        ("table", _rows_of_table),
    ],
)
@pytest.mark.parametrize(
    ("pool", "exit_code"), [("cloud@beta#pool", 0), ("cloud@gamma#pool", 1)]
)
def test_check_shows_every_check_and_exits_by_them(
    openstack: shell.Openstack,
    volume: Any,
    style: str,
    read: Callable[[str], list[dict[str, str]]],
    pool: str,
    exit_code: int,
) -> None:
    done = openstack.migrate(
        "check", volume.id, COLD, f"--destination-node={pool}", f"-f={style}"
    )

    assert (done.exit_code, done.stderr) == (exit_code, "")
    rows = read(done.stdout)
    assert all(set(row) == {"Check", "Result", "Detail"} for row in rows)
    results = {row["Check"]: row["Result"] for row in rows}
    assert results == {
        "Parameters": "ok",
        "Attachments": "ok",
        "Status": "ok",
        "Migration": "ok",
        "Snapshots": "ok",
        "Group": "ok",
        "Replication": "ok",
        "Destination pool": "ok",
        "Type on pool": "blocked" if exit_code else "ok",
        "Capacity": "ok",
        "Availability zone": "ok",
        "Source backend": "ok",
    }


def test_check_prints_columns_that_scripts_choose(
    openstack: shell.Openstack, volume: Any
) -> None:
    done = openstack.migrate(
        "check",
        volume.id,
        COLD,
        "--destination-node=cloud@gamma#pool",
        "-f=value",
        "-c=Result",
    )

    assert done.exit_code == 1
    assert set(done.stdout.split()) == {"ok", "blocked"}


def test_every_blocker_says_what_clears_it(
    openstack: shell.Openstack, attached: Any
) -> None:
    done = openstack.migrate(
        "check",
        attached.id,
        COLD,
        "--destination-node=cloud@gamma#pool",
        "--destination-type=gold",
        "-f=json",
    )

    blocked = [row for row in done.json if row["Result"] == "blocked"]
    assert done.exit_code == 1
    assert {row["Check"] for row in blocked} == {"Attachments", "Type on pool"}
    for row in blocked:
        assert len(untouched.remedies(row["Detail"])) == 1, row


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--destination-type=gold"),
        ("check", "--destination-type=gold", "--swap-via=nova"),
        ("run", "--destination-type=bronze"),
        ("run", "--destination-type=gold", "--swap-via=nova"),
        ("run", COLD, "--destination-type=gold"),
    ],
)
def test_debug_shows_no_secret(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    attached: Any,
    words: tuple[str, ...],
) -> None:
    mark = cloud.fault_proxy.mark()

    done = openstack.migrate(words[0], attached.id, *words[1:], "--debug")

    said = done.stdout + done.stderr
    # It did log what went over the wire.
    assert "GET" in said
    assert attached.id in said
    assert cloud.environment("admin")["OS_PASSWORD"] not in said
    assert "connection_info" not in said
    tokens = {
        value
        for request in cloud.fault_proxy.since(mark)
        for headers in (request.request_headers, request.response_headers)
        for name in ("X-Auth-Token", "X-Subject-Token")
        if headers is not None and (value := headers.get(name))
    }
    assert tokens
    assert not [token for token in tokens if token in said]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "nothing", COLD, "--destination-node=cloud@beta#pool"),
        ("apply", "nothing.json"),
        ("recover", "--auto-approve"),
    ],
)
def test_an_unknown_column_is_refused_before_anything_is_done(
    cloud: cloud_.Cloud, openstack: shell.Openstack, words: tuple[str, ...]
) -> None:
    mark = cloud.fault_proxy.mark()

    done = openstack.migrate(*words, "-c=nonsense")

    assert done.exit_code == 1
    assert done.last_line.startswith("there is no column nonsense, only ")
    asked = cloud.fault_proxy.since(mark)
    assert {request.service for request in asked} <= {"identity"}


def test_a_refusal_is_one_sentence_without_debug(
    openstack: shell.Openstack, attached: Any
) -> None:
    done = openstack.migrate(
        "run", attached.id, COLD, "--destination-type=gold", "-f=json"
    )

    assert (done.exit_code, done.stdout) == (1, "")
    assert re.fullmatch(
        r"Invalid state for cold migration: [^\n]+\n\n?", done.stderr
    )
