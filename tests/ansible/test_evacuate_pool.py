# SPDX-License-Identifier: Apache-2.0
"""The role empties a pool; the playbooks are the examples, as they are."""

from __future__ import annotations

import csv
import datetime
import json
import os
import pathlib
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ansible import environments, playbooks
from tests.ansible.test_volume_move import HOSTILE
from tests.functional import conftest, moves, pools, resources

_OLDEST, _NEWEST = environments.OLDEST, environments.NEWEST
_SOURCE = "cloud@alpha"
_EMPTY = "0 of 0 done; backend cloud@alpha is empty"

_APPROVED: dict[str, Any] = {"evacuate_pool_auto_approve": True}
_GO_ON: dict[str, Any] = {"evacuate_pool_blockers": "go_on"}


@pytest.fixture(autouse=True)
def enabled(make: resources.Resources) -> Iterator[None]:
    """Cinder 29 does not enable what a cordon has disabled."""
    yield
    _enable(make)


def _enable(make: resources.Resources) -> None:
    """Have the scheduler place volumes on alpha again."""
    make.enable(_SOURCE)
    # It learns of that when it looks for itself; two requests that come at
    # that moment may not both find a pool.
    resources.until(
        "pool of alpha",
        lambda: (
            moves.ALPHA in {pool.name for pool in make.cinder.pools.list()}
        ),
    )


class _Pool:
    """Volumes on alpha, and the role that takes them away."""

    def __init__(
        self,
        make: resources.Resources,
        play: playbooks.Player,
        folder: pathlib.Path,
        kinds: list[dict[str, Any]],
    ) -> None:
        self._make, self._play = make, play
        self.records = folder / "records"
        self.volumes = pools.fill(make, make.name("pool"), kinds)
        self.ids = [volume.id for volume in self.volumes]
        self.digests = pools.digests(make.cloud, self.volumes)
        self.journal = pools.Journal(make.cloud)

    def play(
        self,
        release: str,
        *words: str,
        playbook: str = "evacuate.yml",
        **given: Any,
    ) -> playbooks.Played:
        return self.start(release, *words, playbook=playbook, **given).end()

    def start(
        self,
        release: str,
        *words: str,
        playbook: str = "evacuate.yml",
        **given: Any,
    ) -> playbooks.Playing:
        return self._play.start(
            release,
            playbook,
            {"evacuate_pool_directory": str(self.records), **given},
            *words,
            cloud="evacuate_pool_cloud" in given,
        )

    def assert_untouched(self) -> None:
        assert not self.journal.begun
        assert set(self.where().values()) == {moves.ALPHA}
        assert self.status() == "enabled"

    def where(self) -> dict[str, Any]:
        return pools.hosts(self._make.cloud, self.volumes)

    def status(self) -> str:
        """Whether Cinder may place volumes there."""
        (found,) = self._make.cinder.services.list(
            host=_SOURCE, binary="cinder-volume"
        )
        return str(found.status)

    def assert_moved_once(self) -> None:
        """Each, with its content."""
        assert self.journal.begun == dict.fromkeys(self.ids, 1)
        assert set(self.where().values()) == {moves.BETA}
        assert pools.digests(self._make.cloud, self.volumes) == self.digests


