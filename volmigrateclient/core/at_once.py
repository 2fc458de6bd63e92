# SPDX-License-Identifier: Apache-2.0

"""Reads that do not need each other's answers, asked at the same time.

Large clouds take seconds for a list of pools or services; one after another
they would add up before every move.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any


def read(reads: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What each read gives, by its name; nothing else may be changed by one.

    :raises Exception: the first, in the reads' order, of those that failed
    """
    answers: dict[str, Any] = {}
    failures: dict[str, Exception] = {}

    def ask(name: str) -> None:
        try:
            answers[name] = reads[name]()
        except Exception as failure:  # noqa: BLE001 (raised below)
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
