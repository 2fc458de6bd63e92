# SPDX-License-Identifier: Apache-2.0

"""What became of a plan, and what it is about to do, on a terminal."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from osc_lib import exceptions

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.engine.admission import Limits
from volmigrateclient.core.model import check
from volmigrateclient.core.paths import MoveResult, Outcome
from volmigrateclient.core.planning import summary
from volmigrateclient.core.planning.plan import Plan, PlannedAction
from volmigrateclient.core.planning.planner import Readiness
from volmigrateclient.osc import apply_options, apply_view, frame, terminal

_SNAPSHOTS = check.Check.blocked(
    "Snapshots", check.COLD_STATE, "the volume has 1 snapshot", "delete it"
)
_NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)


def _result(outcome: Outcome, reason: str = "", **more: Any) -> MoveResult:
    return MoveResult(
        builders.migrate(),
        model.Path.MIGRATE,
        outcome,
        reason=reason,
        volume_id=builders.VOLUME_ID,
        volume_name="data",
        source_node=builders.POOL,
        size=10,
        **more,
    )


def test_what_needs_attention_is_shown_and_no_word_twice() -> None:
    results = [
        _result(Outcome.DONE, elapsed=5),
        _result(Outcome.BLOCKED, "long", blockers=(_SNAPSHOTS,)),
        *[_result(Outcome.NOT_STARTED, "interrupted")] * 12,
        _result(Outcome.FAILED, "Cinder ended it", elapsed=75),
        _result(
            Outcome.INTERRUPTED,
            "interrupted; the move of volume v continues in the cloud",
            elapsed=9,
        ),
        _result(Outcome.DONE, warnings=("its old copy is left",), elapsed=2),
    ]

    assert apply_view.screen(results, terminal.Size(80, 24)) == [
        "",
        "What blocks, with the first remedy of each",
        "  Snapshots: 1 volume, 10 GiB",
        "    the volume has 1 snapshot",
        "    remedy: delete it",
        "",
        "Not started",
        "  12 volumes: interrupted",
        "",
        "data  10 GiB  c1@gold#one -> c2@gold#two  failed  1 min",
        "    11111111-1111-4111-8111-111111111111",
        "    Cinder ended it",
        "data  10 GiB  c1@gold#one -> c2@gold#two  interrupted  9 s",
        "    11111111-1111-4111-8111-111111111111",
        "    the move of volume v continues in the cloud",
        "data  10 GiB  c1@gold#one -> c2@gold#two  done  2 s",
        "    11111111-1111-4111-8111-111111111111",
        "    its old copy is left",
        "",
    ]
    assert apply_view.total(results) == (
        "2 of 17 done, 1 blocked, 12 not started, 1 failed, 1 interrupted"
    )


def test_a_name_begins_no_line_of_its_own() -> None:
    result = dataclasses.replace(
        _result(Outcome.FAILED, "why"), volume_name="a\nremedy: rm -rf /"
    )

    lines = apply_view.screen([result], terminal.Size(120, 40))

    assert not [one for one in lines if one.strip().startswith("remedy")]
    assert "a\\nremedy: rm -rf /" in "\n".join(lines)


def test_hundreds_that_failed_fit() -> None:
    lines = apply_view.screen(
        [_result(Outcome.FAILED, "why")] * 3000, terminal.Size(120, 40)
    )

    assert len(lines) <= 40
    assert lines[-2] == (
        "and 2,989 more moves: --long, --report, or -f json shows all"
    )


def test_nothing_to_attend_to_is_nothing_to_show() -> None:
    done = [_result(Outcome.DONE), _result(Outcome.ALREADY_THERE)]

    assert apply_view.screen(done, terminal.Size()) == [""]


@pytest.mark.parametrize(
    ("limits", "canaries", "end", "told"),
    [
        (
            Limits(parallel=4),
            0,
            None,
            ["moves at once: 4 in all, 1 of a server"],
        ),
        (
            Limits(4, 1, 2, 5, 3),
            2,
            _NOON,
            [
                (
                    "moves at once: 4 in all, 1 from one pool, 2 to one pool "
                    "or type, 1 of a server"
                ),
                "canary: 2 moves first, and the rest only if all are verified",
                "nothing more is started after 5 failed moves",
                (
                    "a route from pool to pool is stopped after 3 failed "
                    "moves there"
                ),
                (
                    "nothing is started that is not expected to end by 12:00 "
                    "tomorrow (Wednesday)"
                ),
            ],
        ),
    ],
)
def test_the_rules_are_told_before_it_starts(
    limits: Limits,
    canaries: int,
    end: datetime.datetime | None,
    told: list[str],
) -> None:
    assert frame.rules(limits, canaries, end, _NOON.replace(day=24)) == told


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (0, []),
        (
            1200,
            [
                (
                    "live moves: 1,200; at the end of one Cinder may lose "
                    "the attachment, less often with fewer at once "
                    "(--max-parallel) and while cinder-volume has little "
                    "else to do"
                )
            ],
        ),
    ],
)
def test_the_risk_of_live_moves_is_told_where_there_are_any(
    live: int, told: list[str]
) -> None:
    swap = builders.action(migration_type="swap")

    assert frame.live_moves([builders.migrate(), *[swap] * live]) == told


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (_NOON.replace(hour=8), "12:00 today (Wednesday)"),
        (_NOON.replace(day=24, hour=22), "12:00 tomorrow (Wednesday)"),
    ],
)
def test_a_window_says_which_day_it_means(
    now: datetime.datetime, text: str
) -> None:
    assert frame.when(_NOON, now) == text


@pytest.mark.parametrize(
    ("moving", "text"),
    [
        (0, "Move 3 volumes (30 GiB)?"),
        (2, "Move 3 volumes (30 GiB), and wait for 2 that Cinder moves?"),
    ],
)
def test_the_question_says_what_will_move(moving: int, text: str) -> None:
    counts = {
        Readiness.READY: summary.Count(3, 30),
        Readiness.MOVING: summary.Count(moving, 0),
        Readiness.BLOCKED: summary.Count(7, 70),
    }

    assert frame.question(summary.Summary(counts)) == text


@pytest.mark.parametrize(
    ("blocked", "text"),
    [
        ([(), ()], "2 volumes, 20 GiB"),
        (
            [("Snapshots", "Group"), ("Snapshots",), ()],
            (
                "3 volumes, 30 GiB; blocked when planned: 2 (Snapshots 2, "
                "Group 1)"
            ),
        ),
    ],
)
def test_what_was_blocked_when_it_was_planned_is_told_once(
    blocked: list[tuple[str, ...]], text: str
) -> None:
    plan = Plan(
        "https://keystone",
        None,
        "",
        tuple(
            PlannedAction(
                builders.migrate(), model.PlannedVolume(size=10), names
            )
            for names in blocked
        ),
    )

    assert frame.planned(plan) == text


@pytest.mark.parametrize(
    ("until", "end"),
    [
        (None, None),
        (datetime.time(12, 1), _NOON.replace(minute=1)),
        (datetime.time(6), _NOON.replace(day=26, hour=6)),
        (datetime.time(11), _NOON.replace(day=26, hour=11)),
    ],
)
def test_a_time_of_day_is_the_next_such(
    until: datetime.time | None, end: datetime.datetime | None
) -> None:
    assert apply_options.end(until, _NOON) == end


@pytest.mark.parametrize("until", [datetime.time(12), datetime.time(11, 1)])
def test_a_time_just_past_is_not_taken_for_tomorrow(
    until: datetime.time,
) -> None:
    with pytest.raises(
        exceptions.CommandError, match=r"is past: it is 12:00; nothing was"
    ):
        apply_options.end(until, _NOON)
