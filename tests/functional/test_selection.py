# SPDX-License-Identifier: Apache-2.0
"""Which volumes a plan is about: a typo is an error and proves nothing."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, pools, resources, shell


@pytest.fixture(scope="module")
def volumes(current_cloud: cloud_.Cloud) -> dict[str, Any]:
    """Detached volumes; no test moves them."""
    make = resources.Resources(current_cloud)
    return {
        "prod": make.volume(pool=moves.ALPHA, name="[prod] db"),
        "web": make.volume(pool=moves.BETA, name="web-1", user="bob"),
        "gold": make.volume("gold", pool=moves.GAMMA, name="gold-1"),
    }


def _refused(
    openstack: shell.Openstack, file: pathlib.Path, *words: str
) -> str:
    """What a plan says that is not made and not written."""
    done = openstack.migrate(
        "plan",
        *words,
        f"--output={file}",
        f"--reverse={file}.reverse",
        "-f=json",
    )
    assert (done.exit_code, done.stdout) == (1, ""), done
    assert list(file.parent.iterdir()) == []
    return done.stderr.rstrip("\n")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (
            "--source-node=cloud@alpa",
            (
                "Cinder knows no backend 'cloud@alpa'; did you mean "
                "'cloud@alpha'"
            ),
        ),
        (
            "--source-node=cloud@alpha#pol",
            (
                "Cinder knows no pool 'cloud@alpha#pol'; did you mean "
                "'cloud@alpha#pool'"
            ),
        ),
        (
            "--source-node=clod",
            "Cinder knows no host 'clod'; did you mean 'cloud'?",
        ),
        (
            "--source-type=bornze",
            (
                "No volume type with a name or ID of 'bornze' exists; did you "
                "mean 'bronze'"
            ),
        ),
        (
            "--project=dmeo",
            (
                "Keystone has no project with a name or ID of 'dmeo'; did you "
                "mean 'demo'?"
            ),
        ),
    ],
)
def test_a_typo_is_an_error(
    openstack: shell.Openstack, tmp_path: pathlib.Path, word: str, says: str
) -> None:
    said = _refused(
        openstack, tmp_path / "plan.json", word, moves.node(moves.BETA)
    )

    assert said.startswith(says)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (
            "--destination-node=cloud@bet",
            (
                "the scheduler knows no pools of backend 'cloud@bet'; give "
                "host@backend#pool; did you mean 'cloud@beta#pool'"
            ),
        ),
        (
            "--destination-node=cloud@bet#pool",
            "the scheduler knows no pool 'cloud@bet#pool'; did you mean ",
        ),
        (
            "--destination-type=glod",
            (
                "No volume type with a name or ID of 'glod' exists; did you "
                "mean 'gold'"
            ),
        ),
    ],
)
def test_so_is_one_in_the_destination(
    openstack: shell.Openstack, tmp_path: pathlib.Path, word: str, says: str
) -> None:
    said = _refused(
        openstack, tmp_path / "plan.json", "--source-node=cloud", word
    )

    assert said.startswith(says)


def test_what_no_volume_can_be_is_refused(
    openstack: shell.Openstack, tmp_path: pathlib.Path
) -> None:
    said = _refused(
        openstack,
        tmp_path / "plan.json",
        *("--min-size=5", "--max-size=2", moves.node(moves.BETA)),
    )

    assert said == "no volume has at least 5 GiB and at most 2 GiB"


@pytest.mark.parametrize(
    "word", ["--source-node=", "--source-type=", "--project=", "--min-size=-1"]
)
def test_an_empty_value_is_a_matter_of_usage(
    openstack: shell.Openstack, word: str
) -> None:
    done = openstack.migrate("plan", word, "--attached", moves.type_("gold"))

    assert done.exit_code == 2
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--name=[prod]*",), {"prod"}),
        (("--name=[prod]*", "--name=web-?"), {"prod", "web"}),
        (
            (
                f"--source-node={moves.ALPHA}",
                "--source-node=cloud@gamma",
                "--name=*-1",
                "--name=* db",
            ),
            {"prod", "gold"},
        ),
        (
            ("--source-type=gold", "--source-type=bronze", "--project=other"),
            {"web"},
        ),
        (("--project=other", "--project=demo"), {"prod", "web", "gold"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_of_a_repeated_condition_one_has_to_fit(
    openstack: shell.Openstack,
    volumes: dict[str, Any],
    words: tuple[str, ...],
    expected: set[str],
) -> None:
    done = openstack.migrate("plan", *words, moves.type_("silver"), "-f=json")

    assert done.exit_code == 0, done.stderr
    found = {row["ID"] for row in done.json}
    assert {
        name for name, volume in volumes.items() if volume.id in found
    } == expected


def test_an_empty_pool_that_is_known_is_no_error(
    openstack: shell.Openstack, volumes: dict[str, Any]
) -> None:
    done = openstack.migrate(
        "plan", f"--source-node={moves.DELTA}", moves.node(moves.GAMMA)
    )

    assert done.exit_code == 0, done.stderr


def test_pools_of_a_disabled_backend_cannot_be_told(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    file = tmp_path / "plan.json"
    pools.clear(make, "delta")
    make.disable("cloud@delta")
    try:
        # Cinder's list of pools does not have it any more.
        said = _refused(
            openstack,
            file,
            f"--source-node={moves.DELTA}",
            moves.node(moves.GAMMA),
        )
        backend = openstack.migrate(
            "plan",
            "--source-node=cloud@delta",
            moves.node(moves.GAMMA),
            f"--output={file}",
        )
        applied = openstack.migrate("apply", str(file), "--auto-approve")
    finally:
        make.enable("cloud@delta")

    assert said == (
        f"whether there is a pool {moves.DELTA} cannot be told: Cinder lists "
        "no pools of cloud@delta while that is disabled, frozen or down. Name "
        "the backend instead: cloud@delta"
    )
    assert backend.exit_code == 0, backend.stderr
    assert applied.last_line == "0 of 0 done; backend cloud@delta is empty"


def test_a_pool_is_empty_once_it_was_emptied_though_disabled(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    pools.clear(make, "delta")
    volume = make.volume("gold", pool=moves.DELTA)
    file = tmp_path / "plan.json"
    make.disable("cloud@delta")
    try:
        planned = openstack.migrate(
            "plan",
            f"--source-node={moves.DELTA}",
            moves.node(moves.GAMMA),
            f"--output={file}",
        )
        applied = openstack.migrate("apply", str(file), "--auto-approve")
    finally:
        make.enable("cloud@delta")

    assert planned.exit_code == 0, planned.stderr
    assert applied.exit_code == 0, applied.stderr
    assert applied.last_line == (f"1 of 1 done; pool {moves.DELTA} is empty")
    assert make.host(volume.id) == moves.GAMMA


@pytest.mark.parametrize("key", ["source_node", "source_nodes"])
def test_a_plan_for_an_unknown_source_proves_nothing(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
    key: str,
) -> None:
    file, node = tmp_path / "plan.json", "cloud@alpa"
    file.write_text(
        json.dumps(
            {
                "version": 1,
                "cloud": {"auth_url": cloud.auth_url},
                "selection": {key: node if key == "source_node" else [node]},
                "actions": [],
            }
        )
    )

    done = openstack.migrate("apply", str(file), "--auto-approve")

    assert done.exit_code == 0
    assert "is empty" not in done.stderr
    assert done.last_line.startswith(
        "0 of 0 done; Cinder knows no backend 'cloud@alpa'; did you mean "
        "'cloud@alpha'"
    )


def test_several_sources_are_each_accounted_for(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    on_alpha = make.volume(pool=moves.ALPHA, name="several-1")
    on_beta = make.volume(pool=moves.BETA, name="several-2")
    file = tmp_path / "plan.json"
    planned = openstack.migrate(
        "plan",
        *(f"--source-node={pool}" for pool in (moves.ALPHA, moves.BETA)),
        "--name=several-*",
        moves.type_("silver"),
        f"--output={file}",
    )
    assert planned.exit_code == 0, planned.stderr

    done = openstack.migrate("apply", str(file), "--auto-approve", "-f=json")

    assert done.exit_code == 0, done.stderr
    assert {row["ID"] for row in done.json} == {on_alpha.id, on_beta.id}
    for pool in (moves.ALPHA, moves.BETA):
        held = [
            row
            for row in cloud.inventory()["volumes"].values()
            if row["host"] == pool
        ]
        said = f"on pool {pool}" if held else f"pool {pool} is empty"
        assert said in done.last_line
