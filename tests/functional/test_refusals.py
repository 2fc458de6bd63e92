# SPDX-License-Identifier: Apache-2.0
"""The refusals of the contract: the sentence, every reason, no trace."""

from __future__ import annotations

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell, untouched

COLD = "Invalid state for cold migration: "
SWAP = "Invalid state for swapping volume: "
SAME = "Volume type must be same for migrating: "
DIFFERENT = "Volume type must be different for retyping: "
OPTIONS = "Options do not fit together: "
DIRECT = "This volume cannot be swapped via nova: "

TO_BETA = ("--migration-type=cold", "--destination-node=cloud@beta#pool")
TO_GOLD = ("--migration-type=cold", "--destination-type=gold")
LIVE = ("--destination-type=gold",)
DIRECTLY = (*LIVE, "--swap-via=nova")

SNAPSHOT = (
    "the volume has 1 snapshot: 'before' (available) (remedy: openstack "
    "volume snapshot delete {snapshot})"
)
ATTACHED = (
    "the volume is attached to server '{server_name}' ({server}) (remedy: use "
    "--migration-type swap, or openstack server remove volume {server} {%s})"
)
GUARDED = (
    DIRECT + "Nova answered 409: since OSSN-0094 only Cinder may call it "
    "(remedy: use --swap-via cinder)"
)
NOT_SERVED = (
    "type bronze is not served by cloud@gamma#pool: volume_backend_name "
    "wants 'bronze', the pool reports 'gold' (remedy: choose one that does: "
    "'cloud@beta#pool')"
)


@pytest.fixture(scope="module")
def volume_ids(current_cloud: cloud_.Cloud) -> dict[str, str]:
    """IDs of what the refusals are about. No test changes any of it."""
    make = resources.Resources(current_cloud)
    cinder = make.cinder_of("alice")
    free, snapped, both, held, broken = (
        make.volume(pool="cloud@alpha#pool") for _ in range(5)
    )
    server = make.server(held, both)
    snapshots = {
        volume.id: cinder.volume_snapshots.create(
            volume.id, name="before", force=True
        )
        for volume in (snapped, both)
    }
    later = cinder.volume_snapshots.create(both.id, name="later", force=True)
    resources.until(
        "snapshots",
        lambda: all(
            cinder.volume_snapshots.get(one.id).status == "available"
            for one in (*snapshots.values(), later)
        ),
    )
    make.cinder.volumes.reset_state(broken.id, "error")
    listed = make.cinder.volume_snapshots.list(
        search_opts={"all_tenants": 1, "volume_id": both.id}
    )
    return {
        "free": free.id,
        "snapped": snapped.id,
        "snapshot": snapshots[snapped.id].id,
        "held": held.id,
        "both": both.id,
        "two": ", ".join(f"'{one.name}' (available)" for one in listed),
        "two_ids": " ".join(one.id for one in listed),
        "broken": broken.id,
        "server": server.id,
        "server_name": server.name,
        "project": make.project_id("demo"),
    }


TWO_SNAPSHOTS = (
    "the volume has 2 snapshots: {two} (remedy: openstack volume snapshot "
    "delete {two_ids})"
)

