# SPDX-License-Identifier: Apache-2.0
"""What is printed as a remedy is carried out, and then nothing blocks.

Commands are run word for word, with the oldest version of Cinder's API as the
default; what is said in words is done as it is said. Remedies that belong to
a state of their own are carried out where that state is made:

- records that disagree, attachments, a status that was reset: test_records
- states of servers, locks, resizes: test_refused_servers
- services disabled or frozen, private types, quotas, groups:
  test_refused_destinations
- transfers: test_tenants_meanwhile; a type with a hostile name:
  test_untrusted_text; data that might not be copied: test_relabel
- swaps via Nova: test_remedies_via_nova, test_swap_via_nova; clusters:
  test_clusters; what ``recover`` advises: test_remedies_recover,
  test_recover_lost, test_lost_attachment, test_dead_ends
- a command that has to be given otherwise: test_remedies_options

No test can show that what follows helps, and why: "see the log of
cinder-volume there" and "nova-manage cell_v2 list_cells" are for somebody on
that host; "'virsh domblklist'" needs a hypervisor (tests/hypervisor); that
Nova has no vTPM's bug is a matter of its release; "see 'An attachment that
Cinder lost'" is carried out by test_lost_attachment.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched

TO_BETA = moves.node(moves.BETA)
TO_GOLD, TO_BRONZE = moves.type_("gold"), moves.type_("bronze")
COLD = moves.COLD


@pytest.fixture(scope="module")
def free(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume on alpha. No test moves it."""
    return resources.Resources(current_cloud).volume(pool=moves.ALPHA)


@pytest.fixture(scope="module")
def server(current_cloud: cloud_.Cloud) -> Any:
    """A server to attach volumes to."""
    return resources.Resources(current_cloud).server()


@pytest.fixture(scope="module")
def held(current_cloud: cloud_.Cloud, server: Any) -> Any:
    """An attached volume on alpha. No test moves it."""
    make = resources.Resources(current_cloud)
    volume = make.volume(pool=moves.ALPHA)
    make.attach(server.id, volume.id)
    return volume


def _attached(
    make: resources.Resources, server: Any, volume_type: str = "bronze"
) -> Any:
    volume = make.volume(volume_type)
    make.attach(server.id, volume.id)
    return volume


def _detach(openstack: shell.Openstack, server: Any, volume: Any) -> None:
    done = openstack("server", "remove", "volume", server.id, volume.id)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("number", [1, 2])
def test_snapshots_are_deleted(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    number: int,
) -> None:
    volume, cinder = make.volume(pool=moves.ALPHA), make.cinder_of("alice")
    made = [cinder.volume_snapshots.create(volume.id) for _ in range(number)]
    resources.until(
        "snapshots",
        lambda: all(
            cinder.volume_snapshots.get(one.id).status == "available"
            for one in made
        ),
    )

    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_BETA)

    untouched.apply_remedy(openstack, said)
    untouched.until_clear(openstack, volume, COLD, TO_BETA)


def test_a_server_keeps_the_volume_or_lets_it_go(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    volume = _attached(make, server)

    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_GOLD)

    assert "use --migration-type swap, or openstack server" in said
    swap = "--migration-type=swap"
    assert untouched.blockers(openstack, volume, swap, TO_GOLD) == []
    untouched.apply_remedy(openstack, said)
    untouched.until_clear(openstack, volume, COLD, TO_GOLD)


def test_both_servers_let_the_volume_go(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    volume, other = _attached(make, server, "multi"), make.server()
    make.nova.volumes.create_server_volume(other.id, volume.id)
    resources.until(
        "two attachments",
        lambda: len(make.seen(volume.id).attachments) == 2,
    )

    live = untouched.refused(cloud, openstack, "run", volume.id, TO_GOLD)
    cold = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_GOLD)

    assert "detach it from all servers but one" in live
    first, second = untouched.remedies(cold)
    untouched.run(openstack, first)
    one_left = resources.until(
        "one attachment",
        lambda: (
            len(make.seen(volume.id).attachments) == 1
            and untouched.blockers(openstack, volume, TO_GOLD)
        ),
    )
    # The type's own limit: "detach it and use --migration-type cold".
    assert ["multiattach" in detail for detail in one_left] == [True]
    assert "detach it and use --migration-type cold" in one_left[0]
    untouched.run(openstack, second)
    untouched.until_clear(openstack, volume, COLD, TO_GOLD)


