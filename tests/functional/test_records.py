# SPDX-License-Identifier: Apache-2.0
"""Cinder and Nova disagree about who has a volume: no move starts.

Each state is made real, refused by ``check``, ``plan`` and ``run`` alike with
nothing changed, and cleared by the very command that they print; then the
volume moves, and every byte arrives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import moves, resources, shell, untouched

COLD = "Invalid state for cold migration: "
SWAP = "Invalid state for swapping volume: "
TO_BETA = moves.node(moves.BETA)


@dataclasses.dataclass
class Stale:
    """A volume on alpha, with what the services' records are made of."""

    make: resources.Resources
    volume: Any
    digest: str
    server: Any = None
    attachment_id: str = ""

    @property
    def label(self) -> str:
        return f"server '{self.server.name}' ({self.server.id})"

    @classmethod
    def attached(cls, make: resources.Resources) -> Stale:
        volume = make.volume(pool=moves.ALPHA)
        server = make.server(volume)
        (attachment,) = make.seen(volume.id).attachments
        return cls(
            make,
            volume,
            make.cloud.digest(volume.id),
            server,
            attachment["attachment_id"],
        )

    @classmethod
    def detached(cls, make: resources.Resources) -> Stale:
        volume = make.volume(pool=moves.ALPHA)
        return cls(make, volume, make.cloud.digest(volume.id))

    @property
    def records(self) -> Any:
        return self.make.cloud.stale_records


def cinder_forgot(make: resources.Resources) -> Stale:
    one = Stale.attached(make)
    one.records.cinder_forgets(one.volume.id)
    return one


def nova_forgot(make: resources.Resources) -> Stale:
    one = Stale.attached(make)
    one.records.nova_forgets(one.volume.id)
    return one


def server_deleted(make: resources.Resources) -> Stale:
    one = Stale.attached(make)
    one.records.delete_server(one.server.id)
    return one


def shelved_server_deleted(make: resources.Resources) -> Stale:
    one = Stale.attached(make)
    make.nova.servers.shelve(one.server.id)
    make.until_server(one.server.id, "SHELVED_OFFLOADED")
    (row,) = make.cloud.database("cinder").rows(
        "SELECT id FROM volume_attachment WHERE volume_id = ? AND deleted = 0",
        one.volume.id,
    )
    one.attachment_id = row["id"]
    one.records.delete_server(one.server.id)
    return one


def reserved_for_nobody(make: resources.Resources) -> Stale:
    one = Stale.detached(make)
    one.attachment_id = one.records.reserve(one.volume.id)
    return one


def cinder_alone_attached(make: resources.Resources) -> Stale:
    one = Stale.detached(make)
    one.server = make.server()
    one.attachment_id = one.records.attach_to_server(
        one.volume.id, one.server.id
    )
    return one


def attached_to_a_host(make: resources.Resources) -> Stale:
    one = Stale.detached(make)
    one.attachment_id = one.records.attach_to_host(one.volume.id, "metal-7")
    return one


def of_another_server(make: resources.Resources) -> Stale:
    """Cinder names one server, Nova another."""
    one = Stale.attached(make)
    other = make.server()
    make.cloud.database("nova").execute(
        "UPDATE block_device_mapping SET instance_uuid = ?"
        " WHERE volume_id = ? AND deleted = 0",
        other.id,
        one.volume.id,
    )
    one.server = other
    return one


@dataclasses.dataclass(frozen=True)
class Case:
    """A state, and what is said of it."""

    state: Callable[[resources.Resources], Stale]
    says: str


