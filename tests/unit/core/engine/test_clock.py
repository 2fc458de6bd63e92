# SPDX-License-Identifier: Apache-2.0

"""The real clock, for as short as can be."""

from __future__ import annotations

import threading

from volmigrateclient.core.engine.clock import Clock


def test_it_sleeps_so_long() -> None:
    real = Clock()
    before = real.now()

    real.sleep(0.02, lambda: False)

    assert 0.02 <= real.now() - before < 20


def test_it_wakes_up_when_it_is_rung_for_a_reason() -> None:
    real = Clock()
    before = real.now()
    real.ring()
    asked: list[float] = []

    def wake() -> bool:
        asked.append(real.now())
        if len(asked) == 2:
            threading.Thread(target=real.ring).start()
        return len(asked) == 3

    real.sleep(60, wake)

    # At the beginning, and for each time it was rung.
    assert len(asked) == 3
    assert real.now() - before < 0.9
