# SPDX-License-Identifier: Apache-2.0
"""``recover`` has Cinder attach a volume again whose attachment it lost."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import (
    conftest,
    dead_ends,
    killable,
    losing,
    moves,
    resources,
    shell,
    untouched,
)

#: The requests of the repair, in their order, and what each one leaves.
_STEPS = {
    "reset": ("/action$", "os-reset_status", "downloading"),
    "create": ("/attachments$", "instance_uuid", "reserved"),
    "complete": ("/attachments/[^/]+/action$", "os-complete", "in-use"),
}


@pytest.fixture
def lost(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    set_faults: conftest.SetFaults,
) -> Iterator[moves.Attached]:
    """A server runs on it, and Cinder has it attached to nothing."""
    with losing.lost(cloud, make, set_faults) as at:
        yield at


def _cinder_attachments(make: resources.Resources) -> Any:
    """Cinder's attachments, as an admin, past the fault proxy."""
    return make.cloud.access.cinder(microversion="3.54").attachments


def _attachments(make: resources.Resources, volume_id: str) -> list[Any]:
    """All of a volume, reserved ones too."""
    rows: list[Any] = _cinder_attachments(make).list(
        search_opts={"all_tenants": 1, "volume_id": volume_id}
    )
    return rows


def _assert_attached_again(make: resources.Resources, at: Any) -> None:
    """Cinder has it attached once, otherwise than Nova; all else stayed."""
    seen = make.seen(at.volume.id)
    assert seen.status == "in-use"
    (cinder,) = seen.attachments
    assert cinder["server_id"] == at.server.id
    assert [one.id for one in _attachments(make, seen.id)] == [
        cinder["attachment_id"]
    ]
    nova = make.server_volumes(at.server.id)[seen.id]
    assert nova["attachment_id"] != cinder["attachment_id"]
    device = nova["device"]
    assert make.cloud.guest_digest(at.server.id, device) == at.content
    for field in ("name", "description", "metadata", "size", "bootable"):
        assert getattr(seen, field) == getattr(at.volume, field), field


def _assert_command_ends_it(
    make: resources.Resources,
    openstack: shell.Openstack,
    at: moves.Attached,
    said: str,
) -> None:
    """Carry out the command that was printed, word for word."""
    command = said[said.index("openstack volume watcher-migrate run ") :]
    done = openstack(*shlex.split(command)[1:])
    assert done.exit_code == 0, done.stderr
    seen = make.seen(at.volume.id)
    at.assert_moved(make.host(seen.id), seen.volume_type)
    rows = openstack.migrate("recover", "-f=json").json
    assert not [row for row in rows if at.volume.id in row["Source"]]
    make.nova.servers.reboot(at.server.id, "HARD")
    make.until_server(at.server.id, "ACTIVE")
    at.assert_same_guest()


def test_without_approval_it_is_offered_and_nothing_is_changed(
    cloud: cloud_.Cloud, openstack: shell.Openstack, lost: moves.Attached
) -> None:
    with untouched.untouched(cloud):
        code, row = dead_ends.recovered(openstack, lost.volume)

    assert code == 1
    assert row["Kind"] == "lost attachment"
    assert row["Server"] == lost.server.id
    assert row["State"] == (
        f"in-use, attached to nothing; Nova's server {lost.server.id} has it"
    )
    assert row["To Do"].startswith(
        f"have Cinder attach it to server {lost.server.id} again, "
    )
    assert row["Result"] == ""


def test_with_approval_it_is_attached_and_the_next_move_ends_it(
    make: resources.Resources, openstack: shell.Openstack, lost: moves.Attached
) -> None:
    code, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")

    # A human is still needed.
    assert code == 1
    assert row["Result"].startswith("done: do not reboot, stop or ")
    _assert_attached_again(make, lost)
    # It is not done twice, and says the same.
    code, again = dead_ends.recovered(openstack, lost.volume, "--auto-approve")
    assert code == 1
    assert again["State"].startswith("attached by Cinder's attachment ")
    assert again["Result"] == ""
    assert row["Result"] == f"done: {again['To Do']}"
    _assert_attached_again(make, lost)
    _assert_command_ends_it(make, openstack, lost, again["To Do"])


