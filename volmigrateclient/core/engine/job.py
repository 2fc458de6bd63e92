# SPDX-License-Identifier: Apache-2.0

"""A request as the engine takes it, and the same once it is at work."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable

from volmigrateclient.core import model, paths
from volmigrateclient.core.engine.reporter import Reporter
from volmigrateclient.core.model import errors

LOG = logging.getLogger(__name__)

#: Seconds that a path which was told to stop may take to undo things.
_GRACE = 300.0

#: From where to where: the pool that is left, and the pool or type after it.
Route = tuple[str | None, str]


@dataclasses.dataclass(frozen=True)
class Job:
    """One of the engine's jobs."""

    request: model.Request
    #: The volume, where it was read already.
    volume: model.Volume | None = None
    #: What a plan recorded; if it changed since, nothing is done.
    planned: model.PlannedVolume | None = None
    #: What to do, if not what the request's path says.
    steps: Callable[[paths.Move], paths.Steps] = paths.steps
    #: How it ends, where that is known and nothing is to be done.
    ending: paths.Ending | None = None

    @property
    def volume_id(self) -> str:
        """What the action names: an ID, or on the command line a name."""
        return self.request.action.resource_id

    @property
    def under_way(self) -> bool:
        """Whether Cinder was moving the volume when it was read."""
        return self.volume is not None and self.volume.moving

    @functools.cached_property
    def _known(self) -> model.PlannedVolume:
        if self.volume is not None:
            return model.PlannedVolume.of(self.volume)
        return self.planned or model.PlannedVolume()

    @functools.cached_property
    def route(self) -> Route:
        """The pool that the volume leaves, and the one that it goes to.

        Where Cinder chooses the pool, the type that it gets.
        """
        action = self.request.action
        return (
            self._known.host,
            action.destination_node or f"type {action.destination_type}",
        )

    @property
    def server_ids(self) -> tuple[str, ...]:
        """The servers that the volume is attached to."""
        return self._known.server_ids or ()

    @property
    def size(self) -> int:
        """GiB, or 0 where it is not known yet."""
        return self._known.size or 0


@dataclasses.dataclass
class RunningJob:
    """A job at work: its path, and what that waits for.

    All times are seconds of the engine's clock.
    """

    job: Job
    move: paths.Move
    steps: paths.Steps
    started_at: float
    wait: paths.Wait
    #: When what it waits for is to be read next.
    due: float
    #: Since when it waits for the same; None where that has just changed.
    waits_since: float | None = None
    #: When the volume was where it was to go; None until then.
    moved_at: float | None = None
    #: When it was told to stop waiting; None as long as it was not.
    stopped_at: float | None = None
    #: Whether the reporter was told that it has started.
    announced: bool = False
    #: How many of its warnings the reporter was told.
    warned: int = 0
    #: What it ended by, if that was an error.
    error: errors.MigrateError | None = None
    #: Whether a thread advances it just now: then nobody else may.
    busy: bool = False
    #: Whether it has come to its first wait.
    begun: bool = False

    @property
    def size(self) -> int:
        """GiB, or 0 as long as the volume was not surveyed."""
        return self.move.survey.volume.size if self.move.survey else 0

    @property
    def deadline(self) -> float:
        """When the move's own time is over."""
        return self.started_at + self.move.options.seconds(self.size)

    @property
    def credentials_expired(self) -> bool:
        """Whether our credentials are at an end; via Nova there are others."""
        return (
            isinstance(self.error, errors.UnauthorizedError)
            and self.move.request.path is not model.Path.SWAP_VIA_NOVA
        )

    def is_to_stop(self, now: float, interrupted: bool) -> bool:
        """Whether to tell it to stop; later, that its grace is over."""
        if self.stopped_at is not None:
            return self.grace_over(now)
        return interrupted or now > self.deadline

    def grace_over(self, now: float) -> bool:
        """Whether it was told to stop, and takes too long to undo things."""
        return self.stopped_at is not None and now - self.stopped_at > _GRACE

    def close(self) -> None:
        """Leave the path where it waits; one that is advanced goes on."""
        if not self.busy:
            self.steps.close()

    def advance(
        self,
        reading: paths.Reading | None,
        signal: errors.StopWaiting | None = None,
    ) -> paths.Ending | None:
        """Send the path its reading, or throw it a reason to stop.

        It touches nothing but the job itself, so that any thread may do it.

        :param reading: None is the first call
        :returns: how it ended, or None where it waits again
        """
        before = self.wait
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
            ending: paths.Ending = stop.value
            return ending
        except errors.StopWaiting as stopped:
            return paths.stopped_waiting(self.move, stopped)
        except errors.MigrateError as error:
            self.error = error
            return self._ended_by(error)
        except Exception as error:
            # A bug of ours in one move must not leave all others halfway.
            LOG.debug("internal error", exc_info=True)
            return paths.Ending(
                paths.Outcome.UNDECIDED,
                f"internal error, please report it with --debug: {error!r}. "
                "Look at the volume before you do anything, and see "
                "'openstack volume watcher-migrate recover'",
            )
        if signal is not None or not _same(before, self.wait):
            self.waits_since = None
        return None

    def tell(self, reporter: Reporter, now: float) -> None:
        """Tell how it is, now that it waits again."""
        if self.move.survey is not None and not self.announced:
            self.announced = True
            reporter.started(self.move)
        self.tell_warnings(reporter)
        reporter.phase(self.move, self.wait.phase, now - self.started_at)

    def tell_warnings(self, reporter: Reporter) -> None:
        """Tell what it has warned of since."""
        for text in self.move.warnings[self.warned :]:
            reporter.warning(self.move, text)
        self.warned = len(self.move.warnings)

    def _ended_by(self, error: errors.MigrateError) -> paths.Ending:
        if self.credentials_expired and self.move.under_way:
            # That we see nothing any more is no failure of what Cinder does.
            return paths.stopped_waiting(
                self.move, errors.CredentialsExpired(str(error))
            )
        recorded = self.move.planned or model.PlannedVolume()
        if isinstance(error, errors.NoVolumeError) and recorded.host:
            # It was there when it was planned; an ID that somebody wrote
            # into a plan may be misspelt.
            return paths.Ending(
                paths.Outcome.GONE,
                "the volume was deleted since it was planned",
            )
        outcome = paths.Outcome.FAILED
        if isinstance(error, errors.RefusedError | errors.ChangedError) or (
            # What a plan names may have been deleted since.
            isinstance(error, errors.LookupFailedError)
            and self.move.options.unattended
        ):
            outcome = paths.Outcome.BLOCKED
        elif isinstance(error, errors.UndecidedError):
            outcome = paths.Outcome.UNDECIDED
        return paths.Ending(
            outcome,
            str(error),
            blockers=error.blockers
            if isinstance(error, errors.RefusedError)
            else (),
        )


def _same(one: paths.Wait, other: paths.Wait) -> bool:
    """Whether a wait goes on.

    While a volume is followed another phase is but another word for people.
    """
    return one.volumes == other.volumes and (
        one.phase == other.phase or (one.poll_fast and other.poll_fast)
    )