def test_a_larger_encrypted_volume_takes_the_data(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
) -> None:
    volume = _attached(make, server)
    to = moves.type_("luks-gold")
    _detach(openstack, server, volume)
    untouched.until_clear(openstack, volume, COLD, to)
    done = openstack.migrate("check", volume.id, COLD, to, "-f=json")
    (row,) = [r for r in done.json if r["Check"] == "Encryption"]

    assert row["Result"] == "warning"
    assert "becomes encrypted with LUKS" in row["Detail"]
    (remedy,) = untouched.remedies(row["Detail"])
    assert remedy.startswith("have a user of its project create a larger one")
    alice = shell.Openstack(cloud.environment("alice"))
    command = f"{untouched.commands(remedy)[0]} -f json"
    (created,) = untouched.run(alice, command)
    new = make.seen(created.json["id"])
    assert (new.size, new.volume_type) == (2, "luks-gold")
    # Both are on one server, where a guest can copy.
    for one in (volume, new):
        make.attach(server.id, one.id)
    assert {volume.id, new.id} <= make.server_volumes(server.id).keys()


@pytest.mark.parametrize("volume_type", ["luks", "bronze"])
def test_luks_moves_detached(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
    volume_type: str,
) -> None:
    volume = _attached(make, server, volume_type)
    to = moves.type_("gold" if volume_type == "luks" else "luks-gold")

    said = untouched.refused(cloud, openstack, "run", volume.id, to)

    assert "detach the volume and use --migration-type cold" in said
    _detach(openstack, server, volume)
    untouched.until_clear(openstack, volume, COLD, to)


def test_qos_of_the_hypervisor_changes_detached(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    server: Any,
    new_type: Any,
) -> None:
    wanted = new_type({"volume_backend_name": "gold"})
    specs = {"consumer": "front-end", "total_iops_sec": "100"}
    qos = make.cinder.qos_specs.create(make.name("qos"), specs)
    make.cinder.qos_specs.associate(qos, wanted.id)
    volume, to = _attached(make, server), moves.type_(wanted.name)
    try:
        said = untouched.refused(cloud, openstack, "run", volume.id, to)

        assert "detach the volume and use --migration-type cold" in said
        _detach(openstack, server, volume)
        untouched.until_clear(openstack, volume, COLD, to)
    finally:
        make.cinder.qos_specs.disassociate(qos, wanted.id)


def test_a_volume_grows_to_what_its_type_wants(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    new_type: Any,
) -> None:
    volume = make.volume()
    least = new_type({"provisioning:min_vol_size": "2"})
    most = new_type({"provisioning:max_vol_size": "1"})
    to = moves.type_(least.name)

    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, to)

    assert "(remedy: extend the volume, or choose another type)" in said
    grown = openstack("volume", "set", "--size", "2", volume.id)
    assert grown.exit_code == 0, grown.stderr
    untouched.until_clear(openstack, volume, COLD, to)
    (too_large,) = untouched.blockers(
        openstack, volume, COLD, moves.type_(most.name)
    )
    assert "(remedy: choose another type)" in too_large