def test_without_a_destination_it_says_so_until_there_is_one(
    make: resources.Resources, openstack: shell.Openstack, lost: moves.Attached
) -> None:
    hosts = [
        service.host
        for service in make.cinder.services.list(binary="cinder-volume")
        if service.status == "enabled"
    ]
    try:
        for host in hosts:
            make.disable(host)
        code, row = dead_ends.recovered(
            openstack, lost.volume, "--auto-approve"
        )
        _, again = dead_ends.recovered(openstack, lost.volume)

        assert code == 1
        assert row["Result"] == f"done: {again['To Do']}"
        assert again["To Do"].startswith("do not reboot, stop or live-migrate")
        assert (
            "no destination was found that the checks let pass: free one (a "
            "pool or a type), and run recover again"
        ) in again["To Do"]
        assert "openstack" not in again["To Do"]
        # One pool, of another type than the volume's.
        make.enable(moves.BETA.partition("#")[0])
        _, freed = dead_ends.recovered(openstack, lost.volume)
        _assert_command_ends_it(make, openstack, lost, freed["To Do"])
    finally:
        for host in hosts:
            make.enable(host)


@pytest.mark.parametrize("step", list(_STEPS))
def test_killed_after_any_step_it_is_found_and_ended(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    lost: moves.Attached,
    step: str,
) -> None:
    path, body, status = _STEPS[step]
    commands: list[killable.Command] = []
    with cloud.fault_proxy.fault(
        service="volume",
        method="POST",
        path=path,
        body_pattern=body,
        call=lambda _: os.kill(commands[0].pid, signal.SIGKILL),
        when="after",
        drop="after",
    ) as rule:
        commands.append(
            killable.Command(
                openstack,
                *("volume", "watcher-migrate", "recover"),
                "--auto-approve",
            )
        )
        assert commands[0].end().exit_code == -signal.SIGKILL
    assert rule.hits == 1
    assert make.seen(lost.volume.id).status == status

    code, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")

    assert code == 1
    said = row["Result"] or row["To Do"]
    _assert_attached_again(make, lost)
    _assert_command_ends_it(make, openstack, lost, said)


def test_answers_that_get_lost_do_no_harm(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    lost: moves.Attached,
) -> None:
    with contextlib.ExitStack() as stack:
        rules = [
            stack.enter_context(
                cloud.fault_proxy.fault(
                    service="volume",
                    method="POST",
                    path=path,
                    body_pattern=body,
                    drop=when,
                )
            )
            for path, body, _ in _STEPS.values()
            for when in ("before", "after")
        ]
        _, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")

    assert all(rule.hits for rule in rules)
    assert row["Result"].startswith("done: "), row
    _assert_attached_again(make, lost)


def test_of_two_attachments_one_stays(
    make: resources.Resources, openstack: shell.Openstack, lost: moves.Attached
) -> None:
    # Two recovers at the same time: Cinder makes one for each.
    make.cinder.volumes.reset_state(lost.volume.id, "downloading")
    for _ in range(2):
        _cinder_attachments(make).create(
            lost.volume.id, None, lost.server.id, "rw"
        )
    assert len(_attachments(make, lost.volume.id)) == 2

    _, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")

    assert row["Result"].startswith("done: "), row
    _assert_attached_again(make, lost)


def test_another_server_that_was_faster_is_told_of(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    lost: moves.Attached,
) -> None:
    other = make.server()
    path, body, _ = _STEPS["create"]

    def attach(_: http_messages.Request) -> None:
        _cinder_attachments(make).create(lost.volume.id, None, other.id, "rw")

    with cloud.fault_proxy.fault(
        service="volume",
        method="POST",
        path=path,
        body_pattern=f"{body}.*{lost.server.id}|{lost.server.id}.*{body}",
        call=attach,
    ) as rule:
        code, row = dead_ends.recovered(
            openstack, lost.volume, "--auto-approve"
        )

    assert rule.hits == 1
    assert code == 1
    assert row["Result"].startswith(
        f"undecided: volume {lost.volume.id} was attached to {other.id} "
        f"meanwhile, while server {lost.server.id} runs on it: "
    )
    # Nothing of the other's is touched.
    (held,) = _attachments(make, lost.volume.id)
    assert held.instance == other.id


