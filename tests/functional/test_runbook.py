# SPDX-License-Identifier: Apache-2.0
"""The runbook of README.rst, as it is written there, empties a pool."""

from __future__ import annotations

import pathlib
import re
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from tests import cloud as cloud_
from tests.demo import playground
from tests.functional import moves, resources, shell


@pytest.fixture
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[cloud_.Cloud]:
    """One of its own: its pool holds nothing that other tests have made."""
    with cloud_.Cloud(tmp_path_factory.mktemp("runbook")) as own:
        yield own


_README = pathlib.Path(__file__).parents[2] / "README.rst"


def _commands() -> list[str]:
    """The commands of the section, each in one line."""
    text = _README.read_text("utf-8")
    (section,) = re.findall(r"\nEmpty a pool\n=+\n(.*?)\n===", text, re.DOTALL)
    (*blocks,) = re.findall(r"code-block:: console\n\n((?: +.*\n)+)", section)
    return [
        re.sub(r"\\\n +", "", block).strip().removeprefix("$ ")
        for block in blocks
    ]


def _run(
    command: str, environment: Mapping[str, str], folder: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    """Run a command as a job does: without a terminal to ask on."""
    if " apply " in command:
        command += " --auto-approve"
    return subprocess.run(
        ["bash", "-c", command],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_empties_a_pool(
    cloud: cloud_.Cloud, make: resources.Resources, tmp_path: pathlib.Path
) -> None:
    playground.furnish(cloud)
    environment = {
        "PATH": f"{pathlib.Path(shell.OPENSTACK).parent}:/usr/bin:/bin",
        "OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml",
        **cloud.environment("admin"),
    }
    cordon, plan, apply, recover = _commands()
    before = make.volume(name="before", pool=moves.BETA)

    done = [_run(each, environment, tmp_path) for each in (cordon, plan)]
    assert [each.returncode for each in done] == [0, 0], done[-1].stderr
    made = make.volume(name="later")
    first = _run(apply, environment, tmp_path)

    # Of the playground one volume has a snapshot, one a stopped server.
    assert first.returncode == 3, first.stderr
    assert "2 blocked" in first.stderr
    assert "is empty" not in first.stderr
    _clear(make)
    second = _run(apply, environment, tmp_path)

    assert second.returncode == 0, second.stderr
    assert "; backend cloud@alpha is empty\n" in second.stderr
    assert not cloud.backend_files("alpha")
    # The cordon held, and what was elsewhere stayed.
    assert make.host(made.id) == make.host(before.id) == moves.BETA
    assert _run(recover, environment, tmp_path).returncode == 0
    assert len((tmp_path / "moves.csv").read_text().splitlines()) > 10


def _clear(make: resources.Resources) -> None:
    """What the plan says that clears it."""
    snapshots = make.cinder_of("alice").volume_snapshots
    for one in snapshots.list():
        snapshots.delete(one.id)
    resources.until("no snapshot", lambda: not snapshots.list())
    for server in make.nova.servers.list(search_opts={"all_tenants": 1}):
        if server.status == "SHUTOFF":
            make.nova.servers.start(server.id)
            make.until_server(server.id, "ACTIVE")
