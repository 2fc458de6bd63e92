# SPDX-License-Identifier: Apache-2.0
"""The library, with a session and a list of actions."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import threading
import types
from typing import Any

import pytest
from keystoneauth1 import session as session_
from keystoneauth1.identity import v3

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources
from volmigrateclient import api

EXAMPLE = (
    pathlib.Path(__file__).parents[2] / "doc" / "source" / "library_example.py"
)


class Recorder(api.Reporter):
    """Keeps what it hears, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    def started(self, move: Any) -> None:
        self._hear("started", move.action)

    def phase(self, move: Any, phase: str, elapsed: float) -> None:
        assert elapsed >= 0
        self._hear("phase", move.action, phase)

    def ended(self, result: api.MoveResult) -> None:
        self._hear("ended", result.action, result.outcome.value)

    def _hear(self, event: str, action: api.Action, what: str = "") -> None:
        heard = (action.resource_id, event, what)
        if self.heard[-1:] != [heard]:
            self.heard.append(heard)

    def of(self, volume: Any) -> list[tuple[str, str]]:
        """What was heard of one volume."""
        return [
            (event, what)
            for resource_id, event, what in self.heard
            if resource_id == volume.id
        ]


def _cold(volume: Any, pool: str) -> api.Action:
    return api.Action.from_mapping(
        {
            "resource_id": volume.id,
            "migration_type": "cold",
            "destination_node": pool,
        }
    )


