# SPDX-License-Identifier: Apache-2.0
"""The five steps lose nothing, whatever goes wrong at any request.

Each case ends with one volume attached, its content unharmed, and nothing
left behind that ``recover`` does not clean up or, where nobody can tell
where the guest's disk is, names. With FAULT_TABLE=<file> the table of
outcomes is written there, as reStructuredText.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import five_steps, killable, resources, shell

#: Where volumes of a type are.
_BACKENDS = {"bronze": ("alpha", "beta"), "gold": ("gamma", "delta")}
_outcomes: dict[str, str] = {}


class Guest:
    """A server with a volume to swap, again and again."""

    def __init__(self, cloud: cloud_.Cloud, folder: pathlib.Path) -> None:
        self.cloud = cloud
        self.make = resources.Resources(cloud)
        self.openstack = shell.Openstack(cloud.environment("admin"))
        self.server_id = str(self.make.server().id)
        self._clouds = folder / "clouds.yaml"
        self._write_clouds()
        self.volume_id = self.device = self.content = self.type = ""
        self.clean = True

    def _write_clouds(self) -> None:
        """With less patience than OSC has by default."""
        seen = json.loads((self.cloud.directory / "clouds.yaml").read_text())
        admin = seen["clouds"]["admin"]
        admin["api_timeout"] = five_steps.PATIENCE
        self._clouds.write_text(json.dumps({"clouds": {"hasty": admin}}))

    def prepare(self) -> None:
        """Have a volume attached whose swap needs every request.

        Mostly it is there already: where the last case left it.
        """
        if not self.clean:
            self.replace()
        self.clean = False
        if self.volume_id:
            return
        volume = self.make.volume("bronze")
        cinder = self.make.cinder
        cinder.volumes.set_bootable(volume.id, True)
        cinder.volumes.set_image_metadata(volume.id, {"hw_disk_bus": "scsi"})
        cinder.volumes.update_readonly_flag(volume.id, True)
        self.make.attach(self.server_id, volume.id)
        self.volume_id, self.type = volume.id, "bronze"
        self.content = self.cloud.digest(volume.id)
        row = self.make.server_volumes(self.server_id)[volume.id]
        self.device = row["device"]

    def replace(self) -> None:
        """Start anew; what is left on the old server stays there."""
        self.make.unmark()
        self.server_id = str(self.make.server().id)
        self.volume_id = ""

    def attached(self) -> str:
        """The volume that Nova says is at the server's device."""
        rows = self.make.server_volumes(self.server_id).values()
        return next(r["volumeId"] for r in rows if r["device"] == self.device)

    def words(self, case: five_steps.Case) -> tuple[str, ...]:
        """The command of a case."""
        return (
            "volume",
            "watcher-migrate",
            "run",
            self.volume_id,
            "--swap-via=nova",
            f"--destination-type={self.other_type}",
            "-f=json",
            *case.words,
        )

    @property
    def other_type(self) -> str:
        """What the volume is swapped to: there and back again."""
        return "gold" if self.type == "bronze" else "bronze"

    def _switches(self, case: five_steps.Case) -> tuple[str, ...]:
        return {
            "": (),
            "nova": ("nova",),
            "source": _BACKENDS[self.type],
            "destination": _BACKENDS[self.other_type],
        }[case.owner]

    def run(self, case: five_steps.Case) -> shell.Completed:
        """Run the command while things go wrong."""
        words, more = self.words(case), {}
        if case.fault == "not answered":
            more["OS_CLIENT_CONFIG_FILE"] = str(self._clouds)
            words = ("--os-cloud=hasty", *words)
        running: list[killable.Command] = []
        with contextlib.ExitStack() as stack:
            for owner in self._switches(case):
                switches = self.cloud.fault_switches(owner)
                stack.callback(switches.clear)
                switches.set(**case.switches)
            for request, fault in _faults(case):
                how = dict(five_steps.FAULTS[fault])
                if fault.startswith("SIG"):
                    number = signal.Signals[fault]
                    how["call"] = lambda _, n=number: os.kill(
                        running[0].pid, n
                    )
                if how.get("every"):
                    how["nth"] = 1
                rule = self.cloud.fault_proxy.fault(**request.match | how)
                stack.enter_context(rule)
                stack.callback(_was_hit, rule, request)
            if "SIG" in case.fault:
                running.append(
                    killable.Command(self.openstack, *words, **more)
                )
                return running[0].end()
            return self.openstack(*words, **more)

    def marked(self, before: Any) -> bool:
        """Whether some volume bears the mark of a swap."""
        volumes = self.cloud.inventory()["volumes"].keys()
        fresh = volumes - before["volumes"].keys() | {self.volume_id}
        return any(
            "volmig" in self.make.seen(volume).metadata
            for volume in fresh & volumes
        )

    def recover(self) -> list[dict[str, Any]]:
        """Run recover until nothing changes; gives what it still names."""

        def settled() -> list[dict[str, Any]] | None:
            done = self.openstack.migrate(
                "recover", "--auto-approve", "--older-than=0", "-f=json"
            )
            assert "Traceback" not in done.stderr
            rows = [
                row for row in done.json if row["Kind"] == "interrupted swap"
            ]
            waiting = any("not ended" in row["State"] for row in rows)
            return None if waiting else [{"exit": done.exit_code}, *rows]

        first: list[dict[str, Any]] = resources.until("recovered", settled)
        return first