NO_TYPE = (
    "destination type is required when migration type is swap: none is given "
    "(remedy: give --migration-type cold for a detached volume, "
    "--destination-type for an attached one (its own type moves it to the "
    "pool alone), or --migration-type auto for either)"
)
NOTHING_TO_KEEP = (
    "only a swap via nova leaves a source volume to keep (remedy: leave out "
    "--keep-source, or give --swap-via nova)"
)
REFUSALS = {
    "cold: attached, to a pool": (
        "held",
        TO_BETA,
        COLD + ATTACHED % "held",
    ),
    "cold: attached, to a type": (
        "held",
        TO_GOLD,
        COLD + ATTACHED % "held",
    ),
    "cold: snapshots, to a pool": ("snapped", TO_BETA, COLD + SNAPSHOT),
    "cold: snapshots, to a type": ("snapped", TO_GOLD, COLD + SNAPSHOT),
    "cold: attached and snapshots": (
        "both",
        TO_BETA,
        COLD + ATTACHED % "both" + "; " + TWO_SNAPSHOTS,
    ),
    "cold: not available": (
        "broken",
        TO_BETA,
        COLD + "the volume is error, not available (remedy: see 'openstack "
        "--os-volume-api-version 3.3 volume message list' and the backend "
        "first)",
    ),
    "cold: type not served by the pool": (
        "free",
        ("--migration-type=cold", "--destination-node=cloud@gamma#pool"),
        SAME + NOT_SERVED,
    ),
    "cold: both destinations, another type": (
        "free",
        (*TO_BETA, "--destination-type=gold"),
        SAME + "the volume's type is bronze, not gold (remedy: leave the "
        "destination type out, or retype the volume first)",
    ),
    "cold: both destinations, nothing fits": (
        "free",
        (*TO_GOLD, "--destination-node=cloud@gamma#pool"),
        SAME + "the volume's type is bronze, not gold (remedy: leave the "
        "destination type out, or retype the volume first); " + NOT_SERVED,
    ),
    "cold: its own type": (
        "free",
        ("--migration-type=cold", "--destination-type=bronze"),
        DIFFERENT + "the volume is of type bronze already (remedy: give "
        "another type; another pool is chosen with --destination-node)",
    ),
    "cold: no destination": (
        "free",
        ("--migration-type=cold",),
        (
            "destination node or destination type is required when "
            "migration type is cold: neither is given (remedy: give "
            "--destination-node or --destination-type)"
        ),
    ),
    "cold: state and type": (
        "held",
        ("--migration-type=cold", "--destination-type=bronze"),
        COLD
        + ATTACHED % "held"
        + "\n"
        + DIFFERENT
        + "the volume is of type bronze already (remedy: give another type; "
        "another pool is chosen with --destination-node)",
    ),
    "swap: no type": (
        "held",
        (),
        NO_TYPE,
    ),
    "swap: no type, but a pool": (
        "held",
        ("--destination-node=cloud@beta#pool",),
        NO_TYPE,
    ),
    "swap: not attached": (
        "free",
        LIVE,
        SWAP + "the volume is attached to no server (remedy: use "
        "--migration-type cold)",
    ),
    "swap: neither attached nor usable": (
        "broken",
        LIVE,
        SWAP + "the volume is attached to no server (remedy: use "
        "--migration-type cold); the volume is error, not in-use (remedy: "
        "see 'openstack --os-volume-api-version 3.3 volume message list' and "
        "the backend first)",
    ),
    "swap: snapshots": ("both", LIVE, SWAP + TWO_SNAPSHOTS),
    "swap via nova: guarded": ("held", DIRECTLY, GUARDED),
    "swap via nova: snapshots, and guarded": (
        "both",
        DIRECTLY,
        SWAP + TWO_SNAPSHOTS + "\n" + GUARDED,
    ),
    "swap via nova: a pool": (
        "held",
        (*DIRECTLY, "--destination-node=cloud@gamma#pool"),
        OPTIONS + "a swap via nova cannot choose the node; the scheduler does "
        "(remedy: leave out --destination-node, or give --swap-via cinder)",
    ),
    "swap via nova: no wait": (
        "held",
        (*DIRECTLY, "--no-wait"),
        OPTIONS + "a swap via nova has steps after the copy: it has to wait "
        "(remedy: leave out --no-wait)",
    ),
    "a node without a pool": (
        "free",
        ("--migration-type=cold", "--destination-node=cloud@bet"),
        OPTIONS + "destination node cloud@bet names no pool; give "
        "host@backend#pool (remedy: openstack volume backend pool list)",
    ),
    "cold: options of a swap": (
        "free",
        (*TO_BETA, "--swap-via=nova", "--keep-source"),
        OPTIONS + "--swap-via nova is only for migration type swap (remedy: "
        "leave out --swap-via, or give --migration-type swap); "
        + NOTHING_TO_KEEP,
    ),
    "swap via cinder: a source to keep": (
        "held",
        (*LIVE, "--keep-source"),
        OPTIONS + NOTHING_TO_KEEP,
    ),
}


@pytest.mark.parametrize(
    ("volume", "options", "expected"), REFUSALS.values(), ids=REFUSALS
)
def test_run_refuses_with_every_reason(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume_ids: dict[str, str],
    volume: str,
    options: tuple[str, ...],
    expected: str,
) -> None:
    said = untouched.refused(
        cloud, openstack, "run", volume_ids[volume], *options
    )

    assert said == expected.format(**volume_ids)


#: One for each sentence, and those with several.
CHECKED = (
    "cold: attached and snapshots",
    "cold: both destinations, nothing fits",
    "cold: state and type",
    "cold: no destination",
    "swap: no type",
    "swap: neither attached nor usable",
    "swap via nova: snapshots, and guarded",
)


@pytest.mark.parametrize(
    ("volume", "options", "expected"),
    [REFUSALS[label] for label in CHECKED],
    ids=CHECKED,
)
def test_check_blocks_with_the_same_reasons(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume_ids: dict[str, str],
    volume: str,
    options: tuple[str, ...],
    expected: str,
) -> None:
    with untouched.untouched(cloud):
        done = openstack.migrate(
            "check", volume_ids[volume], *options, "-f=json"
        )

    assert (done.exit_code, done.stderr) == (1, "")
    blocked = [
        row["Detail"] for row in done.json if row["Result"] == "blocked"
    ]
    assert blocked
    for line in expected.format(**volume_ids).splitlines():
        sentence, _, reasons = line.partition(": ")
        of_sentence = [
            detail.removeprefix(sentence).removeprefix(": ")
            for detail in blocked
            if detail.startswith(sentence)
        ]
        assert "; ".join(of_sentence) == reasons


@pytest.mark.parametrize(
    ("volume", "options", "expected"),
    [
        (
            "free",
            ("--destination-node=cloud@alpha#pool",),
            "the volume is on cloud@alpha#pool already",
        ),
        (
            "free",
            (
                "--destination-node=cloud@alpha#pool",
                "--destination-type=bronze",
            ),
            "the volume is on cloud@alpha#pool already",
        ),
        (
            "held",
            ("--migration-type=swap", "--destination-type=bronze"),
            "the volume is of type bronze already",
        ),
    ],
)
def test_already_there_is_no_refusal(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume_ids: dict[str, str],
    volume: str,
    options: tuple[str, ...],
    expected: str,
) -> None:
    with untouched.untouched(cloud):
        done = openstack.migrate(
            "run",
            volume_ids[volume],
            "--migration-type=cold",
            *options,
            "-f=json",
        )

    assert done.exit_code == 0
    assert done.json["result"] == "already there"
    assert done.stderr.strip() == expected
