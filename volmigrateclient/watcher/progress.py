# SPDX-License-Identifier: Apache-2.0

"""An action's events, for the applier's log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from oslo_log import log

from volmigrateclient import api
from volmigrateclient.watcher import wording

LOG = log.getLogger(__name__)


class Progress(api.Reporter):
    """Logs what changes, and gives up waiting for what is not started.

    :param cancelled: whether the action's plan was cancelled
    :ivar handle: to carry the action out with
    """

    def __init__(self, volume_id: str, cancelled: Callable[[], bool]) -> None:
        self.handle = api.Handle()
        self._volume_id = volume_id
        self._cancelled = cancelled
        self._phase = ""
        self._caps: tuple[str, ...] = ()

    def started(self, move: api.Move) -> None:
        LOG.info(
            "volume %s: checked, going by %s",
            self._volume_id,
            move.request.path.value,
        )

    def phase(self, move: api.Move, phase: str, elapsed: float) -> None:
        if phase != self._phase:
            self._phase = phase
            LOG.info(
                "volume %s: %s, after %.0f s", self._volume_id, phase, elapsed
            )

    def waiting(self, caps: Mapping[str, int]) -> None:
        if not caps:
            return
        if tuple(caps) != self._caps:
            self._caps = tuple(caps)
            LOG.info(
                "volume %s: waits for another move, cap %s",
                self._volume_id,
                ", ".join(caps),
            )
        self._heed_cancellation()

    def warning(self, move: api.Move, text: str) -> None:
        LOG.warning("volume %s: %s", self._volume_id, wording.line(text))

    def retrying(self, text: str) -> None:
        LOG.warning("volume %s: %s", self._volume_id, wording.line(text))
        self._heed_cancellation()

    def note(self, text: str) -> None:
        LOG.info("volume %s: %s", self._volume_id, wording.line(text))

    def _heed_cancellation(self) -> None:
        # What has begun comes to its end, as Watcher wants it.
        if self._cancelled():
            self.handle.stop("the action plan was cancelled")
