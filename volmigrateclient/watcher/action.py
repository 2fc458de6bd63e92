# SPDX-License-Identifier: Apache-2.0

"""The volume migrate action, as Watcher's applier loads and runs it.

Its name is ``volume_migrate_verified``: Watcher has an action called
``volume_migrate``, and with two of one name its applier does not start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oslo_config import cfg
from oslo_log import log
from watcher.applier.actions import base
from watcher.common import exception

from volmigrateclient import api
from volmigrateclient.core.engine import Engine
from volmigrateclient.watcher import settings, wording
from volmigrateclient.watcher.progress import Progress

LOG = log.getLogger(__name__)

#: Watcher 15 and later heed it; 14 does not have it.
_Skipped: type[Exception] | None = getattr(exception, "ActionSkipped", None)

#: Watcher's own words; the spec's have the spec's refusals.
_OF_STRATEGIES = ("migrate", "retype")


class NotDone(exception.WatcherException):
    """An action did not do what it was to do.

    Of a WatcherException Watcher shows its users the text, of any other
    exception at most its name.
    """


class VolumeMigrateVerified(base.BaseAction):
    """Moves a volume to another pool or type, to its verified end.

    Every check is made in ``execute``: Watcher 14 runs an action whose
    ``pre_condition`` has failed, and takes what it returns for its end.

    :ivar cancelled: tells whether the action plan was cancelled; set by our
        workflow engine, as an action does not know its plan
    :ivar not_started: whether execute() gave up before it began
    """

    def __init__(self, config: Any, osc: Any = None) -> None:
        super().__init__(config, osc)
        self.cancelled: Callable[[], bool] = lambda: False
        self.not_started = False
        self._begun = False

    @classmethod
    def get_config_opts(cls) -> list[cfg.Opt]:
        return settings.options()

    @property
    def schema(self) -> dict[str, Any]:
        return api.WATCHER_SCHEMA

    def validate_parameters(self) -> bool:
        """Refuse parameters that fit no volume.

        :raises NotDone: naming every one that does not fit
        """
        try:
            api.Action.from_watcher(self.input_parameters, None)
        except api.InvalidActionError as error:
            raise self._not_done(str(error)) from error
        return True

    def get_description(self) -> str:
        return (
            "Moving a volume to destination_node or destination_type, and "
            "verifying that it is there"
        )

    def pre_condition(self) -> None:
        """Have Watcher skip what needs no move, where it can.

        :raises ActionSkipped: the volume is there already, or is gone
        """
        if _Skipped is None:
            return
        try:
            reason = self._nothing_to_do()
        except api.MigrateError as error:
            # execute() tells, and more patiently.
            LOG.debug("volume %s: %s", self._volume_id, error)
            return
        if reason is not None:
            LOG.info("volume %s: %s", self._volume_id, wording.line(reason))
            raise _Skipped(wording.shortened(reason))

    def execute(self) -> bool:
        """Carry the action out; True only if its end is verified.

        :raises NotDone: in words for Watcher's users; all of them are in
            the log
        """
        progress = Progress(self._volume_id, self.cancelled)
        self._begun = True
        try:
            action = api.Action.from_watcher(
                self.input_parameters, self._volume(progress)
            )
            (result,) = api.migrate(
                self.osc.session,
                [action],
                self._options(action),
                progress,
                region_name=settings.region_name(),
                interface=settings.interface(),
                handle=progress.handle,
            )
        except api.MigrateError as error:
            raise self._not_done(str(error)) from error
        self.not_started = result.outcome is api.Outcome.NOT_STARTED
        if not result.outcome.success:
            raise self._not_done(wording.reason(result))
        LOG.info(
            "volume %s: %s on %s, type %s, after %.0f s",
            result.volume_id,
            result.outcome.value,
            result.destination_node,
            result.destination_type,
            result.elapsed,
        )
        return True

    def post_condition(self) -> None:
        """Nothing: execute() has verified the end."""

    def revert(self) -> None:
        """Leave all as it is: a move that ended has lost nothing."""
        LOG.warning(
            "volume %s: moves are not reverted; a new action moves it back",
            self._volume_id,
        )

    def abort(self) -> bool:
        """Whether nothing was begun; Cinder cannot stop what it has begun.

        Watcher waits for the action that runs when a plan is cancelled, and
        has no reason to ask.

        :raises NotDone: else Watcher would write that it succeeded
        """
        if self.not_started or not self._begun:
            return True
        raise self._not_done("a move that has begun cannot be aborted")

    @property
    def _volume_id(self) -> str:
        return str(self.input_parameters["resource_id"]).lower()

    def _options(self, action: api.Action) -> api.Options:
        word = self.input_parameters.get("migration_type")
        return settings.carried_out(
            self.config, action, unattended=word in _OF_STRATEGIES
        )

    @property
    def _cloud(self) -> api.Cloud:
        return api.connect(
            self.osc.session, settings.region_name(), settings.interface()
        )

    def _volume(self, progress: Progress) -> api.Volume | None:
        """The volume as it is now; Cinder may not answer for a while."""
        engine = Engine(self._cloud, progress)
        progress.handle.attach(engine)
        return engine.read([self._volume_id]).get(self._volume_id)

    def _nothing_to_do(self) -> str | None:
        volume = self._cloud.get_volumes([self._volume_id]).get(
            self._volume_id
        )
        if volume is None:
            return f"there is no volume {self._volume_id}"
        action = api.Action.from_watcher(self.input_parameters, volume)
        (checked,) = api.check(
            self.osc.session,
            [action],
            self._options(action),
            settings.region_name(),
            settings.interface(),
        )
        if checked.readiness is api.Readiness.ALREADY_THERE:
            return "; ".join(checked.reasons)
        return None

    def _not_done(self, text: str) -> NotDone:
        LOG.error(
            "volume %s: %s",
            self.input_parameters.get("resource_id"),
            wording.line(text),
        )
        return NotDone(wording.shortened(text))
