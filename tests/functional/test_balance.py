# SPDX-License-Identifier: Apache-2.0
"""Pools that are evened out, on real storage and a real scheduler."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.functional import (
    conftest,
    moves,
    pools,
    resources,
    shell,
)

#: The test cloud's pools are thin, and may promise so many times their size.
_RATIO = 20.0


def _filled(text: str, pool: str) -> list[int]:
    """How full a pool is, and will be, in percent."""
    (line,) = (one for one in text.splitlines() if one.startswith(f"{pool}:"))
    return [int(number) for number in re.findall(r"(\d+) %", line)]


def test_a_full_pool_and_an_empty_one(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    tmp_path: pathlib.Path,
) -> None:
    prefix = make.name("even")
    volumes = pools.fill(
        make, prefix, [{"size": size} for size in (1, 2, 3, 4)]
    )
    attached = pools.fill(make, prefix, [{"size": 1}])[0]
    make.server(attached)
    digests = pools.digests(make.cloud, volumes)
    make.volume(pool=moves.BETA)
    alpha, beta = (
        pools.provisioned(make.cloud, p) for p in (moves.ALPHA, moves.BETA)
    )
    # Alpha is 5 GiB too full; there is room for hundreds on beta.
    set_faults("alpha", total_capacity_gb=(alpha - 5) / 0.8 / _RATIO)
    set_faults("beta", total_capacity_gb=(beta + 500) / _RATIO)
    file = tmp_path / "plan.json"
    asked = (
        "plan",
        "--balance",
        "--source-type=bronze",
        f"--name={prefix}-*",
        "-f=json",
    )
    resources.until(
        "the scheduler knows",
        lambda: _filled(openstack.migrate(*asked).stderr, moves.ALPHA)[0] > 80,
    )

    planned = openstack.migrate(*asked, f"--output={file}")

    assert planned.exit_code == 0, planned.stderr
    # No GiB more than is needed, and the attached one stays.
    assert sorted(row["Size"] for row in planned.json) in ([1, 4], [2, 3])
    assert {row["Migration Type"] for row in planned.json} == {"cold"}
    assert {row["To"] for row in planned.json} == {moves.BETA}
    before, after = _filled(planned.stderr, moves.ALPHA)
    assert before > 80
    assert after == 80
    assert "estimate: 2 moves, 5 GiB" in planned.stderr

    applied = openstack.migrate("apply", str(file), "--auto-approve")

    assert applied.exit_code == 0, applied.stderr
    assert pools.digests(make.cloud, volumes) == digests
    resources.until(
        "balanced",
        lambda: "balanced already" in openstack.migrate(*asked).stderr,
    )
    assert openstack.migrate(*asked).json == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name what to move"),
        (("--name=x",), "name the one type whose pools"),
        (("--source-type=nowhere",), "no pool that is up and enabled serves"),
        (("--source-type=golf",), "golf"),
    ],
)
def test_what_cannot_be_evened_out_is_said(
    openstack: shell.Openstack, words: tuple[str, ...], says: str
) -> None:
    done = openstack.migrate("plan", "--balance", *words)

    assert done.exit_code == 1
    assert says in done.stderr
