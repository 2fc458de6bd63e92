# SPDX-License-Identifier: Apache-2.0

"""What somebody wants changed while moves go on.

Nothing in flight is ever touched: Cinder can neither cancel nor slow down a
copy. What can be changed is whether, how many and which moves start next.
"""

from __future__ import annotations

import dataclasses
import enum
import queue as queues
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent import futures

from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.queue import Numbered, Queue

#: Why a job was not started that somebody took out.
SKIPPED = "skipped with 'control'"


class Verb(enum.Enum):
    """What can be asked for; the value is what users write."""

    PAUSE = "pause"
    RESUME = "resume"
    CAPS = "caps"
    SKIP = "skip"
    NEXT = "next"
    STATUS = "status"


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One thing that somebody asks for.

    :param volume: ID or name, to skip or to move next
    :param limits: caps to change, by their names in :class:`.Limits`; None
        is no limit
    """

    verb: Verb
    volume: str | None = None
    limits: Mapping[str, int | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of an instruction, and how things are then.

    :param heeded: False where nothing was changed although it was asked for
    """

    text: str
    heeded: bool
    paused: bool
    running: int
    waiting: int
    parallel: int
    per_source: int | None
    per_destination: int | None


@dataclasses.dataclass(frozen=True)
class _Done:
    """What was done, and the job that was taken out of the queue for it."""

    text: str
    heeded: bool = True
    skipped: Numbered | None = None


class Throttle:
    """Takes instructions from other threads; the engine carries them out.

    :param admission: whose pause and caps are changed
    :param volumes: all that the plan is about, ID to name
    """

    def __init__(
        self,
        admission: Admission,
        volumes: Mapping[str, str | None] | None = None,
    ) -> None:
        self._admission = admission
        self._volumes = dict(volumes or {})
        self._inbox: queues.SimpleQueue[
            tuple[Instruction, futures.Future[Answer]]
        ] = queues.SimpleQueue()
        self._skipped: set[str] = set()
        self._next: list[str] = []
        self._ended: set[str] = set()
        #: Whether anything was changed by now.
        self.used = False
        #: Called when there is something to do, by any thread.
        self.ring: Callable[[], None] = lambda: None

    def tell(self, instruction: Instruction) -> futures.Future[Answer]:
        """Hand over an instruction, from any thread."""
        if instruction.verb is Verb.PAUSE:
            # Not when the engine next comes round to it: the cloud may take
            # its time to answer, and a pause is to hold at once.
            self._admission.paused = True
        answer: futures.Future[Answer] = futures.Future()
        self._inbox.put((instruction, answer))
        self.ring()
        return answer

    @property
    def told(self) -> bool:
        """Whether there is an instruction to carry out."""
        return not self._inbox.empty()

    def prepare(self, queue: Queue) -> Iterator[Numbered]:
        """Have a new queue heed what was told before it was there.

        :returns: the jobs to skip, which are no longer in the queue
        """
        for volume_id in self._next:
            queue.put_first(volume_id)
        for volume_id in self._skipped:
            taken = queue.remove(volume_id)
            if taken is not None:
                yield taken

    def heed(
        self, queue: Queue, running: Collection[str]
    ) -> Iterator[tuple[str, Numbered | None]]:
        """Carry out what was told since.

        :param running: the volumes of the jobs that are at work
        :returns: for each instruction what was done, and the job that it
            took out of the queue
        """
        while self.told:
            instruction, answer = self._inbox.get()
            done = self._act(instruction, queue, running)
            limits = self._admission.limits
            answer.set_result(
                Answer(
                    done.text,
                    done.heeded,
                    self._admission.paused,
                    len(running),
                    len(queue),
                    limits.parallel,
                    limits.per_source,
                    limits.per_destination,
                )
            )
            if instruction.verb is not Verb.STATUS:
                self.used |= done.heeded
                yield done.text, done.skipped

    def _act(
        self, instruction: Instruction, queue: Queue, running: Collection[str]
    ) -> _Done:
        admission, verb = self._admission, instruction.verb
        standing = f"{_moves(len(running))} in flight, {len(queue)} waiting"
        if verb in (Verb.SKIP, Verb.NEXT):
            return self._choose(instruction, queue, running)
        if verb is Verb.STATUS:
            return _Done(standing)
        if verb is Verb.CAPS:
            return self._cap(instruction.limits)
        admission.paused = verb is Verb.PAUSE
        if admission.paused:
            return _Done(f"paused: nothing more is started; {standing}")
        return _Done(f"resumed: {standing}")

    def _cap(self, limits: Mapping[str, int | None]) -> _Done:
        before = self._admission.limits
        after = dataclasses.replace(before, **limits)  # type: ignore[arg-type]
        self._admission.limits = after
        told = [
            f"{label} {_text(getattr(before, name))} -> "
            f"{_text(getattr(after, name))}"
            for name, label in (
                ("parallel", "--max-parallel"),
                ("per_source", "--max-per-source"),
                ("per_destination", "--max-per-destination"),
            )
            if name in limits
        ]
        return _Done(f"caps changed: {', '.join(told)}")

    def _choose(
        self, instruction: Instruction, queue: Queue, running: Collection[str]
    ) -> _Done:
        wanted = instruction.volume or ""
        found = self._found(wanted)
        if len(found) != 1:
            how = "no volume" if not found else f"{len(found)} volumes"
            return _Done(
                f"the plan has {how} with a name or ID of '{wanted}'", False
            )
        (volume_id,) = found
        if volume_id in running:
            return _Done(f"volume {volume_id} is moving already", False)
        if volume_id in self._skipped:
            return _Done(f"volume {volume_id} was skipped already", False)
        if volume_id in self._ended:
            return _Done(f"volume {volume_id} has ended already", False)
        if instruction.verb is Verb.NEXT:
            self._next.append(volume_id)
            queue.put_first(volume_id)
            return _Done(f"volume {volume_id} is next, as far as caps allow")
        self._skipped.add(volume_id)
        return _Done(
            f"volume {volume_id} is skipped in this run",
            skipped=queue.remove(volume_id),
        )

    def _found(self, wanted: str) -> list[str]:
        if wanted.lower() in self._volumes:
            return [wanted.lower()]
        return [i for i, name in self._volumes.items() if name == wanted]

    def ended(self, volume_id: str) -> None:
        """A job's volume has come to an end."""
        self._ended.add(volume_id)


def _moves(number: int) -> str:
    return f"{number} move{'' if number == 1 else 's'}"


def _text(limit: int | None) -> str:
    return "none" if limit is None else str(limit)
