# SPDX-License-Identifier: Apache-2.0
"""Servers whose volumes can be swapped, and those that have to be helped."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, resources, shell, untouched

SWAP = "Invalid state for swapping volume: "
TO_GOLD = "--destination-type=gold"


@dataclasses.dataclass(frozen=True)
class AttachedVolume:
    """A server and a volume attached to it; every test restores them."""

    make: resources.Resources
    server: Any
    volume: Any

    @property
    def label(self) -> str:
        return f"server '{self.server.name}' ({self.server.id})"

    def until(self, status: str) -> None:
        self.make.until_server(self.server.id, status)

    def until_attached(self) -> None:
        resources.until(
            "volume attached",
            lambda: self.make.seen(self.volume.id).attachments,
        )


@pytest.fixture(scope="module")
def attached(current_cloud: cloud_.Cloud) -> AttachedVolume:
    make = resources.Resources(current_cloud)
    volume = make.volume()
    return AttachedVolume(make, make.server(volume), volume)


def checked(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume_id: str
) -> tuple[int, dict[str, str]]:
    """The exit code, and what is not simply ok, by result."""
    with untouched.untouched(cloud):
        done = openstack.migrate("check", volume_id, TO_GOLD, "-f=json")
    assert done.stderr == ""
    rows = [row for row in done.json if row["Result"] != "ok"]
    return done.exit_code, {row["Result"]: row["Detail"] for row in rows}


def test_active_and_paused_servers_are_accepted(
    cloud: cloud_.Cloud, openstack: shell.Openstack, attached: AttachedVolume
) -> None:
    assert checked(cloud, openstack, attached.volume.id) == (0, {})

    attached.make.nova.servers.pause(attached.server.id)
    attached.until("PAUSED")
    assert checked(cloud, openstack, attached.volume.id) == (0, {})

    attached.make.nova.servers.unpause(attached.server.id)
    attached.until("ACTIVE")


#: What is done to the server, the status it then has, and what is said.
STATES: dict[str, tuple[Callable[[Any, str], Any], str, str]] = {
    "stopped": (
        lambda servers, one: servers.stop(one),
        "SHUTOFF",
        (
            "{label} is stopped (SHUTOFF), none of active, paused, resized "
            "(remedy: openstack server start {id})"
        ),
    ),
    "suspended": (
        lambda servers, one: servers.suspend(one),
        "SUSPENDED",
        (
            "{label} is suspended (SUSPENDED), none of active, paused, "
            "resized (remedy: openstack server resume {id})"
        ),
    ),
    "locked": (
        lambda servers, one: servers.lock(one),
        "ACTIVE",
        "{label} is locked (remedy: openstack server unlock {id})",
    ),
    "shelved and offloaded": (
        lambda servers, one: servers.shelve(one),
        "SHELVED_OFFLOADED",
        (
            "the volume is not attached, but reserved for {label} "
            "(remedy: wait until the server has it again; a shelved one "
            "needs: openstack server unshelve {id}); {label} is "
            "shelved_offloaded "
            "(SHELVED_OFFLOADED), none of active, paused, resized (remedy: "
            "openstack server unshelve {id})"
        ),
    ),
}


@pytest.mark.parametrize(
    ("do", "status", "reasons"), STATES.values(), ids=STATES
)
def test_other_states_are_refused_until_the_remedy(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    attached: AttachedVolume,
    do: Callable[[Any, str], Any],
    status: str,
    reasons: str,
) -> None:
    do(attached.make.nova.servers, attached.server.id)
    attached.until(status)

    said = untouched.refused(
        cloud, openstack, "run", attached.volume.id, TO_GOLD
    )

    assert said == SWAP + reasons.format(
        label=attached.label, id=attached.server.id
    )
    untouched.apply_remedy(openstack, said)
    attached.until("ACTIVE")
    attached.until_attached()
    assert checked(cloud, openstack, attached.volume.id) == (0, {})


def test_a_reserved_volume_cannot_go_cold_either(
    cloud: cloud_.Cloud, openstack: shell.Openstack, attached: AttachedVolume
) -> None:
    attached.make.nova.servers.shelve(attached.server.id)
    attached.until("SHELVED_OFFLOADED")

    said = untouched.refused(
        cloud,
        openstack,
        "run",
        attached.volume.id,
        "--migration-type=cold",
        TO_GOLD,
    )

    assert said == (
        "Invalid state for cold migration: the volume is not attached, but "
        f"reserved for {attached.label} (remedy: openstack server "
        f"remove volume {attached.server.id} {attached.volume.id})"
    )
    untouched.apply_remedy(openstack, said)
    resources.until(
        "volume available",
        lambda: attached.make.seen(attached.volume.id).status == "available",
    )
    attached.make.nova.servers.unshelve(attached.server.id)
    attached.until("ACTIVE")
    attached.make.attach(attached.server.id, attached.volume.id)


# Nova has no way there for a server that boots from a volume: it goes
# straight to shelved_offloaded; and none into an error on demand.
@pytest.mark.parametrize(
    ("vm_state", "power_state", "reason"),
    [
        (
            "shelved",
            4,
            (
                "{label} is shelved (SHELVED), none of active, paused, "
                "resized (remedy: openstack server unshelve {id})"
            ),
        ),
        (
            "rescued",
            1,
            (
                "{label} is rescued (RESCUE), none of active, paused, "
                "resized (remedy: openstack server unrescue {id})"
            ),
        ),
        (
            "error",
            1,
            (
                "{label} is error (ERROR), none of active, paused, resized "
                "(remedy: see what is wrong: openstack server show {id})"
            ),
        ),
        (
            "active",
            4,
            (
                "{label} is active, but its guest is not powered on "
                "(power_state 4) (remedy: openstack server reboot --hard {id})"
            ),
        ),
    ],
)
def test_states_that_only_the_database_shows(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    attached: AttachedVolume,
    vm_state: str,
    power_state: int,
    reason: str,
) -> None:
    _write_state(cloud, attached.server.id, vm_state, power_state)
    try:
        said = untouched.refused(
            cloud, openstack, "run", attached.volume.id, TO_GOLD
        )
        untouched.apply_remedy(openstack, said)
        # A server in error is only to be looked at.
        if vm_state != "error":
            attached.until("ACTIVE")
            resources.until(
                "nothing that blocks",
                lambda: not checked(cloud, openstack, attached.volume.id)[0],
            )
    finally:
        _write_state(cloud, attached.server.id, "active", 1)

    assert said == SWAP + reason.format(
        label=attached.label, id=attached.server.id
    )


def _write_state(
    cloud: cloud_.Cloud, server_id: str, vm_state: str, power_state: int
) -> None:
    with contextlib.closing(
        sqlite3.connect(cloud.directory / "nova.db", timeout=60)
    ) as database:
        changed = database.execute(
            "UPDATE instances SET vm_state = ?, power_state = ?"
            " WHERE uuid = ?",
            (vm_state, power_state, server_id),
        )
        database.commit()
        assert changed.rowcount == 1


def test_a_resize_is_waited_for_and_warned_of(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    attached: AttachedVolume,
) -> None:
    servers = attached.make.nova.servers
    set_faults("nova", connector="hang")
    servers.resize(
        attached.server.id,
        next(
            f.id
            for f in attached.make.nova.flavors.list()
            if f.name == "small"
        ),
    )
    resources.until(
        "resize that does not end",
        lambda: (
            getattr(servers.get(attached.server.id), "OS-EXT-STS:task_state")
            == "resize_finish"
        ),
    )

    said = untouched.refused(
        cloud, openstack, "run", attached.volume.id, TO_GOLD
    )

    assert f"reserved for {attached.label} (remedy: wait" in said
    assert f"{attached.label} is busy: resize_finish (remedy: wait" in said
    set_faults.clear()
    attached.until("VERIFY_RESIZE")
    attached.until_attached()
    exit_code, rest = checked(cloud, openstack, attached.volume.id)
    assert (exit_code, list(rest)) == (0, ["warning"])
    assert f"{attached.label} has a resize to confirm" in rest["warning"]
    untouched.apply_remedy(openstack, rest["warning"])
    attached.until("ACTIVE")
    assert checked(cloud, openstack, attached.volume.id) == (0, {})


def test_a_resized_server_without_power_is_confirmed_and_started(
    cloud: cloud_.Cloud, openstack: shell.Openstack, attached: AttachedVolume
) -> None:
    servers, server_id = attached.make.nova.servers, attached.server.id
    flavors = {f.name: f.id for f in attached.make.nova.flavors.list()}
    now = servers.get(server_id).flavor["original_name"]
    servers.stop(server_id)
    attached.until("SHUTOFF")
    servers.resize(server_id, flavors["tiny" if now == "small" else "small"])
    attached.until("VERIFY_RESIZE")
    attached.until_attached()

    said = untouched.refused(
        cloud, openstack, "run", attached.volume.id, TO_GOLD
    )

    assert said == SWAP + (
        f"{attached.label} is resized, but its guest is not powered on "
        "(power_state 4) (remedy: openstack server resize confirm "
        f"{server_id})"
    )
    untouched.apply_remedy(openstack, said)
    attached.until("SHUTOFF")
    # As stopped as it was before: what that needs is named now.
    said = untouched.refused(
        cloud, openstack, "run", attached.volume.id, TO_GOLD
    )
    assert said.endswith(f"(remedy: openstack server start {server_id})")
    untouched.apply_remedy(openstack, said)
    attached.until("ACTIVE")
    assert checked(cloud, openstack, attached.volume.id) == (0, {})


def test_every_attachment_is_named(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    make: resources.Resources,
    attached: AttachedVolume,
) -> None:
    shared = make.volume("multi")
    make.attach(attached.server.id, shared.id)
    other = make.server()
    make.nova.volumes.create_server_volume(other.id, shared.id)
    resources.until(
        "two attachments",
        lambda: len(make.seen(shared.id).attachments) == 2,
    )
    ids = [a["server_id"] for a in make.seen(shared.id).attachments]
    names = {one.id: one.name for one in (attached.server, other)}
    labels = [f"server '{names[one]}' ({one})" for one in ids]

    live = untouched.refused(cloud, openstack, "run", shared.id, TO_GOLD)
    cold = untouched.refused(
        cloud, openstack, "run", shared.id, "--migration-type=cold", TO_GOLD
    )

    assert live == (
        SWAP
        + f"the volume has 2 attachments ({', '.join(labels)}); Nova swaps "
        "only where there is one (remedy: detach it from all servers but "
        "one); type gold changes multiattach, which only a detached volume "
        "can (remedy: detach it and use --migration-type cold)"
    )
    assert cold == "Invalid state for cold migration: " + "; ".join(
        f"the volume is attached to {label} (remedy: use "
        "--migration-type swap, or openstack server remove volume "
        f"{one} {shared.id})"
        for one, label in zip(ids, labels, strict=True)
    )


def test_luks_is_refused_in_both_directions(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    make: resources.Resources,
    attached: AttachedVolume,
) -> None:
    secret = make.volume("luks")
    make.attach(attached.server.id, secret.id)
    from_luks = (
        "the volume's type is encrypted with LUKS, which Nova cannot swap "
        "(remedy: detach the volume and use --migration-type cold)"
    )
    to_luks = from_luks.replace("the volume's", "the destination")

    for volume, wanted, reasons in (
        (secret, "gold", from_luks),
        (attached.volume, "luks-gold", to_luks),
        (secret, "luks-gold", f"{from_luks}; {to_luks}"),
    ):
        said = untouched.refused(
            cloud, openstack, "run", volume.id, f"--destination-type={wanted}"
        )
        assert said == SWAP + reasons
