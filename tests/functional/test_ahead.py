# SPDX-License-Identifier: Apache-2.0
"""Forecasts, windows, control, events and metrics of a plan."""

from __future__ import annotations

import collections
import datetime
import json
import os
import pathlib
import signal
import time
from typing import Any

import pytest
from prometheus_client import parser

from tests.functional import (
    batches,
    conftest,
    killable,
    resources,
    shell,
)


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "plan.json"


def _control(
    batch: batches.Batch, *words: str
) -> tuple[shell.Completed, dict[str, Any]]:
    done = batch.openstack.migrate(
        "control", str(batch.file), *words, "-f=json"
    )
    return done, done.json if done.exit_code == 0 else {}


def _told(batch: batches.Batch, *words: str) -> dict[str, Any]:
    done, answer = _control(batch, *words)
    assert done.exit_code == 0, done.stderr
    return answer


def test_another_terminal_pauses_and_steers(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 6)
    # Long enough for everything that is said meanwhile.
    set_faults("beta", create="slow:3")
    command = batch.start("--max-parallel=1")
    batch.until_moving(1)

    paused = _told(batch, "pause")
    told_at = time.monotonic()
    begun = batch.moving()
    assert paused["paused"] is True
    assert (paused["running"], paused["waiting"]) == (1, 5)
    # The one that moves ends; none begins.
    resources.until(
        "nothing moves", lambda: _told(batch, "status")["running"] == 0
    )
    while time.monotonic() < told_at + 6:
        assert batch.moving() == begun
        time.sleep(0.2)

    queued = [one for one in batch.ids if one not in batch.journal.begun]
    skipped, first = queued[1], queued[-1]
    name = make.seen(skipped).name
    assert _told(batch, "skip", name)["waiting"] == 4
    _told(batch, "next", first)
    assert _told(batch, "caps", "--max-parallel=2")["max_parallel"] == 2
    refused, _ = _control(batch, "skip", skipped)
    assert refused.exit_code == 1
    assert f"volume {skipped} was skipped already" in refused.stderr
    assert _told(batch, "resume")["paused"] is False
    done = command.end()

    assert batches.results(done) == {"done": 5, "not started": 1}
    (row,) = [r for r in done.json if r["Result"] == "not started"]
    assert row["ID"] == skipped
    assert "skipped with 'control'" in row["Reason"]
    order = [e.volume_id for e in batch.journal.entries if e.begins]
    # Two may begin then, and their requests go out at the same time.
    assert first in order[1:3]
    assert batch.journal.begun == dict.fromkeys(set(batch.ids) - {skipped}, 1)
    assert batch.journal.most_at_once(dict.fromkeys(batch.ids, 0)) == {0: 2}
    assert "paused: nothing more is started" in done.stderr
    # It is gone with the run.
    over, _ = _control(batch, "status")
    assert over.exit_code == 1
    assert "runs on this machine" in over.stderr


def test_after_a_kill_the_socket_stays_and_the_next_run_takes_it(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 2)
    set_faults("beta", create="slow:3")
    command = batch.start("--max-parallel=1")
    batch.until_moving(1)
    # One plan is not applied twice at once.
    twice = batch.apply()
    assert twice.exit_code == 1
    assert "is being applied already" in twice.stderr
    os.kill(command.pid, signal.SIGKILL)
    command.end()

    over, _ = _control(batch, "pause")
    assert over.exit_code == 1
    assert "was killed; apply it again to resume" in over.stderr

    command = batch.start("--max-parallel=1")
    resources.until(
        "it runs",
        lambda: _control(batch, "status")[1].get("waiting") is not None,
    )
    done = command.end()
    assert done.exit_code == 0, done.stderr
    batch.assert_all_moved_once(1)


def _pace(folder: pathlib.Path, seconds: float) -> str:
    """A report by which a move takes so long."""
    path = folder / "earlier.jsonl"
    row = {
        "result": "done",
        "path": "migrate",
        "size": 1,
        "seconds": seconds,
    }
    path.write_text(f"{json.dumps(row)}\n" * 3)
    return f"--pace={path}"


def _clock(moment: datetime.datetime) -> str:
    return f"{moment:%H:%M:%S}"


