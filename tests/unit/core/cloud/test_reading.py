# SPDX-License-Identifier: Apache-2.0

"""Reads that are asked at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from volmigrateclient.core.cloud.reading import read_concurrently
from volmigrateclient.core.model import errors


def _fails(text: str) -> Callable[[], object]:
    def read() -> object:
        raise errors.FailedError(text)

    return read


def test_each_answer_has_its_name() -> None:
    assert read_concurrently({"a": lambda: 1, "b": lambda: None}) == {
        "a": 1,
        "b": None,
    }
    assert read_concurrently({}) == {}


def test_none_waits_for_another() -> None:
    # Each gets here only if all do.
    all_there = threading.Barrier(3, timeout=10)
    reads = dict.fromkeys("abc", all_there.wait)

    assert sorted(read_concurrently(reads).values()) == [0, 1, 2]


def test_the_first_failure_in_their_order_is_raised() -> None:
    with pytest.raises(errors.FailedError, match=r"^second$"):
        read_concurrently(
            {"a": lambda: 1, "b": _fails("second"), "c": _fails("third")}
        )
