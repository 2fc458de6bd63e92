# SPDX-License-Identifier: Apache-2.0

"""Each promise of the README names tests, and these are there."""

from __future__ import annotations

import pathlib
import re

import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_README = (_ROOT / "README.rst").read_text("utf-8")
_TABLE, _TARGETS = _README.partition("\nWhat it promises")[2].split(
    "\n.. _", 1
)
#: The rows: what is promised, and the tests that show it.
_ROWS = [
    row.split("\n     - ", 1)
    for row in _TABLE.partition("\n   * - ")[2].split("\n   * - ")
]
_FILES = dict(re.findall(r"_?(test_\w+): (tests/\S+)", _TARGETS))


def test_there_are_promises() -> None:
    # Else the test below would pass by finding nothing to look for.
    assert len(_ROWS) >= 25
    assert {len(row) for row in _ROWS} == {2}


@pytest.mark.parametrize(
    ("promise", "tests"),
    [pytest.param(*row, id=" ".join(row[0].split())[:40]) for row in _ROWS],
)
def test_what_is_promised_is_tested(promise: str, tests: str) -> None:
    named = re.findall("`(test_[a-z_]+)`_", tests)
    assert named, promise
    for name in named:
        assert "def test_" in (_ROOT / _FILES[name]).read_text("utf-8"), name
