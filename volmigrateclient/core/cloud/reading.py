# SPDX-License-Identifier: Apache-2.0

"""How several answers are read: side by side, in turn, or not at all."""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable, Mapping
from typing import Any

from volmigrateclient.core.model import errors

_T = typing.TypeVar("_T")

#: What to read, by the name under which its answer is wanted.
Reads = Mapping[str, Callable[[], Any]]
#: Gives each read's answer by its name.
Reader = Callable[[Reads], dict[str, Any]]


def read_concurrently(reads: Reads) -> dict[str, Any]:
    """Read what does not need each other's answers, all at the same time.

    Large clouds take seconds for a list of pools or services; one after
    another they would add up before every move.

    :param reads: none may change anything that another one reads
    :raises BaseException: the first, in the reads' order, of what they raised
    """
    answers: dict[str, Any] = {}
    failures: dict[str, BaseException] = {}

    def ask(name: str) -> None:
        try:
            answers[name] = reads[name]()
        except BaseException as failure:  # noqa: BLE001 (raised below)
            failures[name] = failure

    # No executor: it would have a user's Ctrl-C wait for the last answer.
    threads = [
        threading.Thread(target=ask, args=(name,), daemon=True)
        for name in reads
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in reads:
        if name in failures:
            raise failures[name]
    return answers


def read_in_turn(reads: Reads) -> dict[str, Any]:
    """Read one after another: for answers that are at hand already.

    :raises Exception: the first that failed
    """
    return {name: read() for name, read in reads.items()}


def none_if_forbidden(read: Callable[[], _T]) -> _T | None:
    """What a read gives; None where policy keeps it from this user."""
    try:
        return read()
    except errors.ForbiddenError:
        return None
