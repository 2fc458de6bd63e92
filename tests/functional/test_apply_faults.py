# SPDX-License-Identifier: Apache-2.0
"""Plans that are interrupted, and clouds that fail while one is applied."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import time

import pytest

from tests.functional import (
    batches,
    conftest,
    moves,
    pools,
    resources,
    shell,
)

#: Seconds; an outage of hours is the unit tests' matter.
_OUTAGE = 60.0
_WAITS = " not started; waiting for "


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "plan.json"


def test_killed_in_the_middle_and_run_again(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 7)
    command = batch.start("--max-parallel=2")
    batch.until_moving(3)
    os.kill(command.pid, signal.SIGKILL)
    assert command.end().exit_code == -signal.SIGKILL

    done = batch.apply("--max-parallel=2")

    assert done.exit_code == 0, done.stderr
    assert batches.results(done)["done"] >= 4
    assert batches.results(done).keys() <= {"done", "already there"}
    batch.assert_all_moved_once(2)


def test_interrupted_once_it_waits_for_what_moves(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 5)
    command = batch.start("--max-parallel=2")
    batch.until_moving(2)
    os.kill(command.pid, signal.SIGINT)
    done = command.end()

    assert done.exit_code == 130
    assert _WAITS in done.stderr
    left = batches.results(done)["not started"]
    assert left >= 2
    assert batches.results(done) == {"done": 5 - left, "not started": left}
    assert batch.moving() == 5 - left

    # Twice: what moves is left to the cloud.
    set_faults("beta", create="slow:5")
    command = batch.start("--max-parallel=2")
    batch.until_moving(5 - left + 1)
    os.kill(command.pid, signal.SIGINT)
    # Two signals at once would be one to the process.
    resources.until("told", lambda: _WAITS in command.stderr)
    os.kill(command.pid, signal.SIGINT)
    done = command.end()

    assert done.exit_code == 130
    assert batches.results(done)["interrupted"] >= 1
    set_faults.clear()
    assert batch.apply("--max-parallel=2").exit_code == 0
    batch.assert_all_moved_once(2)


def test_an_outage_of_a_minute_is_borne(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 5)
    proxy = batch.cloud.fault_proxy
    done: list[shell.Completed] = []
    command = batch.start("--max-parallel=2")
    batch.until_moving(2)

    # Unavailable, then too busy, then connections that break.
    for fault in ({"answer": 503}, {"answer": 429}, {"drop": "before"}):
        with proxy.fault(service="volume", every=True, **fault) as rule:
            time.sleep(_OUTAGE / 3)
        assert 0 < rule.hits < 30
    done.append(command.end())

    assert done[0].exit_code == 0, done[0].stderr
    assert "503" in done[0].stderr
    assert "asking again" in done[0].stderr
    assert batches.results(done[0]) == {"done": 5}
    batch.assert_all_moved_once(2)


def test_a_token_that_expires_is_replaced(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 4)
    with moves.requests_within(batch.cloud) as requests:
        command = batch.start("--max-parallel=2")
        batch.until_moving(1)
        # So Cinder answers a token that it knows no longer.
        with batch.cloud.fault_proxy.fault(
            service="volume", answer=401
        ) as old:
            resources.until("401", lambda: old.hits)
            done = command.end()

    assert done.exit_code == 0, done.stderr
    assert sum(r.path.endswith("/auth/tokens") for r in requests) >= 2
    batch.assert_all_moved_once(2)


def test_with_nothing_but_a_token_it_says_so_and_goes_on_later(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 5)
    command = batch.start(
        "--max-parallel=2",
        OS_AUTH_TYPE="token",
        OS_TOKEN=str(batch.cloud.session().get_token()),
        OS_USERNAME="",
        OS_PASSWORD="",
        OS_USER_DOMAIN_NAME="",
    )
    batch.until_moving(2)
    with batch.cloud.fault_proxy.fault(
        service="volume", every=True, answer=401
    ):
        done = command.end()

    assert done.exit_code == 1
    results = batches.results(done)
    assert results["still running"] >= 1
    assert results["not started"] >= 2
    assert "Cinder answered 401" in done.stdout
    assert batch.apply("--max-parallel=2").exit_code == 0
    batch.assert_all_moved_once(2)


def test_a_backend_that_goes_down_stops_its_lane_alone(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    kinds = [{"volume_type": "silver"}] * 6 + [{}] * 4
    batch = batches.Batch(make, openstack, file, kinds)
    written = json.loads(file.read_text())
    silver = set(batch.ids[:6])
    for action in written["actions"]:
        if action["resource_id"] in silver:
            action["destination_node"] = moves.GAMMA
    file.write_text(json.dumps(written))
    command = batch.start("--max-parallel=4", "--max-per-destination=2")
    batch.until_moving(1)
    set_faults("gamma", create="fail", down=True)
    done = command.end()

    assert done.exit_code == 1
    rows = {row["ID"]: row for row in done.json}
    bronze = [rows[volume_id] for volume_id in batch.ids[6:]]
    assert [row["Result"] for row in bronze] == ["done"] * 4, bronze
    lost = [rows[i] for i in silver if rows[i]["Result"] != "done"]
    assert len(lost) >= 3
    assert {row["Result"] for row in lost} <= {
        "failed",
        "blocked",
        "not started",
    }
    assert sum(row["Result"] == "failed" for row in lost) <= 4
    where = batch.where()
    assert {where[row["ID"]] for row in lost} == {moves.ALPHA}
    assert pools.digests(batch.cloud, batch.volumes) == batch.digests


@pytest.mark.parametrize("backend", ["alpha", "beta"])
def test_a_service_that_is_down_for_a_while_is_waited_for(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
    backend: str,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 3)
    set_faults(backend, down=True)
    command = batch.start("--max-parallel=2")
    waits = (
        f"cinder-volume of cloud@{backend} is down: moves from "
        f"{moves.ALPHA} to {moves.BETA} wait for it, 10 minutes at most"
    )
    resources.until("told", lambda: waits in command.stderr)
    time.sleep(20)  # and looked again meanwhile
    assert batch.moving() == 0

    set_faults.clear()
    done = command.end()

    assert done.exit_code == 0, done.stderr
    assert batches.results(done) == {"done": 3}
    assert done.stderr.count(waits) == 1
    batch.assert_all_moved_once(2)