@pytest.mark.smoke
def test_the_example_of_the_documentation_works(
    cloud: cloud_.Cloud, make: resources.Resources
) -> None:
    cold, retyped = make.volume(pool=moves.ALPHA), make.volume()
    content = cloud.digest(cold.id)
    actions = [
        _cold(cold, moves.BETA).to_mapping(),
        {
            "resource_id": retyped.id,
            "migration_type": "cold",
            "destination_type": "gold",
        },
    ]

    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        input=json.dumps(actions),
        env={**os.environ, **cloud.environment("admin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert first["volume"] == cold.id
    assert first["result"] == second["result"] == "done"
    assert first["pool"] == make.host(cold.id) == moves.BETA
    assert second["type"] == make.seen(retyped.id).volume_type == "gold"
    assert cloud.digest(cold.id) == content
    assert f"{cold.id}: copying" in done.stderr


@pytest.fixture(scope="module")
def example() -> types.ModuleType:
    """The functions that the documentation shows."""
    spec = importlib.util.spec_from_file_location("library_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_blockers_are_told_and_nothing_is_changed(
    cloud: cloud_.Cloud, make: resources.Resources, example: types.ModuleType
) -> None:
    ready, refused = (make.volume(pool=moves.ALPHA) for _ in range(2))
    make.cinder.volume_snapshots.create(refused.id)
    gone = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
    mark = cloud.fault_proxy.mark()

    found = example.blockers(
        cloud.session(),
        [
            *(_cold(volume, moves.BETA) for volume in (ready, refused)),
            api.Action(gone, "cold", destination_node=moves.BETA),
        ],
    )

    assert found.keys() == {refused.id, gone}
    (reason,) = found[refused.id]
    assert reason.startswith("Invalid state for cold migration: ")
    assert gone in found[gone][0]
    # But for the one that asks for a token.
    methods = {
        request.method
        for request in cloud.fault_proxy.since(mark)
        if not request.path.endswith("/auth/tokens")
    }
    assert methods == {"GET"}


def test_a_check_tells_what_is_met_and_what_is_there(
    cloud: cloud_.Cloud, make: resources.Resources
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    ready, there = api.check(
        cloud.session(),
        [_cold(volume, moves.BETA), _cold(volume, moves.ALPHA)],
    )

    assert ready.readiness is api.Readiness.READY
    assert ready.path is api.Path.MIGRATE
    assert ready.reasons == ()
    assert "Snapshots" in {check.name for check in ready.checks}
    assert there.readiness is api.Readiness.ALREADY_THERE
    assert there.reasons == (f"the volume is on {moves.ALPHA} already",)


def test_a_pool_is_planned(
    cloud: cloud_.Cloud, make: resources.Resources, example: types.ModuleType
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    attached = make.volume(pool=moves.ALPHA)
    make.server(attached)

    actions = {
        action.resource_id: action
        for action in example.what_can_leave(
            cloud.session(), moves.ALPHA, [moves.BETA]
        )
    }

    assert actions[volume.id] == _cold(volume, moves.BETA)
    assert actions[attached.id] == api.Action(
        attached.id, "swap", moves.BETA, "bronze"
    )
    assert make.host(volume.id) == moves.ALPHA


def test_what_a_strategy_of_watcher_s_writes(
    cloud: cloud_.Cloud, make: resources.Resources, example: types.ModuleType
) -> None:
    detached, attached = make.volume(), make.volume()
    make.server(attached)
    rows = [
        {
            "resource_id": volume.id,
            "resource_name": volume.name,
            "migration_type": "retype",
            "destination_type": "gold",
        }
        for volume in (detached, attached)
    ]

    assert example.of_a_strategy(cloud.session(), rows) == [
        api.Action(detached.id, "cold", None, "gold"),
        api.Action(attached.id, "swap", None, "gold"),
    ]


def test_after_the_time_is_over_nothing_more_is_started(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    example: types.ModuleType,
    set_faults: conftest.SetFaults,
) -> None:
    first, second = (make.volume(pool=moves.ALPHA) for _ in range(2))
    set_faults("beta", create="slow:6")

    results = example.for_so_long(
        cloud.session(),
        [_cold(volume, moves.BETA) for volume in (first, second)],
        4,
    )

    assert [one.outcome for one in results] == [
        api.Outcome.DONE,
        api.Outcome.NOT_STARTED,
    ]
    assert results[1].reason == "the time is over"
    assert make.host(second.id) == moves.ALPHA


def test_interrupted_from_another_thread_it_returns_at_once(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", create="hang")
    handle = api.Handle()
    results: list[api.MoveResult] = []
    thread = threading.Thread(
        target=lambda: results.extend(
            api.migrate(
                cloud.session(), [_cold(volume, moves.BETA)], handle=handle
            )
        )
    )
    thread.start()
    resources.until(
        "Cinder moves it",
        lambda: make.migration_status(volume.id) == "migrating",
    )

    handle.interrupt()
    thread.join(30)

    (result,) = results
    assert result.outcome is api.Outcome.INTERRUPTED
    assert result.under_way
    set_faults.clear()
    moves.settled(make, volume)
    assert make.host(volume.id) == moves.BETA


def test_caps_and_servers_span_calls_in_threads(
    cloud: cloud_.Cloud, make: resources.Resources, example: types.ModuleType
) -> None:
    """Of one server, so never two at once, though two would be allowed."""
    volumes = [make.volume(pool=moves.ALPHA) for _ in range(2)]
    make.server(*volumes)

    results = example.two_at_a_time(
        cloud.session(),
        [
            [api.Action(volume.id, "swap", moves.BETA, "bronze")]
            for volume in volumes
        ],
    )

    assert [one.outcome for one in results] == [api.Outcome.DONE] * 2, [
        one.reason for one in results
    ]


def test_actions_end_apart_and_report_in_order(
    cloud: cloud_.Cloud, make: resources.Resources
) -> None:
    moved, there = make.volume(pool=moves.ALPHA), make.volume(pool=moves.BETA)
    refused, copied = make.volume(pool=moves.ALPHA), make.volume()
    make.cinder.volume_snapshots.create(refused.id)
    volumes = (moved, there, refused, copied)
    recorder = Recorder()

    results = api.migrate(
        cloud.session(),
        [
            *(_cold(volume, moves.BETA) for volume in volumes[:3]),
            api.Action(copied.id, "cold", destination_type="gold"),
        ],
        reporter=recorder,
        max_parallel=2,
    )

    assert [r.volume_id for r in results] == [v.id for v in volumes]
    assert [r.outcome.value for r in results] == [
        "done",
        "already there",
        "blocked",
        "done",
    ]
    assert "Invalid state for cold migration" in results[2].reason
    events = recorder.of(moved)
    assert ("started", "") in events
    assert events.index(("started", "")) < events.index(("phase", "copying"))
    assert events[-1] == ("ended", "done")
    assert recorder.of(there)[-1] == ("ended", "already there")
    assert recorder.of(refused)[-1] == ("ended", "blocked")
    assert make.host(refused.id) == moves.ALPHA


def test_two_move_at_the_same_time(
    cloud: cloud_.Cloud, make: resources.Resources
) -> None:
    first, second = make.volume(pool=moves.ALPHA), make.volume()
    recorder = Recorder()

    results = api.migrate(
        cloud.session(),
        [
            _cold(first, moves.BETA),
            api.Action(second.id, "cold", destination_type="gold"),
        ],
        reporter=recorder,
        max_parallel=2,
    )

    assert [r.outcome for r in results] == [api.Outcome.DONE] * 2
    both = [(i, event) for i, event, what in recorder.heard]
    ends = [both.index((v.id, "ended")) for v in (first, second)]
    starts = [both.index((v.id, "started")) for v in (first, second)]
    assert max(starts) < min(ends)


def test_wrong_credentials_are_a_result(
    cloud: cloud_.Cloud, make: resources.Resources
) -> None:
    volume = make.volume()
    session = session_.Session(
        v3.Password(
            cloud.auth_url,
            username="admin",
            password="not this one",
            user_domain_name="Default",
            project_name="admin",
            project_domain_name="Default",
        )
    )

    (result,) = api.migrate(session, [_cold(volume, moves.BETA)])

    assert result.outcome is api.Outcome.FAILED
    assert "401" in result.reason


def test_evidence_via_nova_is_never_what_was_seen_for_an_earlier_move(
    swap_cloud: cloud_.Cloud,
) -> None:
    make = resources.Resources(swap_cloud)
    first, late = (make.volume(pool=moves.ALPHA) for _ in range(2))
    _, server = make.server(first), make.server(late)

    def snapshot(_: object) -> None:
        made = make.cinder_of("alice").volume_snapshots.create(late.id)
        resources.until(
            "snapshot",
            lambda: (
                make.cinder.volume_snapshots.get(made.id).status == "available"
            ),
        )

    with swap_cloud.fault_proxy.fault(
        service="compute",
        method="GET",
        path=f"{server.id}/os-volume_attachments$",
        call=snapshot,
    ) as rule:
        done, kept = api.migrate(
            swap_cloud.session(),
            [
                api.Action(volume.id, "swap", destination_type="gold")
                for volume in (first, late)
            ],
            api.Options(swap_via="nova"),
        )

    assert rule.hits
    assert [done.outcome, kept.outcome] == [api.Outcome.DONE] * 2
    assert make.is_gone(first.id)
    source = make.seen(late.id)
    assert source.metadata["volmig_replaced_by"] == kept.new_volume_id
