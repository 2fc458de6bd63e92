# SPDX-License-Identifier: Apache-2.0
"""Watcher's real action classes, from PyPI."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from collections.abc import Mapping

from bench import moves, process
from bench.peers import peer
from tests.cloud import environments

_BENCH = pathlib.Path(__file__).parents[1]
_DRIVER = _BENCH / "watcher_action.py"

_CONFIGURATION = """\
[DEFAULT]
use_stderr = true

[watcher_clients_auth]
auth_type = password
auth_url = {OS_AUTH_URL}
username = {OS_USERNAME}
password = {OS_PASSWORD}
project_name = {OS_PROJECT_NAME}
user_domain_name = {OS_USER_DOMAIN_NAME}
project_domain_name = {OS_PROJECT_DOMAIN_NAME}

[cinder_client]
endpoint_type = publicURL
region_name = {OS_REGION_NAME}

[keystone_client]
interface = public
region_name = {OS_REGION_NAME}

[nova_client]
endpoint_type = publicURL
region_name = {OS_REGION_NAME}
"""
#: 14.0.0 swapped by itself; that was withdrawn (OSSN-0094).
_OLD = "14.0.0"
_TYPES = {
    moves.Kind.COLD_MIGRATE: "migrate",
    moves.Kind.COLD_RETYPE: "retype",
    # Neither version has a word for it; both hand the volume to Cinder.
    moves.Kind.LIVE: "retype",
    moves.Kind.FIVE_STEPS: "swap",
}
_ERROR = re.compile(r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) \S+ (?:\[.*?\] )?(.+)$")


class Watcher(peer.Peer):
    """A version of python-watcher that a constraints file is there for."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._environment = environments.Environment(
            f"watcher-{version}", _BENCH / f"constraints-watcher-{version}.txt"
        )
        self.name = f"Watcher {version}"
        if version == _OLD:
            self.kinds = frozenset(moves.Kind)
            self.only_from_home = frozenset((moves.Kind.COLD_MIGRATE,))

    def version(self) -> str:
        return f"python-watcher {self._version}"

    def call(
        self,
        task: moves.Task,
        credentials: Mapping[str, str],
        scratch: pathlib.Path,
    ) -> process.Call:
        configuration = scratch / "watcher.conf"
        configuration.write_text(_CONFIGURATION.format(**credentials))
        actions = scratch / "actions.json"
        where = "destination_node" if task.kind.to_pool else "destination_type"
        actions.write_text(
            json.dumps(
                [
                    {
                        "resource_id": volume_id,
                        "migration_type": _TYPES[task.kind],
                        where: task.destination,
                    }
                    for volume_id in task.volume_ids
                ]
            )
        )
        return process.Call(
            (
                str(self._environment.python),
                # Its libraries' warnings of each other cost only time.
                "-Wignore",
                str(_DRIVER),
                str(configuration),
                str(actions),
                str(task.parallel),
            ),
            peer.environment({}),
        )

    def told(self, task: moves.Task, finished: process.Finished) -> peer.Told:
        told = peer.told_by_driver(task, finished)
        if told.said != ("failed",):
            return told
        reason = f"failed: {_first_error(finished.stderr)}"
        return dataclasses.replace(told, said=(reason,))


def _first_error(log: str) -> str:
    for line in log.splitlines():
        found = _ERROR.match(line)
        if found and "Unexpected exception" not in line:
            return found[1]
    return "no reason given"
