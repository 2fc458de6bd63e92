# SPDX-License-Identifier: Apache-2.0
"""Action plans, run by Watcher's applier with one line of configuration."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources
from tests.watcher import environments, process

ALPHA, BETA = moves.ALPHA, moves.BETA
_NOWHERE = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
#: Watcher's column, which nobody trims.
_COLUMN = 255
#: What a new requirement of Watcher's is unlikely to break.
_pinned = pytest.mark.parametrize(
    "release", environments.PINNED, indirect=True
)


def _migrate(volume_id: str, pool: str = BETA, *parents: int) -> process.Step:
    """What zone_migration emits for another pool."""
    return process.Step(
        {
            "resource_id": volume_id,
            "resource_name": "of a tenant",
            "migration_type": "migrate",
            "destination_node": pool,
            "destination_type": "",
        },
        parents=parents,
    )


def _retype(volume_id: str, name: str, *parents: int) -> process.Step:
    """What zone_migration emits for another type."""
    return process.Step(
        {
            "resource_id": volume_id,
            "resource_name": "of a tenant",
            "migration_type": "retype",
            "destination_type": name,
        },
        parents=parents,
    )


def _copying(make: resources.Resources, volume: Any) -> None:
    resources.until(
        f"Cinder moves volume {volume.id}",
        lambda: make.migration_status(volume.id) in ("starting", "migrating"),
    )


def test_a_plan_like_zone_migration_s(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    applier: process.Applier,
    release: str,
    server: Any,
) -> None:
    cold, second = (make.volume(pool=ALPHA) for _ in range(2))
    retyped, there = make.volume(), make.volume(pool=BETA)
    refused = make.volume(pool=ALPHA)
    make.cinder.volume_snapshots.create(refused.id, name="s" * 200)
    live, other = (
        moves.Attached.prepare(make, server, ALPHA) for _ in range(2)
    )
    content = {v.id: cloud.digest(v.id) for v in (cold, second, retyped)}

    ended = applier.run(
        # Two of a kind at a time, as Watcher's weight planner has it.
        _migrate(cold.id),
        _migrate(second.id),
        _retype(retyped.id, "gold", 0, 1),
        _migrate(there.id, BETA, 0, 1),
        # Of one server: the second has to wait for the first.
        _migrate(live.volume.id, BETA, 2, 3),
        _retype(other.volume.id, "gold", 2, 3),
        _migrate(refused.id, BETA, 4, 5),
        _migrate(_NOWHERE, BETA, 4, 5),
    )

    skipped = environments.release(release) > 14
    assert ended.states == (
        "SUCCEEDED",
        "SUCCEEDED",
        "SUCCEEDED",
        "SKIPPED" if skipped else "SUCCEEDED",
        "SUCCEEDED",
        "SUCCEEDED",
        "FAILED",
        "SKIPPED" if skipped else "FAILED",
    ), (ended.messages, applier.log[-8000:])
    assert make.host(cold.id) == make.host(second.id) == BETA
    assert make.seen(retyped.id).volume_type == "gold"
    assert {i: cloud.digest(i) for i in content} == content
    live.assert_moved(BETA, "bronze")
    other.assert_moved(None, "gold")
    assert make.host(refused.id) == ALPHA
    _assert_told(applier, ended, refused, there, skipped)
    assert f"volume {cold.id}: copying" in applier.log
    assert f"cap server {server.id}" in applier.log


def _assert_told(
    applier: process.Applier,
    ended: process.Ended,
    refused: Any,
    there: Any,
    skipped: bool,
) -> None:
    """The reason where Watcher has a column for it, and whole in the log."""
    sentence = "Invalid state for cold migration: the volume has 1 snapshot: "
    assert f"volume {refused.id}: {sentence}'{'s' * 200}'" in applier.log
    if not skipped:
        assert set(ended.messages) == {None}
        return
    *_, at_beta, _, _, told, gone = ended.messages
    assert at_beta is not None
    assert at_beta.endswith(f"the volume is on {BETA} already")
    assert told is not None
    assert told.startswith(f"Action failed in execute: {sentence}'sss")
    assert len(told) <= _COLUMN
    assert gone is not None
    assert f"there is no volume {_NOWHERE}" in gone


@_pinned
def test_what_was_cancelled_is_not_started(
    make: resources.Resources,
    applier: process.Applier,
    server: Any,
    set_faults: conftest.SetFaults,
) -> None:
    running, waiting = (
        moves.Attached.prepare(make, server, ALPHA) for _ in range(2)
    )
    late = make.volume(pool=ALPHA)
    set_faults("beta", create="slow:6")

    plan = applier.begin(
        _migrate(running.volume.id),
        # In the applier's hands, but of the same server.
        _migrate(waiting.volume.id),
        _migrate(late.id, BETA, 0, 1),
    )
    resources.until(
        "one waits for the other",
        lambda: (
            f"{waiting.volume.id}: waits" in applier.log
            or f"{running.volume.id}: waits" in applier.log
        ),
    )
    plan.cancel()
    ended = plan.ended()

    assert ended.state == "CANCELLED"
    assert sorted(ended.states[:2]) == ["CANCELLED", "SUCCEEDED"]
    assert ended.states[2] == "CANCELLED"
    if ended.states[0] == "CANCELLED":
        running, waiting = waiting, running
    running.assert_moved(BETA, "bronze")
    waiting.assert_moved(ALPHA, "bronze")
    assert make.host(late.id) == ALPHA


@_pinned
def test_an_applier_that_was_killed_is_joined(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    applier: process.Applier,
    release: str,
    folder: pathlib.Path,
    server: Any,
    set_faults: conftest.SetFaults,
) -> None:
    """The first one has Watcher's own engine, and the spec's words."""
    volume = make.volume(pool=ALPHA)
    attached = moves.Attached.prepare(make, server, ALPHA)
    content = cloud.digest(volume.id)
    mark = cloud.fault_proxy.mark()
    killed = process.Applier(
        release,
        folder.with_name(f"killed-{release}"),
        cloud,
        workflow_engine="taskflow",
        more="[watcher_actions.volume_migrate_verified]\nswap_via = nova\n"
        "allow_file_copy = true",
    )
    try:
        if environments.release(release) >= 17:
            _assert_nova_refuses(killed, attached)
            # It is refused without the option.
            set_faults("alpha", capabilities={"storage_protocol": "nfs"})
        set_faults("beta", create="slow:6")
        killed.begin(
            process.Step(
                {
                    "resource_id": volume.id,
                    "migration_type": "cold",
                    "destination_node": BETA,
                },
                type="volume_migrate_verified",
            )
        )
        _copying(make, volume)
    finally:
        killed.kill()

    ended = applier.run(_migrate(volume.id))

    assert ended.states == ("SUCCEEDED",)
    assert make.host(volume.id) == BETA
    assert cloud.digest(volume.id) == content
    assert len(moves.acting(cloud.fault_proxy.since(mark))) == 1


def _assert_nova_refuses(
    applier: process.Applier, attached: moves.Attached
) -> None:
    """Only so is a swap led by Nova: 17.0.0 and later read our options."""
    ended = applier.run(
        process.Step(
            {
                "resource_id": attached.volume.id,
                "migration_type": "swap",
                "destination_type": "gold",
            },
            type="volume_migrate_verified",
        )
    )
    assert ended.states == ("FAILED",)
    assert ended.messages[0] is not None
    assert "This volume cannot be swapped via nova" in ended.messages[0]
    attached.assert_moved(ALPHA, "bronze")


def test_both_names_are_watcher_s_to_choose_from(
    applier: process.Applier,
) -> None:
    assert "volume_migrate" in applier.known_actions
    assert "volume_migrate_verified" in applier.known_actions


@_pinned
def test_why_ours_is_not_called_as_watcher_s_is(
    cloud: cloud_.Cloud, release: str, folder: pathlib.Path
) -> None:
    """With a second action of one name, whosever, no applier starts."""
    foreign = folder / "foreign"
    environments.install_foreign(
        foreign,
        "volume_migrate",
        "volmigrateclient.watcher.action:VolumeMigrateVerified",
    )

    with pytest.raises(
        AssertionError, match="Error loading plugin 'volume_migrate'"
    ):
        process.Applier(
            release,
            folder.with_name(f"foreign-{release}"),
            cloud,
            foreign=[foreign],
        )
