# SPDX-License-Identifier: Apache-2.0

"""Stops engines from outside: from another thread, or a signal's handler."""

from __future__ import annotations

from volmigrateclient.core.engine.engine import Engine


class Handle:
    """Stops what runs with it, in whatever thread, gently or at once.

    Both may be called from any thread and from a signal's handler, at any
    time: what starts later with the same handle is stopped, too.
    """

    def __init__(self) -> None:
        # No lock: a signal's handler may interrupt whoever holds it. Each
        # side first says its own and then looks at the other's.
        self._engines: list[Engine] = []
        self._reason: str | None = None
        self._interrupted = False

    def stop(self, reason: str = "stopped") -> None:
        """Start nothing more; what is running is followed to its end.

        :param reason: why, for the results of those that are not started
        """
        self._reason = self._reason or reason
        self._tell()

    def interrupt(self) -> None:
        """Start nothing more, and follow nothing any longer.

        Cinder goes on with what it moves; such results say
        ``interrupted`` and are ``under_way``. A swap via Nova that can
        still be undone is undone.
        """
        self._reason = self._reason or "interrupted"
        self._interrupted = True
        self._tell()

    def attach(self, engine: Engine) -> None:
        """Have an engine heed this handle from now on."""
        self._engines.append(engine)
        self._tell()

    def detach(self, engine: Engine) -> None:
        """An engine has ended."""
        self._engines.remove(engine)

    def _tell(self) -> None:
        for engine in tuple(self._engines):
            if self._interrupted:
                engine.interrupt()
            elif self._reason is not None:
                engine.refuse(self._reason)
