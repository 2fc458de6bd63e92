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
    if at.make.seen(at.id).status == "detaching":
        repairs.roll_detaching(at)
    make.unmark()


def _row(openstack: shell.Openstack, at: scene.Scene) -> dict[str, Any]:
    done = openstack.migrate("recover", "-f=json", "--older-than=0")
    (row,) = (row for row in done.json if row["Source"] == at.id)
    assert isinstance(row, dict)
    return row


def test_the_guest_stays_on_the_source(
    openstack: shell.Openstack, broken: faults.Broken
) -> None:
    at = broken.at

    at.assert_on(at.id)
    assert at.guest.progress(at.target) == 100
    assert at.make.seen(at.id).status == "detaching"
    assert at.make.seen(broken.copy_id).status == "attaching"
    done = openstack.migrate("recover", "--auto-approve", "--older-than=0")
    # Both volumes stay: it cannot be told which of them is written to.
    assert at.make.seen(at.id).status == "detaching"
    assert at.make.seen(broken.copy_id).status == "attaching"
    assert "Traceback" not in done.stderr
    broken.writer.assert_all_in(at.bed.volume_path(at.id))


@pytest.mark.xfail(
    reason="recover waits for the event for ever", raises=AssertionError
)
def test_recover_ends_it_when_all_records_agree(
    openstack: shell.Openstack, broken: faults.Broken
) -> None:
    at = broken.at
    assert broken.command.end().exit_code == 1
    assert "virsh domblklist" in _row(openstack, at)["To Do"]

    repairs.abort_copy(at)
    repairs.roll_detaching(at)
    repairs.delete_attachments(at, broken.copy_id)

    assert at.make.seen(at.id).status == "in-use"
    assert at.make.seen(broken.copy_id).status == "available"
    done = openstack.migrate("recover", "--auto-approve", "--older-than=0")
    assert done.exit_code == 0, done.stderr
    assert at.make.is_gone(broken.copy_id)

    again = moves.run(openstack, at.volume, *_SWAP)
    assert again.exit_code == 0, again.stderr
    at.assert_agreed(again.json["new_volume_id"])
    broken.writer.assert_all_in(
        at.bed.volume_path(again.json["new_volume_id"])
    )