def test_in_a_window_that_closes_and_opens_again(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 5)
    # One after the other: more than fits into the first window.
    set_faults("beta", create="slow:9")
    # The first process is slow to start.
    assert killable.Command(openstack, "--version").end().exit_code == 0
    # A window is told to the second.
    now = datetime.datetime.now().astimezone().replace(microsecond=0)
    closes, opens, ends = (
        now + datetime.timedelta(seconds=s) for s in (45, 80, 900)
    )
    command = batch.start(
        "--max-parallel=1",
        _pace(tmp_path, 12.0),
        f"--window={_clock(now)}-{_clock(closes)}",
        f"--window={_clock(opens)}-{_clock(ends)}",
    )
    # One that was let in just before may still be on its way to Cinder.
    settled = closes + datetime.timedelta(seconds=5)
    while datetime.datetime.now().astimezone() < settled:
        time.sleep(0.1)
    begun = batch.moving()
    assert begun < 5
    while datetime.datetime.now().astimezone() < opens:
        assert batch.moving() == begun
        time.sleep(0.1)
    done = command.end()

    assert done.exit_code == 0, done.stderr
    assert "the next window opens in" in done.stderr
    batch.assert_all_moved_once(1)


def test_what_does_not_fit_before_the_end_is_said_before(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}, {"size": 200}])
    soon = datetime.datetime.now().astimezone() + datetime.timedelta(minutes=4)

    done = batch.apply(f"--until={soon:%H:%M}", _pace(tmp_path, 5.0))

    assert batches.results(done) == {"done": 1, "not started": 1}
    assert (
        f"estimate: does not fit before {soon:%H:%M}: 1 of 2 volumes"
        in done.stderr
    )
    assert "from 3 moves of earlier reports" in done.stderr


def test_a_forecast_of_forty_moves(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    report, events = tmp_path / "report.jsonl", tmp_path / "events.jsonl"
    learnt = batches.Batch(make, openstack, file, [{}] * 12)
    assert learnt.apply(f"--report={report}").exit_code == 0
    batch = batches.Batch(make, openstack, tmp_path / "forty.json", [{}] * 40)

    done = batch.apply(f"--pace={report}", f"--events={events}")

    assert done.exit_code == 0, done.stderr
    batch.assert_all_moved_once(4)
    assert "estimate: 40 moves, 40 GiB, take about" in done.stderr
    assert "; the estimate was " in done.stderr
    summary = json.loads(events.read_text().splitlines()[-1])
    ratio = summary["expected_seconds"] / summary["seconds"]
    # Meant is 25 %; machines that do something else meanwhile are slower.
    assert 0.6 < ratio < 1.6, summary


def test_events_and_metrics(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 3)
    events, metrics = tmp_path / "events.jsonl", tmp_path / "moves.prom"

    done = batch.apply(
        "--max-parallel=1", f"--events={events}", f"--metrics={metrics}"
    )

    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert {row["schema"] for row in rows} == {1}
    times = [row["time"] for row in rows]
    assert times == sorted(times)
    by_volume = collections.defaultdict(list)
    for row in rows:
        if row.get("volume_id"):
            by_volume[row["volume_id"]].append(row["event"])
    assert set(by_volume) == set(batch.ids)
    for told in by_volume.values():
        assert told[:2] == ["planned", "phase"] or told[:2] == [
            "planned",
            "started",
        ]
        assert {"started", "phase"} <= set(told)
        assert told[-1] == "ended"
    assert {"total": 2} in [row.get("waiting_for") for row in rows]
    last = rows[-1]
    assert last["event"] == "summary"
    assert last["results"] == {"done": 3}
    assert (last["gib"], last["exit_code"]) == (3, 0)

    values = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in parser.text_string_to_metric_families(
            metrics.read_text()
        )
        for sample in family.samples
    }
    assert values["volmigrate_volumes", "done"] == 3
    assert values["volmigrate_bytes", "moved"] == 3 * 2**30
    assert values["volmigrate_active", None] == 0
    assert values["volmigrate_exit_code", None] == 0


def test_events_on_stderr_and_nothing_else(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 2)

    done = batch.apply("--events=-")

    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in done.stderr.splitlines()]
    assert rows[-1]["event"] == "summary"
    assert batches.results(done) == {"done": 2}
