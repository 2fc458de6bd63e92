# SPDX-License-Identifier: Apache-2.0
"""nova-compute dies in the middle of a swap via Nova (Nova 31.0.0)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional import moves, resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import faults, repairs, scene

_SWAP = ("--destination-type=gold", "--swap-via=nova")
_PATIENCE = ("--timeout=100",)


@pytest.fixture
def bed(swap_bed: bed_.Bed) -> bed_.Bed:
    """Its Nova takes direct swaps."""
    return swap_bed


@pytest.fixture
def broken(
    scenes: scene.Scenes,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> Iterator[faults.Broken]:
    """A swap whose nova-compute was killed and is back."""
    at = scenes.data_disk()
    with faults.compute_killed(at, openstack, (*_SWAP, *_PATIENCE)) as one:
        yield one
    if at.guest.progress(at.target) is not None:
        repairs.abort_copy(at)
    # Where all went well, the move that was run again has deleted it.
    gone = at.make.is_gone(at.id)
    if not gone and at.make.seen(at.id).status == "detaching":
        repairs.roll_detaching(at)
    make.unmark()


def _recover(openstack: shell.Openstack, *words: str) -> shell.Completed:
    return openstack.migrate("recover", "-f=json", "--older-than=0", *words)


def _rows(done: shell.Completed, at: scene.Scene) -> list[dict[str, Any]]:
    """Those of the volume: the bed has those of other tests, too."""
    return [
        row for row in done.json if row["Source"].partition(" ")[0] == at.id
    ]


def _row(done: shell.Completed, at: scene.Scene) -> dict[str, Any]:
    (row,) = _rows(done, at)
    return row


def _assert_left_alone(broken: faults.Broken) -> None:
    make = broken.at.make
    assert make.seen(broken.at.id).status == "detaching"
    assert make.seen(broken.copy_id).status == "attaching"


def _assert_undone(
    openstack: shell.Openstack, done: shell.Completed, broken: faults.Broken
) -> None:
    """All is as before the move, and the move can be run again."""
    at = broken.at
    assert done.exit_code == 0, done.stderr
    assert [row["Result"] for row in _rows(done, at)] == ["done"]
    assert at.make.is_gone(broken.copy_id)
    at.assert_on(at.id)
    assert at.make.seen(at.id).status == "in-use"
    assert not [
        user.name
        for user in at.make.keystone.users.list()
        if user.name.startswith("volmig-")
    ]
    assert not _rows(_recover(openstack), at)
    broken.writer.until_more(10)

    again = moves.run(openstack, at.volume, *_SWAP)

    assert again.exit_code == 0, again.stderr
    new_id = again.json["new_volume_id"]
    at.assert_agreed(new_id)
    broken.writer.assert_all_in(at.bed.volume_path(new_id))
    resources.until("source deleted", lambda: at.make.is_gone(at.id))


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
    _assert_left_alone(broken)

    # Nobody has said that the hypervisor was looked at.
    row = _row(_recover(openstack, "--auto-approve"), at)
    assert row["Kind"] == "interrupted swap"
    assert row["Source"] == f"{at.id} (detaching)"
    assert row["Destination"] == f"{broken.copy_id} (attaching)"
    assert row["State"] == "Nova has not ended the swap; it may be copying"
    assert row["To Do"] == (
        "nothing yet: run recover again once the swap has ended. Only if "
        "nova-compute was restarted since then it never will: see 'When "
        "nova-compute died in the middle' in the documentation, and once the "
        "guest was seen on the source, run recover with --guest-is-on-source"
    )
    assert row["Result"] == ""
    _assert_left_alone(broken)

    # The operator's part on the hypervisor: see, abort, see again.
    repairs.abort_copy(at)
    at.assert_on(at.id)
    asserted = f"--guest-is-on-source={at.id}"

    row = _row(_recover(openstack, asserted), at)
    assert row["State"] == (
        "the guest was seen on the source, and no swap is running"
    )
    assert row["To Do"] == "delete the destination and the temporary user"
    assert row["Result"] == ""
    _assert_left_alone(broken)
    done = _recover(openstack, asserted, "--auto-approve")

    _assert_undone(openstack, done, broken)


def test_records_that_were_all_put_right_by_hand(
    openstack: shell.Openstack, broken: faults.Broken
) -> None:
    at = broken.at
    ended = broken.command.end()
    assert ended.exit_code == 1
    assert ended.json["result"] == "still running"
    said = " ".join(ended.stderr.split())
    assert "unless nova-compute was restarted meanwhile" in said
    assert "openstack volume watcher-migrate recover" in said

    repairs.abort_copy(at)
    repairs.roll_detaching(at)
    repairs.delete_attachments(at, broken.copy_id)

    assert at.make.seen(at.id).status == "in-use"
    assert at.make.seen(broken.copy_id).status == "available"
    # Records do not prove where the guest is: it has to be said.
    row = _row(_recover(openstack, "--auto-approve"), at)
    assert "--guest-is-on-source" in row["To Do"]
    assert row["Result"] == ""
    assert not at.make.is_gone(broken.copy_id)
    refused = moves.run(openstack, at.volume, *_SWAP)
    assert refused.exit_code == 1
    assert "a swap of it was interrupted" in refused.stderr

    done = _recover(
        openstack, f"--guest-is-on-source={at.id}", "--auto-approve"
    )

    _assert_undone(openstack, done, broken)
