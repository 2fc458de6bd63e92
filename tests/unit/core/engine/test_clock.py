# SPDX-License-Identifier: Apache-2.0

"""The real clock, for as short as can be."""

from __future__ import annotations

from volmigrateclient.core.engine.clock import Clock


def test_it_sleeps_so_long() -> None:
    real = Clock()
    before = real.now()

    real.sleep(0.02, lambda: False)

    assert 0.02 <= real.now() - before < 0.5


def test_it_wakes_up_when_told() -> None:
    real = Clock()
    before = real.now()
    told = iter([False, True])

    real.sleep(60, lambda: next(told))

    assert real.now() - before < 1