def test_replication_ends_with_the_type_that_asks_for_it(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    # A driver that replicates sets the status as it makes the volume.
    replicated = make.cinder.volume_types.create(make.name("replicated"))
    replicated.set_keys({"replication_enabled": "<is> True"})
    set_faults(
        "alpha",
        capabilities={"replication_enabled": True},
        retype="in-place",
    )
    volume = make.volume(replicated.name, pool=moves.ALPHA)
    cloud.database("cinder").execute(
        "UPDATE volumes SET replication_status = 'enabled' WHERE id = ?",
        volume.id,
    )

    said = untouched.refused(cloud, openstack, "run", volume.id, COLD, TO_BETA)

    assert "the volume is replicated (enabled)" in said
    (remedy,) = (r for r in untouched.remedies(said) if "replication" in r)
    untouched.run(
        openstack, remedy.replace("<a type without replication>", "silver")
    )
    untouched.until_clear(openstack, volume, COLD, TO_BETA)
    make.cinder.volume_types.delete(replicated)


def test_a_backend_comes_up(
    openstack: shell.Openstack, set_faults: conftest.SetFaults, free: Any
) -> None:
    set_faults("beta", capabilities={"backend_state": "down"})

    (said,) = resources.until(
        "the scheduler knows",
        lambda: untouched.blockers(openstack, free, COLD, TO_BETA),
    )

    assert "its driver says that the backend of cloud@beta#pool" in said
    assert "see the log of cinder-volume there" in said
    set_faults("beta", capabilities={"backend_state": "up"})
    untouched.until_clear(openstack, free, COLD, TO_BETA)


@pytest.mark.parametrize(
    ("owners", "switches", "to", "says"),
    [
        (["beta"], {"down": True}, TO_BETA, "bring it up; see 'openstack"),
        (["alpha"], {"down": True}, TO_BETA, "bring it up; see 'openstack"),
        (
            ["beta"],
            {"total_capacity_gb": 0.01},
            TO_BETA,
            "free capacity there, or choose another pool",
        ),
        (
            ["gamma", "delta"],
            {"total_capacity_gb": 0.01},
            TO_GOLD,
            "free capacity in one of them",
        ),
        (
            ["gamma", "delta"],
            {"down": True},
            TO_GOLD,
            "openstack volume backend pool list --long; openstack volume",
        ),
    ],
    ids=["pool down", "source down", "full", "all full", "all down"],
)
def test_services_come_up_and_room_is_made(
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    free: Any,
    owners: list[str],
    switches: dict[str, Any],
    to: str,
    says: str,
) -> None:
    for owner in owners:
        set_faults(owner, **switches)

    said = resources.until(
        "the scheduler knows",
        lambda: untouched.blockers(openstack, free, COLD, to),
    )[0]

    assert f"(remedy: {says}" in said
    for command in untouched.commands(untouched.remedies(said)[-1]):
        # They show what is wrong.
        untouched.run(openstack, command)
    set_faults.clear()
    untouched.until_clear(openstack, free, COLD, to)


def test_nova_compute_comes_up(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    held: Any,
) -> None:
    (service,) = make.nova.services.list(binary="nova-compute")
    make.nova.services.force_down(service.id, True)
    try:
        said = untouched.refused(cloud, openstack, "run", held.id, TO_GOLD)
        (listed,) = untouched.run(openstack, untouched.remedies(said)[-1])
    finally:
        make.nova.services.force_down(service.id, False)

    assert f"nova-compute on {service.host} is down" in said
    assert service.host in listed.stdout
    untouched.until_clear(openstack, held, TO_GOLD)


@pytest.mark.parametrize(
    "status",
    [
        "error",
        "reserved",
        "awaiting-transfer",
        "backing-up",
        "downloading",
        "uploading",
        "extending",
        "restoring-backup",
        "in-use",
    ],
)
def test_a_status_ends(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    free: Any,
    status: str,
) -> None:
    cloud.database("cinder").execute(
        "UPDATE volumes SET status = ? WHERE id = ?", status, free.id
    )
    try:
        said = untouched.refused(
            cloud, openstack, "run", free.id, COLD, TO_BETA
        )
        (remedy,) = untouched.remedies(said)
        for command in untouched.commands(remedy):
            untouched.run(openstack, command)
    finally:
        make.cinder.volumes.reset_state(free.id, "available")

    assert f"the volume is {status}, not available" in said
    assert untouched.blockers(openstack, free, COLD, TO_BETA) == []


def test_what_a_cell_and_a_region_without_nova_say_is_looked_up(
    cloud: cloud_.Cloud, openstack: shell.Openstack, held: Any, server: Any
) -> None:
    with cloud.cells.down(server.id):
        found = untouched.blockers(openstack, held, COLD, TO_BETA)
        (cell,) = (d for d in found if "bring the cell's database" in d)
        untouched.run(openstack, untouched.remedies(cell)[-1])
    with cloud.catalogue.without("compute", ("public",)):
        (region,) = untouched.blockers(openstack, held, COLD, TO_BETA)
        assert "use a region and credentials with which Nova" in region
        untouched.run(openstack, untouched.remedies(region)[-1])
    assert untouched.blockers(openstack, held, TO_BETA, TO_BRONZE) == []


def test_an_image_s_cached_copy_is_deleted(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    name = "image-8b3c0c9d-5a25-44f0-9a3c-0e1a5b7f6d21"
    volume = make.volume(name=name, pool=moves.ALPHA)

    done = openstack.migrate("check", volume.id, COLD, TO_BETA)

    assert "delete it instead" in " ".join(done.stdout.split())
    deleted = openstack("volume", "delete", volume.id)
    assert deleted.exit_code == 0, deleted.stderr
    resources.until("gone", lambda: make.is_gone(volume.id))
