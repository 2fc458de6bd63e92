# SPDX-License-Identifier: Apache-2.0
"""A pool of 40 volumes: planned with each blocker named, then applied."""

from __future__ import annotations

import collections
import csv
import itertools
import json
import pathlib
import stat
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import (
    conftest,
    evacuation,
    moves,
    pools,
    resources,
    shell,
)

_PARALLEL, _PER_DESTINATION = 5, 3


@pytest.fixture(scope="module")
def pool(current_cloud: cloud_.Cloud) -> evacuation.Evacuated:
    """40 volumes on alpha; none is moved before the last tests."""
    return evacuation.prepare(current_cloud)


def _plan(
    openstack: shell.Openstack, pool: evacuation.Evacuated, *words: str
) -> dict[str, dict[str, Any]]:
    """The rows of a plan for the whole pool, by volume."""
    done = openstack.migrate(
        "plan",
        f"--source-node={moves.ALPHA}",
        f"--name={pool.prefix}-*",
        *words,
        "-f=json",
    )
    assert done.exit_code == 0, done.stderr
    return {row["ID"]: row for row in done.json}


def test_each_blocker_is_named(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    file = tmp_path / "plan.json"

    with moves.requests_within(pool.cloud) as requests:
        rows = _plan(
            openstack, pool, moves.node(moves.BETA), f"--output={file}"
        )

    assert rows.keys() == {v.id for v in pool.volumes}
    for volume_id, row in rows.items():
        why = pool.blocked.get(volume_id, "")
        assert row["Verdict"] == ("blocked" if why else "ready"), row
        assert why in "".join(row["Reasons"])
        assert row["From"] == moves.ALPHA
        assert row["To"] == moves.BETA
        attached = volume_id in pool.attached
        assert row["Migration Type"] == ("swap" if attached else "cold")
        servers = [pool.attached[volume_id]] if attached else []
        assert row["Server"] == servers
    assert len({row["Project"] for row in rows.values()}) == 2
    asked = [r for r in requests if r.service != "identity"]
    assert {r.method for r in asked} == {"GET"}
    assert len(asked) < 15
    assert not any(v.id in r.path for v in pool.volumes for r in asked)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = json.loads(file.read_text())
    assert {a["resource_id"] for a in written["actions"]} == rows.keys()
    for action in written["actions"]:
        assert action.keys() <= {
            "resource_id",
            "migration_type",
            "destination_node",
            "destination_type",
            "seen",
            "blocked_by",
        }
        blocked = action["resource_id"] in pool.blocked
        assert bool(action.get("blocked_by")) == blocked


def test_pools_are_filled_in_order(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    # Thin pools: 20 times their size, less what is provisioned already.
    provisioned = pools.provisioned(pool.cloud, moves.BETA)
    set_faults("beta", total_capacity_gb=(provisioned + 10) / 20)

    rows = _plan(
        openstack, pool, moves.node(moves.BETA), moves.node(moves.GAMMA)
    )

    to = collections.Counter(
        (row["To"], row["Verdict"]) for row in rows.values()
    )
    assert to[moves.BETA, "ready"] == 10
    # Only silver, which every pool serves, has another to go to.
    types = {v.id: v.volume_type for v in pool.volumes}
    silver = {
        volume_id
        for volume_id, row in rows.items()
        if (row["To"], row["Verdict"]) == (moves.GAMMA, "ready")
    }
    assert {types[volume_id] for volume_id in silver} == {"silver"}
    full = next(
        row
        for volume_id, row in rows.items()
        if types[volume_id] == "bronze"
        and row["Verdict"] == "blocked"
        and volume_id not in pool.blocked
    )
    assert (
        f"{moves.BETA} has 0 GiB left after the moves planned before it (10 "
        "now), the volume is 1 GiB"
    ) in full["Reasons"][0]


def test_quota_is_counted_over_the_whole_plan(
    pool: evacuation.Evacuated, openstack: shell.Openstack
) -> None:
    make = resources.Resources(pool.cloud)
    project_id = make.project_id("other")
    used = make.cinder.quotas.get(project_id, usage=True).volumes_gold
    make.cinder.quotas.update(project_id, volumes_gold=used["in_use"] + 2)
    try:
        rows = _plan(openstack, pool, moves.type_("gold"), "--project=other")
    finally:
        make.cinder.quotas.update(project_id, volumes_gold=-1)

    verdicts = [row["Verdict"] for row in rows.values()]
    assert verdicts == ["ready"] * 2 + ["blocked"] * 4
    assert all(
        "Quota does not suffice: volumes_gold of project" in row["Reasons"][0]
        for row in rows.values()
        if row["Verdict"] == "blocked"
    )


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (["--attached"], lambda pool, v: v.id in pool.attached),
        (["--detached"], lambda pool, v: v.id not in pool.attached),
        (["--source-type=silver"], lambda pool, v: v.volume_type == "silver"),
        (["--min-size=2"], lambda pool, v: False),
        (["--without-property=keep"], lambda pool, v: not v.metadata),
        (["--without-property=keep=it"], lambda pool, v: True),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_selection(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    words: list[str],
    fits: Any,
) -> None:
    rows = _plan(openstack, pool, moves.node(moves.BETA), *words)

    assert rows.keys() == {v.id for v in pool.volumes if fits(pool, v)}


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [(["--source-type=silver"], 0), (["--source-type=bronze"], 3)],
)
def test_blockers_are_told_by_the_exit_code_if_wanted(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    words: list[str],
    exit_code: int,
) -> None:
    done = openstack.migrate(
        "plan",
        f"--name={pool.prefix}-*",
        moves.node(moves.BETA),
        "--detailed-exitcode",
        *words,
    )

    assert done.exit_code == exit_code, done.stderr


def test_what_could_move_has_moved(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    file, report = tmp_path / "plan.json", tmp_path / "report.csv"
    planned = _plan(
        openstack, pool, moves.node(moves.BETA), f"--output={file}"
    )
    journal = pools.Journal(pool.cloud)

    with moves.requests_within(pool.cloud) as requests:
        done = openstack.migrate(
            "apply",
            str(file),
            "--auto-approve",
            f"--max-parallel={_PARALLEL}",
            f"--max-per-destination={_PER_DESTINATION}",
            "--canary=2",
            f"--report={report}",
            "-f=json",
        )

    rows = {row["ID"]: row for row in done.json}
    assert list(rows) == list(planned)
    unmoved = {
        i: r["Reason"] for i, r in rows.items() if r["Result"] != "done"
    }
    assert unmoved.keys() == pool.blocked.keys(), list(unmoved.values())
    for volume_id, why in pool.blocked.items():
        assert rows[volume_id]["Result"] == "blocked"
        assert why in rows[volume_id]["Reason"]
    assert done.exit_code == 3
    live = len(pool.attached.keys() & set(pool.movable))
    assert f"live moves: {live}; at the end of one" in done.stderr
    assert done.last_line == (
        f"{len(pool.movable)} of 40 done, 5 blocked; "
        f"{_remaining(pool.cloud, moves.ALPHA)}"
    )
    where = pools.hosts(pool.cloud, pool.volumes)
    assert {where[i] for i in pool.movable} == {moves.BETA}
    assert {where[i] for i in pool.blocked} == {moves.ALPHA}
    assert pools.digests(pool.cloud, pool.volumes) == pool.digests
    # Each once, and never with the help of Nova's own API.
    assert journal.begun == dict.fromkeys(pool.movable, 1)
    assert not [r for r in requests if r.method == "PUT"]
    _assert_caps(pool, journal)
    with report.open(newline="") as stream:
        reported = {row["volume_id"]: row for row in csv.DictReader(stream)}
    assert {i: r["result"] for i, r in reported.items()} == {
        i: r["Result"] for i, r in rows.items()
    }
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def _remaining(cloud: cloud_.Cloud, node: str) -> str:
    """What the summary has to say, from Cinder's database."""
    held = cloud.inventory()
    on = {i for i, row in held["volumes"].items() if row["host"] == node}
    snapshots = [
        row for row in held["snapshots"].values() if row["volume_id"] in on
    ]
    return (
        f"{len(on)} volumes, {len(snapshots)} snapshots remain on pool {node}"
    )


def _assert_caps(pool: evacuation.Evacuated, journal: pools.Journal) -> None:
    """By Cinder's own record of each moment, and by Nova's."""
    everyone = dict.fromkeys((v.id for v in pool.volumes), "all")
    assert journal.most_at_once(everyone) == {"all": _PER_DESTINATION}
    by_server = journal.most_at_once(pool.attached)
    assert set(by_server.values()) == {1}
    nova = pool.cloud.admin_nova
    for server_id in by_server:
        swaps = sorted(
            _event(nova, server_id, action.request_id)
            for action in nova.instance_action.list(server_id)
            if action.action == "swap_volume"
        )
        assert len(swaps) == list(pool.attached.values()).count(server_id)
        for (_, ended), (began, _) in itertools.pairwise(swaps):
            assert ended <= began


def _event(nova: Any, server_id: str, request_id: str) -> tuple[str, str]:
    action = nova.instance_action.get(server_id, request_id)
    (event,) = action.events
    assert event["result"] == "Success"
    return event["start_time"], event["finish_time"]


def test_applied_again_it_repeats_nothing(
    pool: evacuation.Evacuated,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    file = tmp_path / "plan.json"
    actions = [
        {
            "resource_id": v.id,
            "migration_type": "swap" if v.id in pool.attached else "cold",
            "destination_node": moves.BETA,
            "destination_type": v.volume_type
            if v.id in pool.attached
            else None,
        }
        for v in pool.volumes
    ]
    file.write_text(
        json.dumps(
            {
                "version": 1,
                "cloud": {"auth_url": pool.cloud.auth_url},
                "actions": actions,
            }
        )
    )

    with moves.requests_within(pool.cloud) as requests:
        done = openstack.migrate(
            "apply", str(file), "--auto-approve", "-f=json"
        )

    results = collections.Counter(row["Result"] for row in done.json)
    assert results == {"already there": len(pool.movable), "blocked": 5}
    assert moves.acting(requests) == []
    # Not a request for each volume that is there already.
    assert len(requests) < len(pool.movable)
