# SPDX-License-Identifier: Apache-2.0
"""``openstack volume watcher-migrate``: run for one volume, else apply."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from bench import moves, process
from bench.peers import peer

_COMMAND = ("openstack", "volume", "watcher-migrate")
#: A plan has no five steps in it; so these are run for each volume.
_EACH = 'p=$1; shift; n=$1; shift; printf "%s\\n" $n | xargs -P "$p" -n 1 "$@"'


class Ours(peer.Peer):
    """This project.

    :param own: variables with which ``openstack`` finds the plugin
    """

    name = "ours"
    kinds = frozenset(moves.Kind)

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own

    def version(self) -> str:
        commit = subprocess.run(
            ("git", "describe", "--always", "--dirty"),
            cwd=pathlib.Path(__file__).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        ).stdout.strip()
        return f"volmigrateclient {commit or 'of this tree'}"

    def call(
        self,
        task: moves.Task,
        credentials: Mapping[str, str],
        scratch: pathlib.Path,
    ) -> process.Call:
        return process.Call(
            self._arguments(task, credentials, scratch),
            {**peer.environment(credentials), **self._own},
        )

    @staticmethod
    def _arguments(
        task: moves.Task, credentials: Mapping[str, str], scratch: pathlib.Path
    ) -> tuple[str, ...]:
        run = (*_COMMAND, "run", "-f", "json", *_options(task))
        if len(task.volume_ids) == 1:
            return (*run, *task.volume_ids)
        if task.kind is moves.Kind.FIVE_STEPS:
            volumes = " ".join(task.volume_ids)
            loop = ("sh", "-u", "-c", _EACH, "loop", str(task.parallel))
            return (*loop, volumes, *run)
        plan = scratch / "plan.json"
        plan.write_text(json.dumps(_plan(task, credentials)))
        apply = (*_COMMAND, "apply", "--auto-approve", "-f", "json")
        return (*apply, f"--max-parallel={task.parallel}", str(plan))

    def told(self, task: moves.Task, finished: process.Finished) -> peer.Told:
        if finished.exit_code is None:
            return peer.Told((peer.WAITING,) * len(task.volume_ids))
        reason = peer.last_line(finished.stderr, "failed")
        said = {
            row.get("ID") or row["volume_id"]: _said(row, reason)
            for row in _rows(finished.stdout)
        }
        return peer.Told(
            tuple(said.get(one, reason) for one in task.volume_ids)
        )


def _rows(text: str) -> Iterator[Mapping[str, Any]]:
    """The rows of one table, or of the tables that a loop has printed."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        answer, end = decoder.raw_decode(text)
        yield from answer if isinstance(answer, list) else [answer]
        text = text[end:]


def _said(row: Mapping[str, Any], reason: str) -> str:
    if "done" in (row.get("Result"), row.get("result")):
        return peer.DONE
    return str(row.get("Reason") or reason)


def actions(task: moves.Task) -> list[dict[str, str]]:
    """The spec's parameters for each volume."""
    return [
        {"resource_id": volume_id, **_parameters(task)}
        for volume_id in task.volume_ids
    ]


def _parameters(task: moves.Task) -> dict[str, str]:
    where = "destination_node" if task.kind.to_pool else "destination_type"
    how = "swap" if task.kind.attached else "cold"
    return {"migration_type": how, where: task.destination}


def _options(task: moves.Task) -> list[str]:
    options = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in _parameters(task).items()
    ]
    if task.kind is moves.Kind.FIVE_STEPS:
        options.append("--swap-via=nova")
    return options


def _plan(task: moves.Task, credentials: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": 1,
        "cloud": {
            "auth_url": credentials["OS_AUTH_URL"],
            "region_name": credentials["OS_REGION_NAME"],
        },
        "actions": actions(task),
    }