CASES = [
    Case(
        cinder_forgot,
        "Nova has the volume attached to {one.label}, but Cinder has no "
        "attachment for it",
    ),
    Case(
        nova_forgot,
        "Cinder has attachment {one.attachment_id} (attached) of {one.label}, "
        "but Nova says that the server does not have the volume",
    ),
    Case(
        server_deleted,
        "Cinder has attachment {one.attachment_id} (attached) of server "
        "{one.server.id}, but Nova knows no such server",
    ),
    Case(
        shelved_server_deleted,
        "Cinder has attachment {one.attachment_id} (reserved) of server "
        "{one.server.id}, but Nova knows no such server",
    ),
    Case(
        reserved_for_nobody,
        "Cinder has attachment {one.attachment_id} (reserved) of server ",
    ),
    Case(
        cinder_alone_attached,
        "Cinder has attachment {one.attachment_id} (attached) of {one.label}, "
        "but Nova says that the server does not have the volume",
    ),
    Case(
        attached_to_a_host,
        "Cinder has attachment {one.attachment_id} (attached) of host "
        "'metal-7', not of a server",
    ),
    Case(
        of_another_server,
        "Nova has the volume attached to {one.label}, but Cinder has no "
        "attachment for it",
    ),
]


def blockers(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    *words: str,
) -> list[str]:
    """What blocks a move, by check, which changes nothing."""
    with untouched.untouched(cloud):
        done = openstack.migrate("check", volume.id, *words, "-f=json")
    found = [r["Detail"] for r in done.json if r["Result"] == "blocked"]
    assert done.exit_code == bool(found), done.stderr
    return found


def planned(openstack: shell.Openstack, volume: Any) -> dict[str, Any]:
    done = openstack.migrate(
        "plan", f"--name={volume.name}", TO_BETA, "-f=json"
    )
    (row,) = done.json
    return row | {"Reasons": "; ".join(row["Reasons"])}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.state.__name__)
def test_no_move_starts_before_both_agree(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    case: Case,
) -> None:
    one = case.state(make)
    volume, says = one.volume, case.says.format(one=one)

    cold = blockers(cloud, openstack, volume, moves.COLD, TO_BETA)
    live = blockers(cloud, openstack, volume, moves.type_("bronze"), TO_BETA)
    assert any(d.startswith(COLD) and says in d for d in cold), cold
    assert any(d.startswith(SWAP) and says in d for d in live), live
    row = planned(openstack, volume)
    assert row["Verdict"] == "blocked"
    assert says in row["Reasons"]
    said = untouched.refused(
        cloud, openstack, "run", volume.id, moves.COLD, TO_BETA
    )
    assert says in said
    assert make.cloud.digest(volume.id) == one.digest

    # The remedies, in turn, until nothing blocks any more.
    for _ in range(3):
        if not (
            cold := blockers(cloud, openstack, volume, moves.COLD, TO_BETA)
        ):
            break
        untouched.apply_remedy(openstack, cold[0])
        resources.until(
            "a record less",
            lambda: (
                blockers(cloud, openstack, volume, moves.COLD, TO_BETA) != cold
            ),
        )
    done = moves.run(openstack, volume, moves.COLD, TO_BETA)
    assert (done.exit_code, make.host(volume.id)) == (0, moves.BETA), done
    assert make.cloud.digest(volume.id) == one.digest


@pytest.mark.parametrize("answer", [500, 503])
@pytest.mark.parametrize(
    ("state", "path"),
    [
        pytest.param(Stale.attached, "/servers/detail$", id="attached"),
        pytest.param(Stale.detached, "/servers/detail$", id="detached"),
        # Of a server that it knows, it would be the same answer.
        pytest.param(server_deleted, "/servers/[0-9a-f-]{36}$", id="gone"),
    ],
)
def test_a_nova_that_answers_with_an_error_says_nothing(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    state: Callable[[resources.Resources], Stale],
    path: str,
    answer: int,
) -> None:
    one = state(make)
    volume, to = one.volume, (moves.COLD, TO_BETA)
    before = openstack.migrate("check", volume.id, *to).exit_code

    with cloud.fault_proxy.fault(
        service="compute", method="GET", path=path, answer=answer, every=True
    ) as rule:
        for words in (
            ("check", volume.id, *to),
            ("check", volume.id, moves.type_("bronze"), TO_BETA),
            ("run", volume.id, *to),
            ("plan", f"--name={volume.name}", TO_BETA),
        ):
            hits = rule.hits
            said = untouched.refused(cloud, openstack, *words)
            assert said == f"Nova answered {answer}: injected fault", words
            assert rule.hits > hits

    # It was no verdict: that is as it was.
    assert openstack.migrate("check", volume.id, *to).exit_code == before
    assert make.host(volume.id) == moves.ALPHA
    assert cloud.digest(volume.id) == one.digest