def _faults(
    case: five_steps.Case,
) -> Iterator[tuple[five_steps.Request, str]]:
    if case.request is None:
        return
    if case.then is None:
        yield case.request, case.fault
        return
    yield case.request, "403"
    name, fault = case.then
    yield five_steps.request(name), fault


def _was_hit(rule: Any, request: five_steps.Request) -> None:
    assert rule.hits, f"no such request was sent: {request.name}"


@pytest.fixture(scope="module")
def guest(
    swap_cloud: cloud_.Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Guest:
    """The one guest of all cases: what one spoils, it replaces."""
    return Guest(swap_cloud, tmp_path_factory.mktemp("guest"))


@pytest.mark.parametrize("case", five_steps.CASES, ids=lambda case: case.label)
def test_loses_nothing(guest: Guest, case: five_steps.Case) -> None:
    guest.prepare()
    cloud, make, source_id = guest.cloud, guest.make, guest.volume_id
    before = cloud.inventory()

    completed = guest.run(case)

    resources.until("the swap ended", lambda: _no_swap_runs(guest, case))
    assert "Traceback" not in completed.stderr
    assert cloud.guest_digest(guest.server_id, guest.device) == guest.content
    if make.is_gone(source_id):
        new_path = cloud.volume_path(guest.attached())
        assert cloud.guest_path(guest.server_id, guest.device) == new_path
    left = _left(before, cloud.inventory(), source_id)
    killed = case.fault == "SIGKILL"
    if killed:
        assert completed.exit_code == -signal.SIGKILL
    else:
        # Whatever is left is named, and success means that nothing is.
        for thing in left:
            assert thing in completed.stdout + completed.stderr
        succeeded = completed.exit_code == 0
        assert succeeded == (case.outcome in (_DONE, _DONE_LEFT))
        if not succeeded:
            # What failed before the signal came is what is told.
            told = "SIG" in case.fault and case.then is None
            expected = 130 if told else 1
            assert completed.exit_code == expected

    first: list[dict[str, Any]] = [{"exit": 0}]
    again = first
    if left or killed or guest.marked(before):
        first = guest.recover()
        again = guest.recover()
    outcome = _outcome(guest, case, completed, first, left)
    again = again[1:]

    assert cloud.guest_digest(guest.server_id, guest.device) == guest.content
    after = cloud.inventory()
    if outcome == five_steps.QUARANTINE:
        # Neither volume is touched, and both are named.
        assert not make.is_gone(source_id)
        assert source_id in completed.stderr
        assert [row["Result"] for row in again] == [""]
        guest.replace()
    else:
        assert again == []
        assert after["users"] == before["users"]
        assert after["role_assignments"] == before["role_assignments"]
        now = guest.attached()
        kept = {source_id} if outcome == _DONE_LEFT else set()
        assert set(after["volumes"]) == (
            set(before["volumes"]) - {source_id} | {now} | kept
        )
        seen = make.seen(now)
        assert seen.status == "in-use"
        assert not [key for key in seen.metadata if "volmig" in key]
        assert len(make.server_volumes(guest.server_id)) == 2
        _next(guest, now, outcome)
    guest.clean = True
    _outcomes[case.label] = outcome
    assert outcome == case.outcome, completed


_DONE, _DONE_LEFT = five_steps.DONE, five_steps.DONE_SOURCE_LEFT


def _no_swap_runs(guest: Guest, case: five_steps.Case) -> bool:
    if "consume" in case.switches:
        return True
    actions = guest.make.nova.instance_action
    for row in actions.list(guest.server_id):
        if row.action == "swap_volume":
            seen = actions.get(guest.server_id, row.request_id)
            events = seen.to_dict()["events"]
            return bool(events and events[0]["result"])
    return True


def _left(before: Any, after: Any, source_id: str) -> set[str]:
    """IDs of users and volumes that are there for the moment only."""
    # A new volume in place of the source is there to stay.
    kinds = ["users"]
    if source_id in after["volumes"]:
        kinds.append("volumes")
    return {
        change.id
        for change in before.difference(after)
        if change.kind in kinds and change.before is None
    }


def _outcome(
    guest: Guest,
    case: five_steps.Case,
    completed: shell.Completed,
    rows: list[dict[str, Any]],
    left: set[str],
) -> str:
    moved = guest.attached() != guest.volume_id
    exit_code, found = rows[0]["exit"], rows[1:]
    if any(row["Result"] == "" for row in found):
        return five_steps.QUARANTINE
    if found:
        assert exit_code == 0, found
        assert all(row["Result"] == "done" for row in found), found
        (row,) = found
        if row["State"].startswith("every record says"):
            return five_steps.FINISHED
        return five_steps.REMOVED
    if not moved:
        return five_steps.UNDONE
    return _DONE if guest.make.is_gone(guest.volume_id) else _DONE_LEFT


def _next(guest: Guest, now: str, outcome: str) -> None:
    """Have the next case start where this one ended."""
    if now == guest.volume_id:
        return
    if outcome == _DONE_LEFT:
        guest.make.cinder.volumes.reset_state(guest.volume_id, "error")
        guest.make.delete(guest.volume_id)
    guest.volume_id, guest.type = now, guest.other_type


@pytest.mark.parametrize("fault", ["500", "dropped after"])
def test_bears_a_fault_at_every_look(guest: Guest, fault: str) -> None:
    guest.prepare()
    source_id = guest.volume_id

    with contextlib.ExitStack() as stack:
        for request in five_steps.READS:
            rule = guest.cloud.fault_proxy.fault(
                **request.match | five_steps.FAULTS[fault]
            )
            stack.enter_context(rule)
            stack.callback(_was_hit, rule, request)
        done = guest.openstack(
            *guest.words(five_steps.Case("every GET", fault, _DONE))
        )

    assert done.exit_code == 0, done.stderr
    assert guest.make.is_gone(source_id)
    assert guest.recover()[1:] == []
    assert (
        guest.cloud.guest_digest(guest.server_id, guest.device)
        == guest.content
    )
    _outcomes[f"every GET: {fault}"] = _DONE
    _next(guest, guest.attached(), _DONE)
    guest.clean = True


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [label.rpartition(": ")[::2] for label in _outcomes]
    table = "\n".join(
        f"{what:42} {fault:24} {outcome}"
        for (what, fault), outcome in zip(
            rows, _outcomes.values(), strict=True
        )
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{table}\n")
    where = os.environ.get("FAULT_TABLE")
    if where:
        pathlib.Path(where).write_text(_rst())


def _rst() -> str:
    lines = [
        "===========",
        "Fault table",
        "===========",
        "",
        "What became of a swap via Nova when one thing went wrong: found by",
        "``tests/functional/test_five_steps_faults.py`` on a real Keystone,",
        "Cinder and Nova, and written by it. In every case the guest's data",
        "was unharmed, and the source existed until the evidence held.",
        "Points P1 to P9 are those at which Nova's own swap can fail.",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - At",
        "     - Fault",
        "     - Outcome",
    ]
    for label, outcome in _outcomes.items():
        what, _, fault = label.rpartition(": ")
        lines += [f"   * - {what}", f"     - {fault}", f"     - {outcome}"]
    return "\n".join(lines) + "\n"
