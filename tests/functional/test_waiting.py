# SPDX-License-Identifier: Apache-2.0
"""Waiting: with an end, joined by a second run, or not at all."""

from __future__ import annotations

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell

TO_BETA = (moves.COLD, moves.node(moves.BETA))
TO_GOLD = (moves.COLD, moves.type_("gold"))

#: Requests before the first poll, Keystone's and version documents too.
_BEFORE_THE_WAIT = 15


@pytest.fixture
def stuck(set_faults: conftest.SetFaults) -> conftest.SetFaults:
    """Copies to the second bronze pool hang, until it is cleared."""
    set_faults("beta", connect="hang")
    return set_faults


def test_a_time_out_leaves_the_move_to_be_joined(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    stuck: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)

    late = moves.run(openstack, volume, *TO_BETA, "--timeout=2")

    assert late.exit_code == 1
    assert late.json["result"] == "still running"
    assert late.last_line == (
        f"timed out; the move of volume {volume.id} continues in the cloud. "
        f"Follow it with: openstack volume show {volume.id} -c status -c "
        "migration_status -c os-vol-host-attr:host -c type. Run the same "
        "command again to wait for its end"
    )
    # As far as Cinder got in two seconds.
    assert make.migration_status(volume.id) in ("starting", "migrating")

    with moves.requests_within(cloud) as requests:
        elsewhere = moves.run(openstack, volume, *TO_GOLD)
        joined = moves.run(openstack, volume, *TO_BETA, "--timeout=1")
        stuck.clear()
        done = moves.run(openstack, volume, *TO_BETA)
        again = moves.run(openstack, volume, *TO_BETA)

    assert elsewhere.exit_code == 1
    assert "Invalid state for cold migration" in elsewhere.stderr
    assert joined.json["result"] == "still running"
    assert done.exit_code == 0, done.stderr
    # It may have ended before it was looked at.
    assert done.json["result"] in ("done", "already there")
    assert again.exit_code == 0, again.stderr
    assert again.json["result"] == "already there"
    assert moves.acting(requests) == []
    assert make.host(volume.id) == moves.BETA
    assert cloud.digest(volume.id) == content


def test_a_second_run_waits_for_the_same_end(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    stuck: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    first = moves.run(openstack, volume, *TO_BETA, "--no-wait")
    assert first.exit_code == 0, first.stderr
    assert first.json["result"] == "accepted"

    with cloud.fault_proxy.fault(
        method="GET",
        path="/volumes/detail",
        nth=6,
        call=lambda request: stuck.clear(),
    ):
        done = moves.run(openstack, volume, *TO_BETA)

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert make.host(volume.id) == moves.BETA


def test_requests_are_few(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = moves.run(openstack, volume, *TO_GOLD)

    assert done.exit_code == 0, done.stderr
    listed = "\n".join(map(str, requests))
    asked = next(i for i, r in enumerate(requests) if moves.acting([r]))
    assert asked < _BEFORE_THE_WAIT, listed
    # Then one for each look, and one for what Cinder leaves to be deleted.
    after = requests[asked + 1 :]
    assert {r.path.rpartition("/v3/")[2].partition("/")[2] for r in after} == {
        "volumes/detail"
    }, listed
    left = [r for r in after if "migration_status=deleting" in r.query]
    assert len(left) == 1, listed
