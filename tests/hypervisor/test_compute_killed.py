# SPDX-License-Identifier: Apache-2.0
"""nova-compute dies in the middle of a copy that Cinder has it make.

QEMU copies to the end, mirrors every write from then on and waits; nobody
is there any more to have the guest go over. The guest stays on the source,
nothing is lost, and Cinder waits for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional import moves, resources, shell
from tests.hypervisor import faults, repairs, scene

_RETYPE = ("--destination-type=gold",)
#: The command waits for so long, and would for hours.
_PATIENCE = ("--timeout=100",)


@pytest.fixture
def broken(
    scenes: scene.Scenes, openstack: shell.Openstack
) -> Iterator[faults.Broken]:
    """A retype whose nova-compute was killed and is back."""
    at = scenes.data_disk()
    with faults.compute_killed(at, openstack, (*_RETYPE, *_PATIENCE)) as one:
        yield one
    if at.guest.progress(at.target) is not None:
        repairs.abort_copy(at)
        repairs.complete_migration(at.bed, at.id, one.copy_id, error=True)


def _row(
    openstack: shell.Openstack, at: scene.Scene, *words: str
) -> dict[str, Any]:
    """What ``recover`` prints of the volume."""
    done = openstack.migrate("recover", "-f=json", *words)
    (row,) = _rows(done, at)
    return row


def _rows(done: shell.Completed, at: scene.Scene) -> list[dict[str, Any]]:
    """Those of the volume: the bed has those of other tests, too."""
    return [
        row for row in done.json if row["Source"].partition(" ")[0] == at.id
    ]


def test_what_is_said_of_it(
    openstack: shell.Openstack, broken: faults.Broken
) -> None:
    at = broken.at

    row = _row(openstack, at)

    assert row["Kind"] == "moving volume"
    assert row["Source"] == f"{at.id} (retyping)"
    assert row["Destination"].partition(" ")[0] == broken.copy_id
    assert row["Server"] == at.server.id
    # Nothing in the API proves which volume the guest is on.
    assert re.fullmatch(
        "retyping, migration migrating; Nova is copying since [0-9T:.-]+, or "
        "was cut off",
        row["State"],
    )
    assert row["To Do"] == (
        "nothing: a copy has no progress to see. Only if nova-compute was "
        "restarted since then is it dead, with the server on its volume: see "
        "'When nova-compute died in the middle' in the documentation, and "
        "once that was seen, run recover with --guest-is-on-source"
    )
    assert row["Result"] == ""

    done = broken.command.end()
    assert done.exit_code == 1
    assert done.json["result"] == "still running"
    assert (
        f"the move of volume {at.id} continues in the cloud, unless "
        "nova-compute was restarted meanwhile (see 'openstack volume "
        "watcher-migrate recover')" in done.stderr
    )


@pytest.mark.ci
def test_the_way_back_as_recover_names_it(
    openstack: shell.Openstack, broken: faults.Broken
) -> None:
    at = broken.at
    at.assert_on(at.id)
    # Its writer keeps it a little behind, time and again.
    resources.until(
        "mirror ready", lambda: at.guest.progress(at.target) == 100
    )

    # Nobody has said that the hypervisor was looked at.
    left_alone = _row(openstack, at, "--auto-approve", "--older-than=0")
    assert left_alone["Result"] == ""
    assert at.make.migration_status(at.id) == "migrating"
    assert not at.make.is_gone(broken.copy_id)

    # The operator's part on the hypervisor: see, abort, see again.
    repairs.abort_copy(at)
    at.assert_on(at.id)
    asserted = f"--guest-is-on-source={at.id}"

    row = _row(openstack, at, asserted)
    assert row["To Do"] == (
        "have Cinder end the move with an error and delete its copy "
        f"{broken.copy_id}; the volume stays where it is"
    )
    assert row["Result"] == ""
    assert at.make.migration_status(at.id) == "migrating"
    done = openstack.migrate("recover", asserted, "--auto-approve", "-f=json")
    assert done.exit_code == 0, done.stderr
    assert [row["Result"] for row in _rows(done, at)] == ["done"]

    assert broken.command.end().exit_code == 1
    resources.until("copy deleted", lambda: at.make.is_gone(broken.copy_id))
    assert at.make.seen(at.id).status == "in-use"
    assert at.make.migration_status(at.id) == "error"
    at.assert_on(at.id)
    broken.writer.until_more(10)
    assert not _rows(openstack.migrate("recover", "-f=json"), at)

    again = moves.run(openstack, at.volume, *_RETYPE)

    assert again.exit_code == 0, again.stderr
    at.assert_moved("gold")
    broken.writer.assert_all_in(at.bed.volume_path(at.id))


def test_what_was_not_cut_off_cannot_be_asserted(
    scenes: scene.Scenes, openstack: shell.Openstack
) -> None:
    at = scenes.data_disk(data=1)

    done = openstack.migrate(
        "recover", f"--guest-is-on-source={at.id}", "--auto-approve"
    )

    assert done.exit_code == 1
    assert f"no swap or move of volume {at.id} was cut off" in done.stderr
    at.assert_stayed()
