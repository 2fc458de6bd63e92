# SPDX-License-Identifier: Apache-2.0

"""A job in the air: its path, what it waits for, and how it came down."""

from __future__ import annotations

import dataclasses
import logging

from volmigrateclient.core import action as action_
from volmigrateclient.core import errors, paths
from volmigrateclient.core import job as job_
from volmigrateclient.core import move as move_

LOG = logging.getLogger(__name__)


@dataclasses.dataclass
class Flight:
    """A job in the air; times are the engine's clock's, in seconds.

    ``phase_since`` is when what it waits for was another thing;
    ``announced`` and ``warned`` are what was reported of it so far.
    """

    job: job_.Job
    move: move_.Move
    steps: move_.Steps
    started_at: float
    wait: move_.Wait
    due: float
    phase_since: float | None = None
    told_to_stop: bool = False
    stopped_at: float = 0.0
    announced: bool = False
    warned: int = 0
    error: errors.MigrateError | None = None

    @property
    def size(self) -> int:
        """GiB, or 0 as long as the volume was not looked at."""
        return self.move.survey.volume.size if self.move.survey else 0

    @property
    def deadline(self) -> float:
        """When the move's own time is over."""
        return self.started_at + self.move.options.seconds(self.size)

    @property
    def seen_no_more(self) -> bool:
        """Whether our credentials are at an end; via Nova there are others."""
        return (
            isinstance(self.error, errors.UnauthorizedError)
            and self.move.path is not action_.Path.SWAP_VIA_NOVA
        )

    def advance(
        self,
        reading: move_.Reading | None,
        signal: errors.HandOver | None = None,
    ) -> move_.Ending | None:
        """Send the path its reading, or throw it a reason to stop.

        :param reading: None is the first call
        :returns: how it ended, or None where it waits again
        """
        before = self.wait.phase
        if reading is not None and self.move.survey is not None:
            moved = self.move.survey.volume
            self.move.latest = reading.volumes.get(moved.id, self.move.latest)
        try:
            if signal is not None:
                self.wait = self.steps.throw(signal)
            elif reading is None:
                self.wait = next(self.steps)
            else:
                self.wait = self.steps.send(reading)
        except StopIteration as stop:
            ending: move_.Ending = stop.value
            return ending
        except errors.HandOver as hand_over:
            return paths.handed_over(self.move, hand_over)
        except errors.MigrateError as error:
            self.error = error
            return self._ending_by(error)
        except Exception as error:
            # A bug of ours in one move must not leave all others halfway.
            LOG.debug("internal error", exc_info=True)
            return move_.Ending(
                move_.Outcome.UNDECIDED,
                f"internal error, please report it with --debug: {error!r}. "
                "Look at the volume before you do anything, and see "
                "'openstack volume watcher-migrate recover'",
            )
        if self.wait.phase != before:
            self.phase_since = None
        return None

    def _ending_by(self, error: errors.MigrateError) -> move_.Ending:
        move, outcome = self.move, move_.Outcome.FAILED
        if self.seen_no_more and move.under_way:
            # That we see nothing any more is no failure of what Cinder does.
            return paths.handed_over(move, errors.LostSight(str(error)))
        if isinstance(error, errors.RefusedError | errors.ChangedError) or (
            # What a plan names may have been deleted since.
            isinstance(error, errors.LookupFailedError)
            and move.options.unattended
        ):
            outcome = move_.Outcome.REFUSED
        elif isinstance(error, errors.QuarantineError):
            outcome = move_.Outcome.UNDECIDED
        return move_.Ending(outcome, str(error))
