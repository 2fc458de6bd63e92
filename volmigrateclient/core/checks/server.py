# SPDX-License-Identifier: Apache-2.0

"""Checks of the server that a volume is attached to."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, wording
from volmigrateclient.core.model.check import Check

#: vm_state from which the spec allows a swap; Nova's own list.
SWAPPABLE = ("active", "paused", "resized")

_BROUGHT_BACK_BY = {
    "stopped": "openstack server start",
    "suspended": "openstack server resume",
    "rescued": "openstack server unrescue",
    "shelved": "openstack server unshelve",
    "shelved_offloaded": "openstack server unshelve",
    "soft-delete": "openstack server restore",
}


def state(case: Case) -> Iterator[Check]:
    """The server is in a state in which Nova swaps."""
    for server in case.survey.servers:
        name = "Server state"
        label = _label(server)
        if server.vm_state is None:
            yield Check.blocked(
                name,
                check.SWAP_STATE,
                f"Nova does not tell the state of {label}: its cell is down",
                "bring the cell's database and message queue back; see "
                "'nova-manage cell_v2 list_cells'",
            )
            continue
        if server.vm_state not in SWAPPABLE:
            back = _BROUGHT_BACK_BY.get(server.vm_state)
            yield Check.blocked(
                name,
                check.SWAP_STATE,
                f"{label} is {server.vm_state} ({server.status}), none of "
                f"{', '.join(SWAPPABLE)}",
                f"{back} {server.id}"
                if back
                else f"see what is wrong: openstack server show {server.id}",
            )
        elif server.power_state not in model.POWERED:
            # Nova would accept and libvirt then fail: no QEMU, no mirror.
            yield Check.blocked(
                name,
                check.SWAP_STATE,
                f"{label} is {server.vm_state}, but its guest is not powered "
                f"on (power_state {server.power_state})",
                # "server start" is for those that Nova knows to be stopped.
                f"openstack server resize confirm {server.id}"
                if server.vm_state == "resized"
                else f"openstack server reboot --hard {server.id}",
            )
        elif server.vm_state == "resized":
            yield Check.warning(
                name,
                f"{label} has a resize to confirm; after the swap it cannot "
                "be reverted to the volume's old place",
                f"openstack server resize confirm {server.id}",
            )
        else:
            yield Check.ok(name, f"{label} is {server.vm_state}")
        if server.task_state is not None:
            yield Check.blocked(
                "Server task",
                check.SWAP_STATE,
                f"{label} is busy: {server.task_state}",
                "wait until it ended",
            )


def unlocked(case: Case) -> Iterator[Check]:
    """Nobody asked that the server be left alone."""
    for server in case.survey.servers:
        if server.locked is None:
            if server.state_known:
                yield Check.unknown(
                    "Server lock",
                    "Nova before 2.9 (Mitaka) does not tell whether "
                    f"{_label(server)} is locked",
                )
        elif server.locked:
            yield Check.blocked(
                "Server lock",
                check.SWAP_STATE,
                f"{_label(server)} is locked",
                f"openstack server unlock {server.id}",
            )
        else:
            yield Check.ok("Server lock", "not locked")


def compute_service(case: Case) -> Iterator[Check]:
    """The server's nova-compute is there to do the work."""
    name, services = "Compute service", case.survey.compute_services
    if services is None:
        yield Check.unknown(name, "Nova does not show its services")
        return
    for server in case.survey.servers:
        if server.host is None:
            continue  # shelved: no nova-compute has it
        service = next((s for s in services if s.host == server.host), None)
        if service is None or not service.up:
            yield Check.unreachable(
                name,
                check.SWAP_STATE,
                f"nova-compute on {server.host} is down",
                "bring it up; see 'openstack compute service list'",
            )
        else:
            yield Check.ok(name, f"{server.host} is up")


def vtpm(case: Case) -> Iterator[Check]:
    """A vTPM may be wiped by a swap (services.rst, services-vtpm)."""
    for server in case.survey.servers:
        if server.tpm is None:
            if server.state_known:
                yield Check.unknown(
                    "vTPM",
                    "Nova does not show the extra specs of "
                    f"{_label(server)}'s flavor, as it does from 2.47 (Pike) "
                    "on, and so not whether it has a vTPM",
                )
        elif server.tpm:
            yield Check.warning(
                "vTPM",
                f"{_label(server)} has a vTPM; Nova before 31.3.0, 32.2.0 "
                "and 33.0.0 loses it in a swap, and so does any Nova with a "
                "libvirt before 8.9.0",
                "make sure that nova-compute has one of these releases or "
                "later, and libvirt 8.9.0 or later",
            )


def _label(server: model.Server) -> str:
    if server.name is None:
        return f"server {server.id}"
    return f"server {wording.quoted(server.name)} ({server.id})"