_Change = Callable[[cloud_.Cloud, resources.Resources, moves.Attached], None]


def _stop(_: Any, make: resources.Resources, at: moves.Attached) -> None:
    make.nova.servers.stop(at.server.id)
    make.until_server(at.server.id, "SHUTOFF")


def _pause(_: Any, make: resources.Resources, at: moves.Attached) -> None:
    make.nova.servers.pause(at.server.id)
    make.until_server(at.server.id, "PAUSED")


def _keep_old_copy(
    cloud: cloud_.Cloud, make: resources.Resources, at: moves.Attached
) -> None:
    copy = make.volume()
    cloud.database("cinder").execute(
        "UPDATE volumes SET migration_status = 'deleting', status = "
        "'error_deleting', display_description = ? WHERE id = ?",
        f"migration src for {at.volume.id}",
        copy.id,
    )


def _forget_swaps(
    cloud: cloud_.Cloud, make: resources.Resources, at: moves.Attached
) -> None:
    cloud.database("nova").execute(
        "DELETE FROM instance_actions_events WHERE action_id IN (SELECT id "
        "FROM instance_actions WHERE instance_uuid = ?)",
        at.server.id,
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(_stop, "is SHUTOFF, and not ACTIVE", id="stopped"),
        pytest.param(_pause, "is PAUSED, and not ACTIVE", id="paused"),
        pytest.param(
            _keep_old_copy, "Cinder still has its old copy", id="old copy"
        ),
        pytest.param(
            _forget_swaps, "has not ended, or was cut off", id="unended swap"
        ),
    ],
)
def test_where_it_is_refused_nothing_is_changed(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    lost: moves.Attached,
    change: _Change,
    why: str,
) -> None:
    change(cloud, make, lost)

    with untouched.untouched(cloud):
        code, row = dead_ends.recovered(
            openstack, lost.volume, "--auto-approve"
        )

    assert code == 1
    assert why in row["State"]
    assert row["To Do"].startswith("nothing: do not reboot, stop or ")
    assert row["Result"] == ""
    cloud.database("cinder").execute(
        "UPDATE volumes SET deleted = 1 WHERE status = 'error_deleting'"
    )


def test_after_a_reboot_it_is_attached_as_any_other(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    lost: moves.Attached,
) -> None:
    make.nova.servers.reboot(lost.server.id, "HARD")
    make.until_server(lost.server.id, "ACTIVE")
    with untouched.untouched(cloud):
        _, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")
    assert "Nova says that no servers have it" in row["State"]

    # What the documentation says.
    for words in (
        f"volume set --state available --detached {lost.volume.id}",
        f"server add volume {lost.server.id} {lost.volume.id}",
    ):
        done = openstack(*words.split())
        assert done.exit_code == 0, done.stderr
    resources.until(
        "attached", lambda: make.seen(lost.volume.id).status == "in-use"
    )

    device = make.server_volumes(lost.server.id)[lost.volume.id]["device"]
    assert cloud.guest_digest(lost.server.id, device) == lost.content
    rows = openstack.migrate("recover", "-f=json").json
    assert not [row for row in rows if row["Source"] == lost.volume.id]


def test_where_nova_has_its_old_record_it_is_refused(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    with (
        losing.lost(
            cloud, make, set_faults, losing.WHEN_CINDER_HAS_LOOKED
        ) as at,
        untouched.untouched(cloud),
    ):
        _, row = dead_ends.recovered(openstack, at.volume, "--auto-approve")

    assert "may be that of the old storage" in row["State"]
    assert row["To Do"].startswith("nothing: do not reboot, stop or ")


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"volume": "3.53"}, "Cinder takes microversion 3.53 at most"),
        ({"compute": "2.88"}, "Nova does not tell by which attachment"),
    ],
)
def test_older_services_are_refused(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    lost: moves.Attached,
    limits: dict[str, str],
    why: str,
) -> None:
    with (
        cloud.fault_proxy.limit_microversions(**limits),
        untouched.untouched(cloud),
    ):
        _, row = dead_ends.recovered(openstack, lost.volume, "--auto-approve")

    assert why in row["State"]
    assert row["Result"] == ""
