# SPDX-License-Identifier: Apache-2.0
"""Running playbooks with a real Ansible, and what came of each task."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from tests import cloud as cloud_
from tests.ansible import environments
from tests.functional import shell

ROOT = pathlib.Path(__file__).parents[2]
COLLECTION = ROOT / "contrib" / "ansible"
#: Seconds that a playbook may take on a machine that has much else to do.
_TIMEOUT = 900
_CALLBACKS = pathlib.Path(__file__).with_name("callbacks")


@dataclasses.dataclass(frozen=True)
class Played:
    """What became of a playbook.

    :ivar output: everything that it printed, at ``-vvv``
    :ivar rows: what the recorder wrote, a result of a task each
    """

    exit_code: int
    output: str
    rows: tuple[dict[str, Any], ...]

    @property
    def changed(self) -> int:
        """Of the recap: tasks that have changed something."""
        (recap,) = (row["recap"] for row in self.rows if "recap" in row)
        return int(recap["changed"])

    def result(self, task: str) -> dict[str, Any]:
        """The result of the task whose name ends so; the last, of several."""
        found = [
            row["result"]
            for row in self.rows
            if row.get("task", "").endswith(task)
        ]
        assert found, (task, self.output)
        return dict(found[-1])

    @property
    def failure(self) -> str:
        """Why it failed: the message of the task that did."""
        (failed,) = (r for r in self.rows if r.get("status") == "failed")
        return str(failed["result"]["msg"])

    @property
    def facts(self) -> dict[str, Any]:
        """What the role says of its run."""
        found = [
            row["result"]["ansible_facts"]["evacuate_pool_result"]
            for row in self.rows
            if "evacuate_pool_result"
            in row.get("result", {}).get("ansible_facts", {})
        ]
        return dict(found[-1])


class Project:
    """A folder with playbooks, and the collection installed beside them.

    As in a repository that AWX has a project of.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        for example in (COLLECTION / "examples").glob("*.yml"):
            shutil.copy(example, folder)
        done = self.run(
            environments.NEWEST,
            *("ansible-galaxy", "collection", "install"),
            *("--offline", "-p", "collections", str(COLLECTION)),
        )
        assert done.returncode == 0, done.stdout

    def run(
        self, release: str, name: str, *words: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A command of Ansible's, in the folder; stderr is in stdout."""
        process = self.start(release, name, *words, **environment)
        stdout, _ = process.communicate(timeout=_TIMEOUT)
        return subprocess.CompletedProcess(
            process.args, process.returncode, stdout
        )

    def start(
        self, release: str, name: str, *words: str, **environment: str
    ) -> subprocess.Popen[str]:
        """The same, not waited for."""
        return subprocess.Popen(
            (environments.command(release, name), *words),
            cwd=self.folder,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        # Nothing of whoever runs the tests.
        return {
            "PATH": f"{pathlib.Path(shell.OPENSTACK).parent}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(self.folder / ".ansible"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / ".ansible" / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            # As many have it; it saves a third of the time.
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "OS_CLIENT_CONFIG_FILE": "/nonexistent/clouds.yaml",
            **more,
        }


class Player:
    """Plays playbooks of a project on a cloud, as its administrator."""

    def __init__(self, project: Project, cloud: cloud_.Cloud) -> None:
        self._project = project
        self._environment = cloud.environment("admin")
        self._clouds = str(cloud.directory / "clouds.yaml")
        self._secret = self._environment["OS_PASSWORD"]
        self.folder = project.folder

    def __call__(
        self,
        release: str,
        playbook: str,
        variables: Mapping[str, Any],
        *words: str,
        cloud: bool = False,
    ) -> Played:
        """Play one to its end.

        :param variables: with the highest precedence, ``-e``
        :param cloud: authenticate by clouds.yaml, not by the environment
        """
        playing = self.start(release, playbook, variables, *words, cloud=cloud)
        return playing.end()

    def start(
        self,
        release: str,
        playbook: str,
        variables: Mapping[str, Any],
        *words: str,
        cloud: bool = False,
    ) -> Playing:
        """The same, not waited for."""
        record = self.folder / "record.jsonl"
        record.write_text("")
        given = self.folder / "given.yml"
        given.write_text(_as_yaml(variables))
        process = self._project.start(
            release,
            "ansible-playbook",
            *("-vvv", "--diff", playbook, "-e", f"@{given}", *words),
            RECORDER_FILE=str(record),
            ANSIBLE_CALLBACK_PLUGINS=str(_CALLBACKS),
            ANSIBLE_CALLBACKS_ENABLED="recorder",
            **(
                {"OS_CLIENT_CONFIG_FILE": self._clouds}
                if cloud
                else self._environment
            ),
        )
        return Playing(process, record, self._secret)


@dataclasses.dataclass(frozen=True)
class Playing:
    """A playbook that is being played."""

    process: subprocess.Popen[str]
    record: pathlib.Path
    secret: str

    def end(self) -> Played:
        """Wait for its end."""
        output, _ = self.process.communicate(timeout=_TIMEOUT)
        rows = self.record.read_text().splitlines()
        # Of every playbook that any test plays.
        assert self.secret not in output
        return Played(
            self.process.returncode, output, tuple(map(json.loads, rows))
        )


def _as_yaml(variables: Mapping[str, Any]) -> str:
    """Variables in a file, of which nothing is taken for a template."""
    lines = []
    for name, value in variables.items():
        tag = "!unsafe " if isinstance(value, str) else ""
        # Every JSON document is a YAML document.
        lines.append(f"{name}: {tag}{json.dumps(value)}\n")
    return "".join(lines)


def pids_of(word: str, folder: pathlib.Path) -> list[int]:
    """Processes of ``openstack`` with a word and a file of that folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        here = any(one.startswith(os.fsencode(f"{folder}/")) for one in words)
        if here and word.encode() in words and b"watcher-migrate" in words:
            found.append(int(entry.name))
    return found
