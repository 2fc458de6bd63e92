# SPDX-License-Identifier: Apache-2.0
"""What a tenant wrote is text: on a terminal, in a line, in a command."""

from __future__ import annotations

import csv
import io
import json
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests import cloud as cloud_
from tests.functional import moves, resources, shell, terminals, untouched

#: Sets the terminal's title, clears it, and begins a line of its own.
HOSTILE = "x\x1b]0;owned\x07\x1b[2J\nowned: (remedy: rm -rf /)\u202e"
WRITTEN_OUT = r"x\x1b]0;owned\x07\x1b[2J\nowned: (remedy: rm -rf /)\u202e"
FORGED = "snap\n(remedy: openstack volume delete --force all)"


@pytest.fixture(scope="module")
def hostile(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume with a hostile name, on alpha at first."""
    make = resources.Resources(current_cloud)
    return make.volume(pool=moves.ALPHA, name=HOSTILE)


def _assert_text(got: bytes, name: str = WRITTEN_OUT) -> None:
    """Nothing that the name says has happened to the terminal."""
    for bad in ("\x1b]0;", "\x1b[2J", "\x07", "\u202e"):
        assert bad.encode() not in got
    assert not [line for line in got.splitlines() if line.startswith(b"owned")]
    assert name.encode() in got


def _elsewhere(make: resources.Resources, volume: Any) -> str:
    return moves.BETA if make.host(volume.id) == moves.ALPHA else moves.ALPHA


def test_a_name_on_run_s_terminal(
    make: resources.Resources, openstack: shell.Openstack, hostile: Any
) -> None:
    pool = _elsewhere(make, hostile)

    exit_code, got = terminals.on_a_terminal(
        openstack,
        *("volume", "watcher-migrate", "run", hostile.id),
        *(moves.COLD, moves.node(pool)),
    )

    assert exit_code == 0, got
    assert make.host(hostile.id) == pool
    _assert_text(got)
    # In the live line, too.
    assert f"'{WRITTEN_OUT}': ".encode() in got


def test_a_name_on_plan_s_and_apply_s_terminal(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    hostile: Any,
    tmp_path: pathlib.Path,
) -> None:
    openstack = shell.Openstack(
        {**cloud.environment("admin"), "COLUMNS": "1000"}
    )
    pool, file = _elsewhere(make, hostile), tmp_path / "plan.json"
    report = tmp_path / "report.jsonl"

    planned = terminals.on_a_terminal(
        openstack,
        *("volume", "watcher-migrate", "plan", "--name=x*owned*"),
        *(moves.node(pool), f"--output={file}", "--long"),
    )
    applied = terminals.on_a_terminal(
        openstack,
        *("volume", "watcher-migrate", "apply", str(file), "--auto-approve"),
        f"--report={report}",
    )

    for exit_code, got in (planned, applied):
        assert exit_code == 0, got
        _assert_text(got)
    assert make.host(hostile.id) == pool
    # What others read has it as it is.
    (action,) = json.loads(file.read_text())["actions"]
    assert action["seen"]["name"] == HOSTILE
    (row,) = map(json.loads, report.read_text().splitlines())
    assert row["volume_name"] == HOSTILE


def test_a_name_in_each_format(
    make: resources.Resources, openstack: shell.Openstack, hostile: Any
) -> None:
    words = ("plan", "--name=x*owned*", moves.node(_elsewhere(make, hostile)))

    def printed(*more: str) -> str:
        done = openstack.migrate(*words, *more)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert json.loads(printed("-f=json"))[0]["Name"] == HOSTILE
    assert yaml.safe_load(printed("-f=yaml"))[0]["Name"] == HOSTILE
    (row,) = csv.DictReader(io.StringIO(printed("-f=csv"), newline=""))
    assert row["Name"] == HOSTILE
    assert printed("-f=value", "-c=Name") == f"{WRITTEN_OUT}\n"
    assert WRITTEN_OUT in printed("-f=table")


def test_shell_variables_carry_out_nothing(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    name = 'a"$(echo owned)`echo owned`\\'
    volume = make.volume(name=name)

    done = openstack.migrate(
        *("run", volume.id, moves.COLD, moves.node(make.host(volume.id))),
        *("-f=shell", "-c=volume_name"),
    )

    assert done.exit_code == 0, done.stderr
    printed = subprocess.run(
        ["bash", "-c", f'{done.stdout}\nprintf %s "$volume_name"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == name


def test_a_snapshot_s_name_forges_no_remedy(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    cinder = make.cinder_of("alice")
    snapshot = cinder.volume_snapshots.create(volume.id, name=FORGED)
    resources.until(
        "snapshot",
        lambda: cinder.volume_snapshots.get(snapshot.id).status == "available",
    )

    said = untouched.refused(
        cloud,
        openstack,
        *("run", volume.id, moves.COLD, moves.node(moves.BETA)),
    )

    assert said == (
        "Invalid state for cold migration: the volume has 1 snapshot: "
        r"'snap\n(remedy: openstack volume delete --force all)' (available) "
        f"(remedy: openstack volume snapshot delete {snapshot.id})"
    )


@pytest.fixture
def dangerous_type(make: resources.Resources) -> Iterator[Any]:
    """A type with the name of a command; its quota is used up."""
    name, project = "Ceph SSD; rm -rf /", make.project_id("demo")
    made = make.cinder.volume_types.create(name)
    make.cinder.quotas.update(project, **{f"volumes_{name}": 0})
    yield made
    make.cinder.quotas.update(project, **{f"volumes_{name}": -1})
    make.cinder.volume_types.delete(made)


def test_a_type_s_name_is_a_word_of_a_command(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    dangerous_type: Any,
) -> None:
    volume = make.volume()
    words = (volume.id, moves.COLD, moves.type_(dangerous_type.name))

    said = untouched.refused(cloud, openstack, "run", *words)

    assert said.endswith(
        "(remedy: openstack quota set --volumes 1 "
        "--volume-type='Ceph SSD; rm -rf /' "
        f"{make.project_id('demo')})"
    )
    untouched.apply_remedy(openstack, said)
    done = openstack.migrate("check", *words)
    assert done.exit_code == 0, done.stdout


def test_a_reason_is_told_from_what_we_say(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    services = cloud.database("cinder")
    why = "disks\n(remedy: rm -rf /)\x1b[2J"
    services.execute(
        "UPDATE services SET disabled = 1, disabled_reason = ?"
        " WHERE host = 'cloud@beta'",
        why,
    )
    try:
        said = untouched.refused(
            cloud,
            openstack,
            *("run", volume.id, moves.COLD, moves.node(moves.BETA)),
        )
    finally:
        make.enable("cloud@beta")

    assert said == (
        "Destination pool cannot take the volume: cinder-volume of "
        r"cloud@beta is disabled: 'disks\n(remedy: rm -rf /)\x1b[2J' "
        "(remedy: freeze and thaw it: openstack volume host set --disable "
        "cloud@beta; openstack volume host set --enable cloud@beta)"
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=" ".join,
)
def test_a_done_move_is_done_whatever_stdout_can_encode(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    environment: dict[str, str],
) -> None:
    openstack = shell.Openstack({**cloud.environment("admin"), **environment})
    volume = make.volume(pool=moves.ALPHA, name="größe")

    process = openstack.start(
        *("volume", "watcher-migrate", "run", volume.id),
        *(moves.COLD, moves.node(moves.BETA)),
        *("-f=value", "-c=volume_name", "-c=result"),
    )
    stdout, stderr = process.communicate(timeout=180)

    assert process.returncode == 0, stderr
    assert make.host(volume.id) == moves.BETA
    assert stdout == "gr\\xf6\\xdfe\ndone\n"