def test_a_pool_is_empty_once_it_is_proven(
    make: resources.Resources,
    play: playbooks.Player,
    tmp_path: pathlib.Path,
) -> None:
    pool = _Pool(make, play, tmp_path, [{}, {"name": HOSTILE}, {}])
    plain, hostile, snapped = pool.ids
    cinder = make.cinder_of("alice")
    snapshot = cinder.volume_snapshots.create(snapped, name="friday")
    resources.until(
        "snapshot",
        lambda: cinder.volume_snapshots.get(snapshot.id).status == "available",
    )

    # A blocker stops it, as it is by default.
    stopped = pool.play(_OLDEST, **_APPROVED)

    assert (stopped.exit_code, stopped.changed) == (2, 0), stopped.output
    assert "Blocked: 1 of 3 volumes. Nothing was moved." in stopped.failure
    assert "the volume has 1 snapshot: 'friday'" in stopped.failure
    pool.assert_untouched()

    # Check mode plans and shows, and leaves nothing behind.
    before = sorted(pool.records.rglob("*"))
    checked = pool.play(_NEWEST, "--check", **_GO_ON, **_APPROVED)

    assert (checked.exit_code, checked.changed) == (0, 0), checked.output
    planned = checked.result("Show what is planned")["msg"]
    assert planned == "3 planned: 2 to move, 1 blocked"
    assert not checked.facts["empty"]
    assert sorted(pool.records.rglob("*")) == before
    folder = checked.result("Make a folder for the plan")["path"]
    assert not pathlib.Path(folder).exists()
    pool.assert_untouched()

    # Without approval it plans, and says where to look.
    asked = pool.play(_OLDEST, **_GO_ON)

    assert (asked.exit_code, asked.changed) == (2, 0), asked.output
    assert asked.failure.startswith("To be moved: 2 of 3 volumes. Nothing ")
    (plan,) = (
        word for word in asked.failure.split() if word.endswith("plan.json,")
    )
    assert pathlib.Path(plan.rstrip(",")).stat().st_mode & 0o077 == 0
    pool.assert_untouched()

    # Going on moves the others, and does not say that it is done.
    partly = pool.play(
        _NEWEST, **_GO_ON, **_APPROVED, evacuate_pool_cloud="admin"
    )

    assert (partly.exit_code, partly.changed) == (2, 1), partly.output
    assert partly.failure == (
        "cloud@alpha is not proven to be empty: these volumes are left: "
        f"{snapped}"
    )
    assert sorted(partly.facts["moved"]) == sorted((plain, hostile))
    assert (partly.facts["left"], partly.facts["failed"]) == ([snapped], [])
    assert "service cloud@alpha is disabled: no new volumes" in partly.output
    _assert_reported(pathlib.Path(partly.facts["directory"]), pool)
    _enable(make)

    # For a night's job that is no failure, and no success is told.
    hour = datetime.datetime.now().astimezone() + datetime.timedelta(hours=3)
    night = pool.play(
        _OLDEST, playbook="nightly.yml", evacuate_pool_until=f"{hour:%H:%M}"
    )

    assert (night.exit_code, night.changed) == (0, 0), night.output
    assert night.result("left for tomorrow")["msg"] == "Volumes left: 1"
    assert not night.facts["empty"]

    # The blocker is cleared.
    cinder.volume_snapshots.delete(snapshot.id)
    resources.until(
        "no snapshot",
        lambda: (
            not cinder.volume_snapshots.list(
                search_opts={"volume_id": snapped}
            )
        ),
    )
    emptied = pool.play(_OLDEST, **_answers())

    assert (emptied.exit_code, emptied.changed) == (0, 1), emptied.output
    assert emptied.facts["moved"] == [snapped]
    assert (emptied.facts["empty"], emptied.facts["text"]) == (True, _EMPTY)
    assert not make.cloud.backend_files("alpha")
    pool.assert_moved_once()

    # Again: nothing to approve, nothing changed, proven once more.
    again = pool.play(_NEWEST)

    assert (again.exit_code, again.changed) == (0, 0), again.output
    assert again.result("Prove that it is empty")["msg"] == _EMPTY
    assert again.facts["empty"] is True
    # What a tenant wrote was nowhere carried out.
    for played in (stopped, checked, asked, partly, night, emptied, again):
        assert "\x1b" not in played.output


def _answers() -> dict[str, Any]:
    """What AWX passes on of the survey: all are strings and numbers."""
    survey = json.loads((playbooks.COLLECTION / "survey.json").read_text())
    return {
        **{one["variable"]: one["default"] for one in survey["spec"]},
        "evacuate_pool_source": _SOURCE,
        "evacuate_pool_destination": f"{moves.BETA}\n",
        "evacuate_pool_auto_approve": "true",
    }


def _assert_reported(folder: pathlib.Path, pool: _Pool) -> None:
    """The report of the run, with the name as it is."""
    reports = list(folder.glob("report.csv"))
    assert len(reports) == 1
    with reports[0].open(newline="", encoding="utf-8") as stream:
        rows = {row["volume_id"]: row for row in csv.DictReader(stream)}
    assert {i: row["result"] for i, row in rows.items()} == dict(
        zip(pool.ids, ("done", "done", "blocked"), strict=True)
    )
    assert rows[pool.ids[1]]["volume_name"] == HOSTILE


def test_after_a_kill_it_goes_on_and_ends_the_cordon(
    make: resources.Resources,
    play: playbooks.Player,
    tmp_path: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    pool = _Pool(make, play, tmp_path, [{}, {}])
    given: dict[str, Any] = {**_APPROVED, "evacuate_pool_max_parallel": 1}
    set_faults("beta", create="slow:3")
    playing = pool.start(_OLDEST, **given)
    resources.until("a move", lambda: pool.journal.begun)
    (pid,) = playbooks.pids_of("apply", pool.records)
    os.kill(pid, signal.SIGKILL)
    killed = playing.end()

    assert killed.exit_code == 2, killed.output
    assert "The moves ended with exit code -9" in killed.failure
    assert pool.status() == "disabled"
    unasked = pool.play(_OLDEST)

    assert unasked.failure.startswith("An earlier run was interrupted: ")
    resumed = pool.play(_OLDEST, **given)

    assert resumed.exit_code == 0, resumed.output
    assert resumed.facts["text"] == _EMPTY
    pool.assert_moved_once()
    # The same plan, not another one, which would leave the cordon alone.
    told = "\n".join(resumed.result("Report the run")["msg"])
    assert "is disabled since an earlier run of this plan" in told


def test_a_failed_move_fails_it_and_the_canary_keeps_the_rest(
    make: resources.Resources,
    play: playbooks.Player,
    tmp_path: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    pool = _Pool(make, play, tmp_path, [{}, {}])
    set_faults("beta", create="fail")

    failed = pool.play(_OLDEST, **_APPROVED, evacuate_pool_cordon="none")

    assert (failed.exit_code, failed.changed) == (2, 0), failed.output
    assert "The moves ended with exit code 1." in failed.failure
    (one,) = failed.facts["failed"]
    assert pool.journal.begun == {one: 1}
    assert failed.facts["moved"] == []
    assert not failed.facts["empty"]
    pool_left = set(pool.where().values())
    assert pool_left == {moves.ALPHA}
    set_faults.clear()
    for volume in pool.volumes:
        make.delete(volume.id)
