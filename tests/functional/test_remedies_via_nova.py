# SPDX-License-Identifier: Apache-2.0
"""Remedies around a swap via Nova's five steps are carried out word for word.

What stands in the way of one is gone round or ended, and what one leaves to
do is done.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import pty
import shlex
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import killable, moves, resources, shell, untouched

_TO_GOLD = moves.type_("gold")
_VIA_NOVA = (_TO_GOLD, "--swap-via=nova")


@pytest.fixture
def cloud(swap_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """Its Nova takes direct swaps."""
    return swap_cloud


@pytest.fixture
def attached(make: resources.Resources) -> moves.Attached:
    """A volume on a server of its own."""
    return moves.Attached.prepare(make, make.server(), moves.ALPHA)


def _remedy(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any, *words: str
) -> tuple[str, str]:
    """The one remedy that a refused swap names, and all that it says."""
    said = untouched.refused(cloud, openstack, "run", volume.id, *words)
    (remedy,) = untouched.remedies(said)
    return remedy, said


def _moves_as_told(
    openstack: shell.Openstack, attached: moves.Attached, remedy: str
) -> None:
    """Carry out "use --swap-via cinder", to the end of the move."""
    use, *option = shlex.split(remedy)
    assert (use, option) == ("use", ["--swap-via", "cinder"])
    volume = attached.volume
    assert untouched.blockers(openstack, volume, _TO_GOLD, *option) == []
    done = moves.run(openstack, volume, _TO_GOLD, *option)
    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    attached.assert_moved(None, "gold")


@contextlib.contextmanager
def _of_deleted_project(
    cloud: cloud_.Cloud, make: resources.Resources, server_id: str
) -> Iterator[str]:
    """A server and its volumes are of a project that was deleted.

    Cinder and Nova keep what a project had, and hear nothing of its end.
    """
    project = make.keystone.projects.create(
        make.name("deleted"), domain="default"
    )
    make.keystone.projects.delete(project)
    ids = list(make.server_volumes(server_id))

    def hand_over(project_id: str) -> None:
        for volume_id in ids:
            cloud.database("cinder").execute(
                "UPDATE volumes SET project_id = ? WHERE id = ?",
                project_id,
                volume_id,
            )
        cloud.database("nova").execute(
            "UPDATE instances SET project_id = ? WHERE uuid = ?",
            project_id,
            server_id,
        )
        cloud.database("nova_api").execute(
            "UPDATE instance_mappings SET project_id = ?"
            " WHERE instance_uuid = ?",
            project_id,
            server_id,
        )

    hand_over(project.id)
    try:
        yield project.id
    finally:
        # Others look for what is theirs.
        hand_over(make.project_id("demo"))


def test_a_volume_of_a_deleted_project_moves_via_cinder(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    attached: moves.Attached,
) -> None:
    server_id = attached.server.id
    with _of_deleted_project(cloud, make, server_id) as project_id:
        remedy, said = _remedy(cloud, openstack, attached.volume, *_VIA_NOVA)

        assert (
            f"Keystone knows no project {project_id}: it was deleted" in said
        )
        _moves_as_told(openstack, attached, remedy)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"compute": "2.88"}, "Nova takes microversion 2.88 at most"),
        ({"volume": "3.26"}, "Cinder takes microversion 3.26 at most"),
    ],
    ids=["Nova of Wallaby", "Cinder of Newton"],
)
def test_on_a_release_that_is_too_old_it_moves_via_cinder(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    attached: moves.Attached,
    limits: dict[str, str],
    says: str,
) -> None:
    with cloud.fault_proxy.limit_microversions(**limits):
        remedy, said = _remedy(cloud, openstack, attached.volume, *_VIA_NOVA)

        assert says in said
        assert "nothing would prove that the source may be deleted" in said
        _moves_as_told(openstack, attached, remedy)


def _killed_before_the_source_goes(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any
) -> None:
    """A swap that Nova has done, and that nobody has ended."""
    commands: list[killable.Command] = []
    with cloud.fault_proxy.fault(
        service="volume",
        method="DELETE",
        path=f"/volumes/{volume.id}$",
        call=lambda _: os.kill(commands[0].pid, signal.SIGKILL),
        drop="before",
    ) as rule:
        commands.append(
            killable.Command(
                openstack,
                *("volume", "watcher-migrate", "run", volume.id),
                *_VIA_NOVA,
            )
        )
        assert commands[0].end().exit_code == -signal.SIGKILL
    assert rule.hits == 1


def _an_hour_passes(make: resources.Resources, destination: Any) -> None:
    """For what was started now nobody may still be at work then."""
    then = datetime.datetime.now(datetime.timezone.utc)
    then -= datetime.timedelta(hours=2)
    make.cinder.volumes.set_metadata(
        destination.id, {"volmig_started": then.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )


def _answered(
    openstack: shell.Openstack, command: str, answer: str
) -> shell.Completed:
    """Run a command word for word, and answer what it asks."""
    ours, its = pty.openpty()
    program, *words = shlex.split(command)
    assert program == "openstack"
    process = openstack.start(*words, stdin=its)
    os.close(its)
    os.write(ours, f"{answer}\n".encode())
    stdout, stderr = process.communicate(timeout=120)
    os.close(ours)
    return shell.Completed(process.returncode, stdout, stderr)


def test_recover_ends_the_swap_that_was_not_finished(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    attached: moves.Attached,
) -> None:
    _killed_before_the_source_goes(cloud, openstack, attached.volume)
    (new,) = (
        volume
        for volume in make.cinder.volumes.list(search_opts={"all_tenants": 1})
        if volume.metadata.get("volmig_source") == attached.volume.id
    )
    _an_hour_passes(make, new)
    to_silver = moves.type_("silver"), "--swap-via=nova"

    remedy, said = _remedy(cloud, openstack, new, *to_silver)

    assert (
        f"the volume is the destination of a swap of volume "
        f"{attached.volume.id} that was not finished"
    ) in said
    done = _answered(openstack, remedy, "y")
    assert "Traceback" not in done.stderr
    assert f"{attached.volume.id}: every record says that" in done.stderr
    assert make.is_gone(attached.volume.id)
    assert untouched.blockers(openstack, new, *to_silver) == []
    moved = moves.run(openstack, new, *to_silver)
    assert moved.exit_code == 0, moved.stderr
    device = attached.nova["device"]
    assert cloud.guest_digest(attached.server.id, device) == attached.content


def _swapped(openstack: shell.Openstack, server_id: str) -> dict[str, Any]:
    """What ``recover --servers`` says of a server; nothing is {}."""
    rows = openstack.migrate("recover", "--servers", "-f=json").json
    return next((row for row in rows if row["Source"] == server_id), {})


def test_a_swapped_server_is_told_of_until_its_devices_are_written_anew(
    make: resources.Resources,
    openstack: shell.Openstack,
    attached: moves.Attached,
) -> None:
    servers, server_id = make.nova.servers, attached.server.id
    done = moves.run(openstack, attached.volume, *_VIA_NOVA)
    assert done.exit_code == 0, done.stderr

    row = _swapped(openstack, server_id)

    assert row["Kind"] == "swapped server"
    assert row["State"].startswith("1 swap(s), last ")
    assert row["To Do"].startswith("unless Cinder led them, hard-reboot it ")
    untouched.run(openstack, row["To Do"])
    make.until_server(server_id, "ACTIVE")
    # By Nova's record it may have been a soft one.
    again = _swapped(openstack, server_id)
    assert again["State"].startswith(f"{row['State']}, rebooted ")
    assert again["To Do"] == (
        "nothing, if that reboot was a hard one, which Nova does not tell; "
        f"{row['To Do']}"
    )
    servers.stop(server_id)
    make.until_server(server_id, "SHUTOFF")
    servers.start(server_id)
    make.until_server(server_id, "ACTIVE")
    assert _swapped(openstack, server_id) == {}
