# SPDX-License-Identifier: Apache-2.0

"""What is left, on a terminal."""

from __future__ import annotations

import pytest

from volmigrateclient.core import recovery
from volmigrateclient.osc import recover

_ID = "733461b3-64d3-49e5-8aef-149fcff77f66"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_is_left_fits_and_no_id_is_broken(width: int) -> None:
    row = recover._advice_row(
        recovery.Advice(
            "old copy",
            _ID,
            "error on c1@gold#one",
            f"read the log; then: openstack volume delete {_ID}",
        )
    )

    lines = recover._lines(row, width)

    assert lines[0] == "old copy"
    assert lines[1] == f"    source: {_ID}"
    assert lines[2] == "    state: error on c1@gold#one"
    assert lines[-1] == ""
    assert max(map(len, lines)) <= width
    assert " ".join(lines).count(_ID) == 2


def test_an_age_is_for_people() -> None:
    row = ("interrupted swap", "u", "s", "d", "v", 7300, "x", "y", "")

    assert "    age: 2 h 2 min" in recover._lines(row, 80)
