# SPDX-License-Identifier: Apache-2.0
"""What Cinder alone knows is found before it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched


def _refused(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any, *words: str
) -> str:
    """Refused by check, plan and run alike; what run says."""
    done = openstack.migrate("check", volume.id, *words, "-f=json")
    assert done.exit_code == 1
    planned = openstack.migrate(
        "plan",
        f"--name={volume.name}",
        # A plan takes a pool or a type; a swap's own type it knows.
        next(w for w in reversed(words) if w.startswith("--destination")),
        "-f=json",
    )
    (row,) = planned.json
    assert row["Verdict"] == "blocked"
    return untouched.refused(cloud, openstack, "run", volume.id, *words)


@pytest.mark.parametrize(
    ("key", "says"), [("min", "at least 2 GiB"), ("max", "at most 1 GiB")]
)
def test_a_type_s_limits_of_size(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    new_type: Any,
    key: str,
    says: str,
) -> None:
    limit, size = ("2", 1) if key == "min" else ("1", 2)
    wanted = new_type({f"provisioning:{key}_vol_size": limit})
    volume = make.volume(size=size)

    said = _refused(
        cloud, openstack, volume, moves.COLD, moves.type_(wanted.name)
    )

    assert f"is for volumes of {says}, and the volume is {size} GiB" in said


def test_a_type_of_another_zone(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    new_type: Any,
) -> None:
    wanted = new_type({"RESKEY:availability_zones": "east,west"})
    volume = make.volume()

    said = _refused(
        cloud, openstack, volume, moves.COLD, moves.type_(wanted.name)
    )

    assert (
        f"no pool that is up and enabled serves type {wanted.name} in "
        "east,west (remedy: openstack volume backend pool list --long; "
        "openstack volume service list)"
    ) in said
    untouched.apply_remedy(openstack, said)
    wanted.set_keys({"RESKEY:availability_zones": "east,nova"})
    done = openstack.migrate(
        "check", volume.id, moves.COLD, moves.type_(wanted.name)
    )
    assert done.exit_code == 0, done.stdout


def test_qos_that_the_hypervisor_applies(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    new_type: Any,
) -> None:
    wanted = new_type({"volume_backend_name": "gold"})
    qos = make.cinder.qos_specs.create(
        make.name("qos"), {"consumer": "front-end", "total_iops_sec": "100"}
    )
    make.cinder.qos_specs.associate(qos, wanted.id)
    volume = make.volume()
    make.server(volume)
    try:
        said = _refused(cloud, openstack, volume, moves.type_(wanted.name))
        assert "QoS specs of the destination type (front-end)" in said
    finally:
        make.cinder.qos_specs.disassociate(qos, wanted.id)


def test_a_pool_with_an_odd_name(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", pools=["10.0.0.1:/exports/a b"])
    node = "cloud@beta#10.0.0.1:/exports/a b"

    done = moves.run(openstack, volume, moves.COLD, moves.node(node))

    assert done.exit_code == 0, done.stderr
    assert make.host(volume.id) == node
    again = openstack.migrate(
        "plan",
        f"--source-node={node}",
        moves.node(moves.ALPHA),
        "-f=json",
    )
    assert volume.id in {row["ID"] for row in again.json}
    assert (
        moves.run(openstack, volume, moves.COLD, moves.node(moves.ALPHA)).json[
            "result"
        ]
        == "done"
    )


@pytest.mark.parametrize(
    ("backends", "to"),
    [
        (("beta",), moves.node(moves.BETA)),
        (("gamma", "delta"), moves.type_("gold")),
    ],
)
def test_a_pool_that_judges_itself_is_warned_of(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    backends: tuple[str, ...],
    to: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    for backend in backends:
        set_faults(
            backend, capabilities={"filter_function": "volume.size > 10"}
        )

    def told() -> list[str]:
        done = openstack.migrate("check", volume.id, moves.COLD, to, "-f=json")
        assert done.exit_code == 0, done.stderr
        return [
            row["Detail"]
            for row in done.json
            if (row["Check"], row["Result"]) == ("Filter function", "warning")
        ]

    found = resources.until(
        "the scheduler knows",
        lambda: (rows := told()) and len(rows) == len(backends) and rows,
    )

    says = "by which Cinder judges: 'volume.size > 10'"
    assert all(says in detail for detail in found)
    # So it does: the move ends where it began.
    done = moves.run(openstack, volume, moves.COLD, to)
    assert done.exit_code == 1
    assert make.host(volume.id) == moves.ALPHA
    if len(backends) > 1:
        assert "takes it by its filter_function" in done.stderr


def test_becoming_encrypted_is_warned_of(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume()

    done = openstack.migrate(
        "check", volume.id, moves.COLD, moves.type_("luks-gold"), "-f=json"
    )

    (row,) = [r for r in done.json if r["Check"] == "Encryption"]
    assert row["Result"] == "warning"
    assert "becomes encrypted with LUKS" in row["Detail"]


def test_a_copy_of_cinder_s_is_told_of_by_its_id(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume, orphan = make.volume(), make.volume()
    cloud.database("cinder").execute(
        "UPDATE volumes SET migration_status = ? WHERE id = ?",
        f"target:{volume.id}",
        orphan.id,
    )
    try:
        said = untouched.refused(
            cloud,
            openstack,
            "run",
            orphan.id,
            moves.COLD,
            moves.node(moves.BETA),
        )
        assert f"the copy that Cinder made to move volume {volume.id}" in said
        found = openstack.migrate("recover", "-f=json").json
        (row,) = [r for r in found if r["Kind"] == "orphaned copy"]
        assert row["Source"] == orphan.id
        assert volume.id in row["State"]
    finally:
        cloud.database("cinder").execute(
            "UPDATE volumes SET migration_status = NULL WHERE id = ?",
            orphan.id,
        )


def test_a_server_that_was_deleted_softly_keeps_its_volumes(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    set_faults("nova", soft_delete=True)
    volume = make.volume(pool=moves.ALPHA)
    server = make.server(volume)
    make.nova.servers.delete(server.id)
    make.until_server(server.id, "SOFT_DELETED")
    words = moves.type_("bronze"), moves.node(moves.BETA)

    said = _refused(cloud, openstack, volume, *words)
    cold = moves.COLD, moves.node(moves.BETA)
    as_cold = untouched.refused(cloud, openstack, "run", volume.id, *cold)
    planned = openstack.migrate(
        "plan", f"--name={volume.name}", moves.node(moves.BETA), "-f=json"
    )

    (row,) = planned.json
    for told in (said, as_cold, *row["Reasons"]):
        assert "which is deleted but can be restored" in told
        assert "attachment delete" not in told
    assert (
        "(remedy: use --migration-type swap after: openstack server restore "
        f"{server.id})"
    ) in as_cold
    untouched.apply_remedy(openstack, said.splitlines()[0])
    make.until_server(server.id, "ACTIVE")
    done = moves.run(openstack, volume, *words)
    assert done.exit_code == 0, done.stderr
