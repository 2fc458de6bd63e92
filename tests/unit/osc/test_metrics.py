# SPDX-License-Identifier: Apache-2.0

"""How a plan gets on, in Prometheus' format."""

from __future__ import annotations

import pathlib
import re
import stat
from typing import Any

import pytest
from prometheus_client import parser

from tests.unit import builders
from volmigrateclient.core import model, paths
from volmigrateclient.core.model import errors
from volmigrateclient.osc import metrics

_GIB = 2**30


def _move(number: int) -> paths.Move:
    cloud: Any = None
    return paths.Move(
        cloud, builders.request(builders.migrate(resource_id=f"v{number}"))
    )


def _result(number: int, outcome: paths.Outcome) -> paths.MoveResult:
    return paths.MoveResult(
        builders.migrate(resource_id=f"v{number}"),
        model.Path.MIGRATE,
        outcome,
        size=10,
        elapsed=2.5,
    )


class Shown:
    """Metrics of four volumes, and what Prometheus reads of them."""

    def __init__(self, folder: pathlib.Path, plan: str = "plan.json") -> None:
        self.path = folder / "moves.prom"
        self.now = 1000.0
        self.metrics = metrics.Metrics(
            self.path,
            plan,
            {f"v{n}": 10 for n in range(4)},
            now=lambda: self.now,
        )

    @property
    def families(self) -> dict[str, Any]:
        return {
            family.name: family
            for family in parser.text_string_to_metric_families(
                self.path.read_text()
            )
        }

    def value(self, name: str, **labels: str) -> float | None:
        for family in self.families.values():
            for sample in family.samples:
                if sample.name == f"volmigrate_{name}" and (
                    sample.labels == {"plan": "plan.json", **labels}
                ):
                    return float(sample.value)
        return None


def test_what_has_become_of_the_volumes(tmp_path: pathlib.Path) -> None:
    shown = Shown(tmp_path)
    shown.metrics.phase(_move(0), "copying", 1.0)
    shown.metrics.phase(_move(1), "copying", 1.0)
    shown.metrics.waiting({"total": 2})
    shown.metrics.ended(_result(0, paths.Outcome.DONE))
    shown.metrics.ended(_result(2, paths.Outcome.FAILED))
    shown.metrics.warning(_move(1), "careful")
    shown.metrics.retrying("503; asking again")
    shown.metrics.expected_end = 1060.5
    shown.metrics.write()

    assert shown.value("volumes", state="running") == 1
    assert shown.value("volumes", state="waiting") == 1
    assert shown.value("volumes", state="done") == 1
    assert shown.value("volumes", state="failed") == 1
    assert shown.value("volumes", state="already there") == 0
    assert shown.value("waiting_volumes", cap="total") == 2
    assert shown.value("bytes", state="moved") == 10 * _GIB
    assert shown.value("bytes", state="left") == 20 * _GIB
    assert shown.value("move_duration_seconds_sum") == 2.5
    assert shown.value("move_duration_seconds_count") == 1
    assert shown.value("warnings_total") == 1
    assert shown.value("retries_total") == 1
    assert shown.value("active") == 1
    assert shown.value("start_timestamp_seconds") == 1000
    assert shown.value("expected_end_timestamp_seconds") == 1060.5
    assert shown.value("exit_code") is None


def test_names_follow_prometheus_rules(tmp_path: pathlib.Path) -> None:
    shown = Shown(tmp_path)
    shown.metrics.expected_end = 5.0
    shown.metrics.waiting({"source c1@gold#one": 1})
    shown.metrics.over(0)

    families = shown.families
    assert len(families) >= 11
    for name, family in families.items():
        assert re.fullmatch(r"volmigrate_[a-z]+(_[a-z]+)*", name)
        assert family.documentation.endswith(".")
        for sample in family.samples:
            # Counters end so, and nothing else does.
            counted = sample.name.endswith("_total")
            assert counted == (family.type == "counter"), sample.name
            assert set(sample.labels) <= {"plan", "state", "cap"}
    # Lint of promtool: times and sizes in base units.
    assert families["volmigrate_bytes"].type == "gauge"
    assert families["volmigrate_move_duration_seconds"].type == "summary"


def test_a_name_may_hold_anything(tmp_path: pathlib.Path) -> None:
    plan = 'a "plan"\\with\nall.json'
    shown = Shown(tmp_path, plan)
    shown.metrics.write()

    (sample,) = shown.families["volmigrate_active"].samples
    assert sample.labels == {"plan": plan}


def test_it_is_written_now_and_then_and_at_the_end(
    tmp_path: pathlib.Path,
) -> None:
    shown = Shown(tmp_path)
    shown.metrics.write()
    shown.metrics.ended(_result(0, paths.Outcome.DONE))
    assert shown.value("volumes", state="done") == 0
    shown.now += 5
    shown.metrics.waiting({})
    assert shown.value("volumes", state="done") == 1
    assert shown.value("update_timestamp_seconds") == 1005

    shown.metrics.ended(_result(1, paths.Outcome.DONE))
    shown.metrics.over(3)

    assert shown.value("volumes", state="done") == 2
    assert shown.value("active") == 0
    assert shown.value("exit_code") == 3


def test_it_is_replaced_and_everybody_may_read_it(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "moves.prom"
    path.write_text("old")
    with path.open() as old:
        with metrics.to(path, "p", {}, pytest.fail) as found:
            assert found is not None
            found.over(0)
        # Who had it open goes on to read the one of before.
        assert old.read() == "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_said_before_anything_moves(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "none" / "moves.prom"

    with (
        pytest.raises(errors.UnwritableError, match="cannot write"),
        metrics.to(path, "p", {}, pytest.fail),
    ):
        pytest.fail("it went on")


def test_what_cannot_be_written_later_is_said_at_the_end(
    tmp_path: pathlib.Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    complaints: list[str] = []

    with metrics.to(
        folder / "moves.prom", "p", {}, complaints.append
    ) as found:
        assert found is not None
        (folder / "moves.prom").unlink()
        folder.rmdir()
        found.over(0)

    assert complaints == [
        f"cannot write {folder}/moves.prom: No such file or directory"
    ]


def test_after_an_error_it_is_no_longer_active(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "moves.prom"

    with (
        pytest.raises(errors.FailedError),
        metrics.to(path, "p", {}, pytest.fail),
    ):
        raise errors.FailedError("broken")

    assert 'volmigrate_active{plan="p"} 0' in path.read_text()


def test_without_a_file_there_is_nothing() -> None:
    with metrics.to(None, "p", {}, pytest.fail) as found:
        assert found is None
