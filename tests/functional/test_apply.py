# SPDX-License-Identifier: Apache-2.0
"""Rules of apply: canaries, a window, the way back, foreign plans."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import (
    batches,
    conftest,
    moves,
    pools,
    resources,
    shell,
)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "plan.json"


def test_a_canary_that_dies_stops_it_all(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 3)
    set_faults("beta", create="fail")

    done = batch.apply("--canary=1", "--max-parallel=3")

    assert done.exit_code == 1
    assert batches.results(done) == {"failed": 1, "not started": 2}
    assert batch.moving() == 1
    assert "canary " in done.stdout


def test_nothing_is_started_that_will_not_end_in_time(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{"size": 50}])
    soon = datetime.datetime.now().astimezone() + datetime.timedelta(minutes=3)

    done = batch.apply(f"--until={soon:%H:%M}")

    assert done.exit_code == 3
    (row,) = done.json
    assert row["Result"] == "not started"
    assert row["Reason"] == f"not expected to end by {soon:%H:%M}"
    assert batch.moving() == 0


def test_a_cap_for_each_source_holds(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 3)

    done = batch.apply("--max-parallel=3", "--max-per-source=1")

    assert done.exit_code == 0, done.stderr
    batch.assert_all_moved_once(1)


@pytest.mark.smoke
def test_there_and_back(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 2)
    assert batch.apply().exit_code == 0
    assert set(batch.where().values()) == {moves.BETA}

    done = openstack.migrate(
        "apply", f"{file}.reverse", "--auto-approve", "-f=json"
    )

    assert done.exit_code == 0, done.stderr
    assert set(batch.where().values()) == {moves.ALPHA}
    assert pools.digests(batch.cloud, batch.volumes) == batch.digests


@pytest.fixture
def foreign(cloud: cloud_.Cloud) -> dict[str, Any]:
    """A plan of this cloud, to be changed into one of another."""
    return {
        "version": 1,
        "cloud": {"auth_url": cloud.auth_url, "region_name": "RegionOne"},
        "actions": [],
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cloud": {"auth_url": "https://elsewhere/v3"}}, "the plan is for"),
        ({"version": 7}, "is a plan of version 7"),
        (
            {"actions": [{"resource_id": "x"}]},
            "is not a valid plan: $.actions[0]",
        ),
        (None, "is not JSON"),
        (100 * 10**6, "is larger than any plan"),
    ],
)
def test_a_foreign_plan_is_refused_with_one_sentence(
    openstack: shell.Openstack,
    cloud: cloud_.Cloud,
    file: pathlib.Path,
    foreign: dict[str, Any],
    change: Any,
    says: str,
) -> None:
    if isinstance(change, dict):
        file.write_text(json.dumps(foreign | change))
    else:
        file.write_bytes(b" " * (change or 0) + b"nonsense")

    with moves.requests_within(cloud) as requests:
        done = openstack.migrate("apply", str(file), "--auto-approve")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not [r for r in requests if r.service != "identity"]
