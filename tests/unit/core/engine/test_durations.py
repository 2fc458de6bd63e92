# SPDX-License-Identifier: Apache-2.0

"""When to look again."""

from __future__ import annotations

import pytest

from volmigrateclient.core.engine.durations import poll_interval


@pytest.mark.parametrize(
    ("age", "seconds"),
    [(0, 0.25), (1, 0.25), (10, 0.5), (60, 3), (200, 10), (9999, 10)],
)
def test_looks_get_rarer_with_age(age: float, seconds: float) -> None:
    assert poll_interval(age) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("age", "typical", "seconds"),
    [
        (0, 0, 0.1),
        (1, 0, 0.1),
        (2, 0, 0.1),
        (10, 0, 0.3),
        (60, 0, 1.8),
        (0, 0.2, 0.1),
        (0, 0.8, 0.2),
        (0, 2, 0.25),
        (0, 30, 1.5),
        (60, 30, 1.8),
        (0, 999, 10),
    ],
)
def test_close_looks_are_spread_by_how_long_moves_take(
    age: float, typical: float, seconds: float
) -> None:
    assert poll_interval(age, typical, True) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("age", "move_age", "seconds"),
    [
        (0, 0, 1.5),
        (20, 30, 1.5),
        # Verifying and cleaning up are no second copy.
        (0, 30, 0.1),
        (2, 32, 0.2),
        (20, 50, 1.5),
    ],
)
def test_what_begins_late_in_a_move_is_looked_at_as_if_it_were_short(
    age: float, move_age: float, seconds: float
) -> None:
    assert poll_interval(age, 30, True, move_age) == pytest.approx(seconds)


@pytest.mark.parametrize("typical", [0, 0.2, 2])
def test_looks_that_a_path_counts_last_a_while(typical: float) -> None:
    assert poll_interval(0, typical) == 0.25


@pytest.mark.parametrize(
    ("age", "move_age", "seconds"),
    [
        # What has just begun may end soon, however old the move is.
        (0, 600, 0.1),
        (5, 600, 0.5),
        (100, 600, 10),
        # It is the move that ends late.
        (20, 20, 0.6),
        (20, 35, 1.05),
        (20, 200, 2),
    ],
)
def test_close_looks_depend_on_the_move_s_age_and_the_wait_s(
    age: float, move_age: float, seconds: float
) -> None:
    assert poll_interval(age, 0.0, True, move_age) == pytest.approx(seconds)