def test_a_server_of_a_cell_that_is_down(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, free = Stale.attached(make), Stale.detached(make)
    with cloud.cells.down(attached.server.id):
        row = planned(openstack, attached.volume)
        assert row["Verdict"] == "blocked"
        assert (
            "it is not known whether the server has the volume"
            in (row["Reasons"])
        )
        (detail,) = [
            d
            for d in blockers(
                cloud, openstack, attached.volume, moves.COLD, TO_BETA
            )
            if "Nova does not answer for its cell" in d
        ]
        assert detail.startswith(COLD)
        # Others are not held up, but it is said who was not asked.
        assert planned(openstack, free.volume)["Verdict"] == "ready"
        words = (free.volume.id, moves.COLD, TO_BETA, "-f=json")
        checked = openstack.migrate("check", *words)
        assert checked.exit_code == 0, checked.stderr
        (row,) = [row for row in checked.json if row["Check"] == "Nova"]
        assert row["Result"] == "unknown"
        assert "known from Cinder alone" in row["Detail"]
        # Nor does the list of all servers end it.
        recovering = openstack.migrate("recover", "--servers", "-f=json")
        assert recovering.stdout, recovering.stderr
        (row,) = (
            row
            for row in recovering.json
            if row["Source"] == attached.server.id
        )
        assert row["State"].startswith("not known: Nova does not answer")
    assert planned(openstack, attached.volume)["Verdict"] == "ready"


def test_one_of_two_attachments_is_stale(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    one = Stale.attached(make)
    stale = one.records.add_attachment(one.volume.id)
    words = moves.type_("bronze"), TO_BETA

    (detail,) = blockers(cloud, openstack, one.volume, *words)

    assert f"Cinder has attachment {stale} (attached) of server" in detail
    untouched.apply_remedy(openstack, detail)
    assert blockers(cloud, openstack, one.volume, *words) == []


@pytest.mark.parametrize("status", ["available", "error", "maintenance"])
def test_a_status_that_was_reset_alone(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    status: str,
) -> None:
    one = Stale.attached(make)
    make.cinder.volumes.reset_state(one.volume.id, status)
    words = moves.type_("bronze"), TO_BETA

    (detail,) = blockers(cloud, openstack, one.volume, *words)

    assert f"the volume is {status}, although it is attached" in detail
    untouched.apply_remedy(openstack, detail)
    assert blockers(cloud, openstack, one.volume, *words) == []


def test_a_cloud_without_nova_moves_what_is_detached(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    attached, free = Stale.attached(make), Stale.detached(make)
    with cloud.catalogue.without("compute"):
        done = openstack.migrate(
            "check", free.volume.id, moves.COLD, TO_BETA, "-f=json"
        )
        assert done.exit_code == 0, done.stderr
        (nova,) = [r for r in done.json if r["Check"] == "Nova"]
        assert nova["Result"] == "unknown"
        assert "nobody was asked who has the volume" in nova["Detail"]
        both = openstack.migrate(
            "plan",
            *(f"--name={one.volume.name}" for one in (attached, free)),
            *(TO_BETA, "-f=json"),
        )
        rows = {row["ID"]: row for row in both.json}
        assert rows[free.volume.id]["Verdict"] == "ready"
        row = rows[attached.volume.id]
        assert row["Verdict"] == "blocked"
        assert "there is no Nova to ask" in "".join(row["Reasons"])
        assert both.stderr.count("Nova cannot be asked") == 1
        moved = moves.run(openstack, free.volume, moves.COLD, TO_BETA)
        assert moved.exit_code == 0, moved.stderr
    assert make.host(free.volume.id) == moves.BETA
