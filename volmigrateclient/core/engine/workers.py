# SPDX-License-Identifier: Apache-2.0

"""Threads that do what has to wait for the cloud, for the engine's thread.

The engine submits tasks, and takes in what came of them when it likes. The
threads are daemons and nobody joins them: a user who leaves with the last
Ctrl-C is not to wait for an answer, as an executor would have it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import typing
from collections.abc import Callable, Iterator

_T = typing.TypeVar("_T")

#: Tasks at work at the same time, whatever there is to do.
MOST = 8


@dataclasses.dataclass(frozen=True)
class _Outcome(typing.Generic[_T]):
    """What came of a task: what it gave, or what it raised."""

    key: int
    value: _T | None = None
    failure: BaseException | None = None


_Task = tuple[int, Callable[[], _T]]


class Workers(typing.Generic[_T]):
    """Runs tasks at the same time, in the order in which they came.

    :param most: tasks at work at once; with 1 there is no thread, and a task
        is run where it is submitted
    :param ring: called, from any thread, after a task has ended
    """

    def __init__(self, most: int, ring: Callable[[], None]) -> None:
        self._most = min(most, MOST)
        self._ring = ring
        self._threads = 0
        self._under_way = 0
        # These queues may be used by a thread that is interrupted in them.
        self._tasks: queue.SimpleQueue[_Task[_T] | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[_Outcome[_T]] = queue.SimpleQueue()

    def submit(self, key: int, task: Callable[[], _T]) -> None:
        """Have a task run as soon as a thread is free.

        :param key: by which :meth:`ended` names it
        """
        self._under_way += 1
        if self._most == 1:
            self._ended.put(_run(key, task))
            return
        if self._threads < min(self._under_way, self._most):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()
        self._tasks.put((key, task))

    @property
    def any_ended(self) -> bool:
        """Whether there is something to take in."""
        return not self._ended.empty()

    def ended(self) -> Iterator[tuple[int, _T]]:
        """The tasks that have ended since, each with what it gave.

        :raises BaseException: what a task raised
        """
        while not self._ended.empty():
            outcome = self._ended.get()
            self._under_way -= 1
            if outcome.failure is not None:
                raise outcome.failure
            yield outcome.key, typing.cast("_T", outcome.value)

    def close(self) -> None:
        """Begin no task any more; do not wait for those under way."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()
        for _ in range(self._threads):
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._ended.put(_run(*task))
            self._ring()


def _run(key: int, task: Callable[[], _T]) -> _Outcome[_T]:
    try:
        return _Outcome(key, task())
    except BaseException as failure:  # noqa: BLE001 (raised by ended())
        return _Outcome(key, failure=failure)
