# SPDX-License-Identifier: Apache-2.0
"""Heartbeats of Cinder's services, and switches that take effect at once."""

from __future__ import annotations

import datetime
import pathlib
import threading
import time

from cinder import context, service
from cinder.db import api as db
from oslo_log import log as logging
from oslo_utils import timeutils
from testcloud import fault_switches

LOG = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_REPORT_SECONDS = 3.0
_SCHEDULER_SECONDS = 5.0
_LONG_AGO = datetime.timedelta(days=1)


class Heart:
    """One thread which reports for all services of the process.

    It tells the database that they live, and the scheduler what the pools
    have to offer. Being the only one to do so, it never has an older report
    overtake a newer one.

    :param volumes: the services of each backend: one, or a cluster's members
    """

    def __init__(
        self,
        scheduler: service.Service,
        volumes: dict[str, list[service.Service]],
    ) -> None:
        self._scheduler = scheduler
        self._volumes = volumes
        self._applied: dict[str, str] = {}
        self._silent: set[str] = set()

    def start(self) -> None:
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        due = 0.0
        while True:
            try:
                if time.monotonic() >= due:
                    due = time.monotonic() + _REPORT_SECONDS
                    self._report()
                self._apply_changed_switches()
            except Exception:
                # The services must not silently go down over one failure.
                LOG.exception("heartbeat failed; the next one follows")
            time.sleep(_TICK_SECONDS)

    def _report(self) -> None:
        self._live(self._scheduler)
        for backend in self._volumes:
            self._live_or_not(backend)
            self._publish(backend)

    @staticmethod
    def _live(reporting: service.Service) -> None:
        # Cinder keeps the id on the class: one process, one service.
        service.Service.service_id = reporting.origin_service_id
        reporting.report_state()

    def _live_or_not(self, backend: str) -> None:
        for member in self._volumes[backend]:
            if not self._is_down(backend, member):
                self._live(member)
                continue
            db.service_update(
                context.get_admin_context(),
                member.origin_service_id,
                {"updated_at": timeutils.utcnow() - _LONG_AGO},
            )

    @staticmethod
    def _is_down(backend: str, member: service.Service) -> bool:
        """Tell what the switch says: all of them are, or this member."""
        down = fault_switches.FaultSwitches(backend).get("down")
        return down is True or member.host == f"{down}@{backend}"

    def _listen_or_not(self, backend: str) -> None:
        """Leave the cluster's requests to the members that are up."""
        for member in self._volumes[backend]:
            if member.cluster is None:
                continue
            silent = self._is_down(backend, member)
            if silent == (member.host in self._silent):
                continue
            for server in (
                member.rpcserver,
                member.backend_rpcserver,
                member.cluster_rpcserver,
            ):
                if silent:
                    server.stop()
                else:
                    server.wait()
                    server.start()
            self._silent ^= {member.host}

    def _publish(self, backend: str) -> datetime.datetime:
        """Report a pool; return a time before which the report is not."""
        now = timeutils.utcnow()
        members = self._volumes[backend]
        up = [one for one in members if not self._is_down(backend, one)]
        (up or members)[0].manager.publish_service_capabilities(
            context.get_admin_context()
        )
        return now

    def _apply_changed_switches(self) -> None:
        """Report anew for backends whose switches changed, and confirm it.

        The confirmation is a file next to the switches, with the same serial
        number; whoever set the switch waits for it.
        """
        for backend in self._volumes:
            serial = fault_switches.FaultSwitches(backend).get("serial")
            if serial is None or serial == self._applied.get(backend):
                continue
            self._live_or_not(backend)
            self._listen_or_not(backend)
            self._wait_for_scheduler(backend, self._publish(backend))
            self._applied[backend] = serial
            pathlib.Path("fault_switches", f"{backend}.applied").write_text(
                serial
            )

    def _wait_for_scheduler(
        self, backend: str, since: datetime.datetime
    ) -> None:
        states = self._scheduler.manager.driver.host_manager.service_states
        deadline = time.monotonic() + _SCHEDULER_SECONDS
        while time.monotonic() < deadline:
            known = states.get(self._volumes[backend][0].service_topic_queue)
            if known is not None and known["timestamp"] >= since:
                return
            time.sleep(_TICK_SECONDS / 5)
        LOG.warning("the scheduler does not take the report of %s", backend)
