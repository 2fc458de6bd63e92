# SPDX-License-Identifier: Apache-2.0

"""Reading the volumes of many moves at once, and those that come next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.clock import Clock
from volmigrateclient.core.engine.queue import FRESH, Prefetch, Queue
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

#: Seconds until the cloud is asked again that did not answer so many times.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
#: Seconds for which a cloud may not answer before anything was started.
_OUTAGE = 600.0
#: Volumes that one read asks for.
_PER_REQUEST = 50
#: From so many volumes on, whole pools are listed.
_MANY = 500


class Readings:
    """Reads for the engine, in its thread.

    :param reporter: is told when the cloud did not answer
    :ivar took: seconds until the last read for moves was answered
    """

    def __init__(
        self,
        cloud: Cloud,
        reporter: Reporter,
        clock: Clock,
        admission: Admission,
    ) -> None:
        self._cloud = cloud
        self._reporter = reporter
        self._clock = clock
        self._admission = admission
        self._failures = 0
        self.took = 0.0
        self._prefetch = Prefetch(clock.now)
        self._prefetch_size = admission.limits.parallel

    @property
    def unanswered(self) -> bool:
        """Whether the cloud did not answer when it was asked last."""
        return self._failures > 0

    def of_all(
        self,
        volume_ids: Sequence[str],
        refused: Callable[[], bool],
        nodes: Sequence[str] = (),
        seconds: float | None = None,
    ) -> dict[str, model.Volume]:
        """Read volumes before any is moved, a request for each 50.

        A cloud that does not answer is asked again.

        :param refused: whether what is missing is not needed any more
        :param nodes: the pools that most are on, probably
        :param seconds: for which the cloud may not answer; ten minutes at
            most, and by default
        :raises CloudError: the cloud refuses to show them, or does not
            answer for so long
        """
        found = self._on_pools(set(volume_ids), refused, nodes)
        left = [one for one in volume_ids if one not in found]
        end = self._clock.now() + min(
            _OUTAGE, _OUTAGE if seconds is None else seconds
        )
        for start in range(0, len(left), _PER_REQUEST):
            part = left[start : start + _PER_REQUEST]
            while not refused():
                try:
                    found.update(self._cloud.get_volumes(part))
                except errors.UnansweredError as error:
                    if self._clock.now() > end:
                        raise
                    self._clock.sleep(self.pause_after(error), refused)
                else:
                    self._failures = 0
                    break
        return found

    def _on_pools(
        self,
        wanted: Collection[str],
        refused: Callable[[], bool],
        nodes: Sequence[str],
    ) -> dict[str, model.Volume]:
        """Many volumes by lists of whole pools, a request for each 1000.

        Only as long as they are most of what is there.
        """
        found: dict[str, model.Volume] = {}

        def worth(page: Sequence[model.Volume]) -> bool:
            hits = [volume for volume in page if volume.id in wanted]
            found.update((volume.id, volume) for volume in hits)
            return not refused() and 2 * len(hits) >= len(page)

        for node in nodes:
            if len(wanted) - len(found) < _MANY or refused():
                break
            try:
                self._cloud.list_volumes_while(worth, host=node)
            except errors.CloudError:
                break  # what is missing is asked for by its ID, patiently
        return found

    def of_moves(
        self, wanted: Collection[str], queue: Queue
    ) -> dict[str, model.Volume]:
        """Read what moves wait for, and as many that come next as fit in.

        :raises CloudError: this time the cloud shows nothing
        """
        if not wanted:
            return {}
        coming = self._coming(queue, -len(wanted) % _PER_REQUEST)
        began = self._clock.now()
        found = dict(self._cloud.get_volumes(sorted({*wanted, *coming})))
        self.took = self._clock.now() - began
        self._failures = 0
        self.keep(found[i] for i in coming if i in found)
        return found

    def of_next(self, volume_id: str, queue: Queue) -> model.Volume | None:
        """A volume whose turn it is, if it was read just now.

        If it is not the last, it is read together with those that come next.
        """
        if queue and self._prefetch.stale([volume_id]):
            coming = self._coming(queue, _PER_REQUEST - 1)
            try:
                found = self._cloud.get_volumes([volume_id, *coming])
            except errors.CloudError:
                return None  # its path reads it anew, and retries
            self.keep(found.values())
        return self._prefetch.take(volume_id)

    def keep(self, volumes: Iterable[model.Volume]) -> None:
        """Keep volumes that were read just now until their turn comes."""
        self._prefetch.keep(volumes, self._clock.now())

    def pause_after(self, error: errors.CloudError) -> float:
        """Seconds until a cloud that did not answer is asked again."""
        self._failures += 1
        self._reporter.retrying(f"{error}; asking again")
        return _PAUSES[min(self._failures, len(_PAUSES)) - 1]

    def turn_was(self, over_at_once: bool) -> None:
        """Learn from a turn how many more will come soon.

        :param over_at_once: it was the first of many, perhaps, where there
            is nothing to do
        """
        if over_at_once:
            self._prefetch_size = min(self._prefetch_size * 2, _PER_REQUEST)
        else:
            self._prefetch_size = self._admission.starts_within(FRESH)

    def _coming(self, queue: Queue, room: int) -> list[str]:
        """Volumes of the jobs that come next, where a read has room.

        They are read just before their moves anyway; so it costs no
        request of their own.
        """
        most = min(room, self._prefetch_size)
        return self._prefetch.stale(queue.upcoming(most))
