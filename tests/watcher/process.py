# SPDX-License-Identifier: Apache-2.0
"""A process of Watcher's applier, and what becomes of its plans."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from tests import cloud as cloud_
from tests.watcher import environments

_SCRIPT = pathlib.Path(__file__).with_name("applier.py")

_CONFIGURATION = """\
[DEFAULT]
transport_url = fake://
debug = false
log_file = {folder}/watcher.log
host = the-applier
[database]
connection = sqlite:///{folder}/watcher.sqlite
[oslo_messaging_notifications]
driver = noop
[watcher_applier]
workflow_engine = {workflow_engine}
[watcher_workflow_engines.{workflow_engine}]
max_workers = 4
[watcher_clients_auth]
auth_type = password
auth_url = {auth_url}
username = {OS_USERNAME}
password = {OS_PASSWORD}
project_name = {OS_PROJECT_NAME}
user_domain_name = {OS_USER_DOMAIN_NAME}
project_domain_name = {OS_PROJECT_DOMAIN_NAME}
[cinder_client]
region_name = {OS_REGION_NAME}
endpoint_type = publicURL
{more}
"""


@dataclasses.dataclass(frozen=True)
class Ended:
    """A plan's end, and those of its actions in their order."""

    state: str
    states: tuple[str, ...]
    messages: tuple[str | None, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """An action of a plan, as a strategy emits it."""

    parameters: dict[str, Any]
    type: str = "volume_migrate"
    #: Numbers of the steps that go before it.
    parents: tuple[int, ...] = ()


class Plan:
    """A plan that the applier works on."""

    def __init__(self, applier: Applier, uuid: str) -> None:
        self._applier = applier
        self.uuid = uuid

    def cancel(self) -> None:
        """What Watcher's API writes when a user cancels a running plan."""
        with self._applier.database() as database:
            database.execute(
                "UPDATE action_plans SET state = 'CANCELLING' WHERE uuid = ?",
                (self.uuid,),
            )

    def states(self) -> list[str]:
        """Those of its actions now."""
        with self._applier.database() as database:
            return [
                state
                for (state,) in database.execute(
                    "SELECT actions.state FROM actions JOIN action_plans"
                    " ON action_plans.id = actions.action_plan_id"
                    " WHERE action_plans.uuid = ? ORDER BY actions.id",
                    (self.uuid,),
                )
            ]

    def ended(self) -> Ended:
        """Wait for its end."""
        said = self._applier.hear()
        return Ended(
            said["state"],
            tuple(action["state"] for action in said["actions"]),
            tuple(action["message"] for action in said["actions"]),
        )


class Applier:
    """The process; one plan at a time."""

    def __init__(
        self,
        release: str,
        folder: pathlib.Path,
        cloud: cloud_.Cloud,
        workflow_engine: str = "taskflow_verified",
        more: str = "",
        foreign: Sequence[pathlib.Path] = (),
    ) -> None:
        """Start it, and wait until it is ready.

        :param folder: for its database and log; one that was used before
            goes on with that database
        :param more: further lines of configuration
        :param foreign: folders of other packages to be found beside ours
        """
        self.folder = folder
        folder.mkdir(exist_ok=True)
        configuration = folder / "watcher.conf"
        environment = cloud.environment("admin")
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                workflow_engine=workflow_engine,
                auth_url=cloud.auth_url,
                more=more,
                **environment,
            )
        )
        ours = folder / "ours"
        if not ours.exists():
            environments.install(ours)
        self._process = subprocess.Popen(
            (environments.python(release), _SCRIPT, configuration),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("a"),
            text=True,
            env=environments.variables(release, (ours, *foreign)),
        )
        self.known_actions: list[str] = self.hear()["known_actions"]

    def begin(self, *steps: Step) -> Plan:
        """Have a plan stored and carried out."""
        assert self._process.stdin is not None
        document = [dataclasses.asdict(step) for step in steps]
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        return Plan(self, self.hear()["uuid"])

    def run(self, *steps: Step) -> Ended:
        """Have a plan carried out, to its end."""
        return self.begin(*steps).ended()

    def hear(self) -> dict[str, Any]:
        """What it says next."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(300, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, "\n".join(
            path.read_text()[-4000:]
            for name in ("stderr", "watcher.log")
            if (path := self.folder / name).exists()
        )
        return json.loads(line)

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Watcher's own."""
        connection = sqlite3.connect(
            self.folder / "watcher.sqlite", timeout=30
        )
        with contextlib.closing(connection), connection:
            yield connection

    @property
    def log(self) -> str:
        """What Watcher has logged until now."""
        return (self.folder / "watcher.log").read_text()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.communicate()
