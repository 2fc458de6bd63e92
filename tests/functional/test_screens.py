# SPDX-License-Identifier: Apache-2.0
"""What people see on terminals, and what they are asked."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import (
    conftest,
    large_cloud,
    moves,
    pools,
    resources,
    shell,
)

_MIGRATE = ("volume", "watcher-migrate")
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PARTS = re.compile(rf"{_CODES.pattern}|[\r\n]|[^\x1b\r\n]+")


@dataclasses.dataclass
class Screen:
    """A terminal of some size, and the command on it."""

    process: subprocess.Popen[str]
    terminal: int
    got: str = ""

    def read(self, until: Callable[[str], bool]) -> str:
        """What came until it is enough, or the command has ended."""
        end = time.monotonic() + 180
        with contextlib.suppress(OSError):
            while not until(self.got) and time.monotonic() < end:
                if select.select([self.terminal], [], [], 1)[0]:
                    read = os.read(self.terminal, 65536)
                    self.got += read.decode(errors="replace")
        return self.got

    @property
    def left(self) -> list[str]:
        """The lines that stay: what was written over is not among them."""
        rows, at, column = [""], 0, 0
        for part in _PARTS.findall(self.got):
            if part == "\n":
                at, column = at + 1, 0
                rows += [""] * (at + 1 - len(rows))
            elif part == "\r":
                column = 0
            elif part.endswith("A"):
                at = max(at - int(part[2:-1] or 1), 0)
            elif part == "\x1b[2K":
                rows[at] = ""
            elif not part.startswith("\x1b"):
                rows[at] = rows[at][:column] + part
                column = len(rows[at])
        return [row for row in rows if row.strip()]

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def end(self) -> tuple[int, list[str]]:
        """The exit code, and all lines without their codes."""
        self.read(lambda got: False)
        exit_code = self.process.wait(60)
        plain = _CODES.sub("", self.got).replace("\r", "")
        return exit_code, plain.split("\n")


@contextlib.contextmanager
def _on(
    openstack: shell.Openstack,
    *words: str,
    size: tuple[int, int] = (120, 40),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Screen]:
    ours, its = pty.openpty()
    columns, lines = size
    fcntl.ioctl(
        its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0)
    )
    process = openstack.start(
        *_MIGRATE,
        *words,
        stdin=its,
        stdout=its,
        stderr=its,
        COLUMNS=str(columns),
        LINES=str(lines),
        **(environment or {}),
    )
    os.close(its)
    try:
        yield Screen(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@dataclasses.dataclass(frozen=True)
class Planned:
    """Some volumes of one name, one of them blocked, and their plan."""

    volumes: list[Any]
    prefix: str
    file: pathlib.Path

    @property
    def words(self) -> tuple[str, ...]:
        return (
            "plan",
            f"--source-node={moves.ALPHA}",
            f"--name={self.prefix}-*",
            "--destination-node=cloud@beta",
            f"--output={self.file}",
        )


@pytest.fixture
def planned(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> Planned:
    prefix = make.name("screen")
    volumes = pools.fill(make, prefix, [{}] * 3)
    make.cinder.volume_snapshots.create(volumes[2].id, name="friday")
    found = Planned(volumes, prefix, tmp_path / "plan.json")
    done = openstack.migrate(*found.words)
    assert done.exit_code == 0, done.stderr
    return found


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_plan_is_a_screenful_with_the_totals_last(
    openstack: shell.Openstack, planned: Planned, size: tuple[int, int]
) -> None:
    with _on(openstack, *planned.words, size=size) as screen:
        exit_code, lines = screen.end()

    assert exit_code == 0, lines
    shown = [line for line in lines if "assessing" not in line]
    # A path is never broken, however long pytest makes it.
    assert not [
        line
        for line in shown
        if len(line) > size[0] and str(planned.file) not in line
    ]
    text = "\n".join(shown)
    assert "1 blocked (1 GiB)" in text
    assert planned.volumes[2].name in text
    # A command that does not fit goes on in the next line.
    assert "openstack volume snapshot delete" in text
    position = text.index("3 volumes, 3 GiB: 2 ready (2 GiB)")
    assert position > text.index("All volumes, each with its reasons: --long")
    assert f"written to {planned.file} (3 moves); next:" in (
        " ".join(text[position:].split())
    )


def test_a_plan_in_full(openstack: shell.Openstack, planned: Planned) -> None:
    with _on(openstack, *planned.words, "--long") as screen:
        exit_code, lines = screen.end()

    assert exit_code == 0, lines
    assert all(
        any(volume.id in line for line in lines) for volume in planned.volumes
    )


def test_lists_are_lists_and_scripts_read_ids(
    make: resources.Resources, openstack: shell.Openstack, planned: Planned
) -> None:
    rows = {
        row["ID"]: row
        for row in openstack.migrate(*planned.words, "-f=json").json
    }

    blocked = rows[planned.volumes[2].id]
    assert blocked["Server"] == []
    assert isinstance(blocked["Reasons"], list)
    assert blocked["Project"] == make.project_id("demo")
    table = openstack.migrate(*planned.words, "-f=table").stdout
    assert " demo " in table
    assert make.project_id("demo") not in table


def test_apply_asks_and_a_no_changes_nothing(
    cloud: cloud_.Cloud, openstack: shell.Openstack, planned: Planned
) -> None:
    with (
        moves.requests_within(cloud) as requests,
        _on(openstack, "apply", str(planned.file), "--canary=1") as screen,
    ):
        asked = screen.read(lambda got: "[y/N]" in got)
        screen.type("n\n")
        exit_code, lines = screen.end()

    assert "Move 2 volumes (2 GiB)? [y/N]" in asked
    for told in (
        "moves at once: 4 in all, 1 of a server",
        "canary: 1 move first, and the rest only if all are verified",
        "estimate: 2 moves, 2 GiB, take about ",
        "2 ready (2 GiB), 1 blocked (1 GiB)",
    ):
        assert told in asked
    assert exit_code == 3
    assert "nothing was started" in "\n".join(lines)
    assert moves.acting(requests) == []


def test_a_yes_moves_and_names_what_is_blocked_once(
    openstack: shell.Openstack, planned: Planned, cloud: cloud_.Cloud
) -> None:
    with _on(openstack, "apply", str(planned.file)) as screen:
        screen.read(lambda got: "[y/N]" in got)
        screen.type("y\n")
        exit_code, lines = screen.end()

    assert exit_code == 3, lines
    assert any("volumes [" in line for line in lines)
    # What stays; the live view has an estimate of its own.
    text = "\n".join(screen.left)
    after = text[text.index("[y/N]") :]
    assert after.count("openstack volume snapshot delete") == 1
    assert "2 of 3 done, 1 blocked" in after
    # How long it takes was said by the question, of what is to be moved.
    assert "estimate: " not in after
    where = pools.hosts(cloud, planned.volumes)
    assert list(where.values()) == [moves.BETA, moves.BETA, moves.ALPHA]


def test_an_answer_before_the_question_is_none(
    cloud: cloud_.Cloud, openstack: shell.Openstack, planned: Planned
) -> None:
    with (
        moves.requests_within(cloud) as requests,
        _on(openstack, "apply", str(planned.file)) as screen,
    ):
        screen.type("y\n")
        screen.read(lambda got: "[y/N]" in got)
        screen.type("\n")
        exit_code, lines = screen.end()

    assert exit_code == 3, lines
    assert moves.acting(requests) == []


def test_without_a_terminal_and_approval_nothing_is_started(
    cloud: cloud_.Cloud, openstack: shell.Openstack, planned: Planned
) -> None:
    with moves.requests_within(cloud) as requests:
        done = openstack.migrate("apply", str(planned.file))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.last_line == (
        "there is no terminal to ask on: give --auto-approve to start "
        "without a question; nothing was changed"
    )
    assert {r.service for r in requests} <= {"identity"}


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_without_a_cursor_is_told_line_by_line(
    openstack: shell.Openstack, planned: Planned, environment: dict[str, str]
) -> None:
    with _on(
        openstack,
        *("apply", str(planned.file), "--auto-approve"),
        environment=environment,
    ) as screen:
        exit_code, lines = screen.end()

    assert exit_code == 3, lines
    assert "\x1b" not in screen.got
    name = planned.volumes[0].name
    assert any(
        re.match(rf"\d\d:\d\d:\d\d '{name}' \(.*\): done \(", line)
        for line in lines
    )


def test_no_colours_where_none_are_wanted(
    openstack: shell.Openstack, planned: Planned
) -> None:
    with _on(
        openstack,
        *("apply", str(planned.file), "--auto-approve"),
        environment={"NO_COLOR": "1"},
    ) as screen:
        exit_code, lines = screen.end()

    assert exit_code == 3, lines
    assert not re.search(r"\x1b\[(3|4|9|10)\d", screen.got)


def test_one_interruption_is_one_line(
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    prefix, file = make.name("stop"), tmp_path / "plan.json"
    volumes = pools.fill(make, prefix, [{}] * 6)
    words = Planned(volumes, prefix, file).words
    assert openstack.migrate(*words).exit_code == 0
    set_faults("beta", create="slow:8")

    with _on(
        openstack,
        *("apply", str(file), "--auto-approve", "--max-parallel=1"),
    ) as screen:
        screen.read(lambda got: "1 moving, 5 queued" in _CODES.sub("", got))
        os.kill(screen.process.pid, signal.SIGINT)
        exit_code, lines = screen.end()

    assert exit_code == 130, lines
    text = "\n".join(line.strip() for line in lines)
    assert text.count("not started; waiting for") == 1
    assert (
        "interrupted: 5 not started; waiting for 1 move; Ctrl-C again leaves "
        "them to the cloud"
    ) in text
    assert "5 volumes: interrupted" in text
    assert "not started: not started" not in text
    assert "interrupted: interrupted" not in text
    assert "1 of 6 done, 5 not started" in text


#: What a terminal of 40 lines can still be asked to show, by scrolling once.
_A_SCREEN_AND_A_HALF = 60


def test_three_thousand_volumes_fit_a_screen(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
) -> None:
    prefix = make.name("many")
    plan = Planned([], prefix, tmp_path / "plan.json")
    servers = large_cloud.mixed(cloud, 3_000, prefix)
    try:
        with _on(openstack, *plan.words) as planned:
            exit_code, lines = planned.end()
        with _on(openstack, "apply", str(plan.file)) as asked:
            asked.read(lambda got: "[y/N]" in got)
            asked.type("n\n")
            unanswered, _ = asked.end()
    finally:
        large_cloud.remove(cloud, prefix, servers)

    assert exit_code == 0, lines[-20:]
    text = "\n".join(planned.left)
    assert "3,000 volumes" in text
    assert "Snapshots: 150 volumes" in text
    assert unanswered == 3, asked.left
    for shown in (planned.left, asked.left):
        assert len(shown) <= _A_SCREEN_AND_A_HALF, shown
        assert max(len(one) for one in shown if str(plan.file) not in one) <= (
            120
        )


def test_one_interruption_of_three_thousand_is_a_screenful(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    tmp_path: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    prefix = make.name("many")
    plan = Planned([], prefix, tmp_path / "plan.json")
    large_cloud.detached(cloud, 3_000, prefix)
    try:
        planned = openstack.migrate(*plan.words)
        assert planned.exit_code == 0, planned.stderr
        set_faults("beta", create="slow:8")
        with _on(
            openstack, "apply", str(plan.file), "--auto-approve"
        ) as screen:
            screen.read(lambda got: "4 moving" in _CODES.sub("", got))
            os.kill(screen.process.pid, signal.SIGINT)
            exit_code, lines = screen.end()
        set_faults.clear()
    finally:
        large_cloud.remove(cloud, prefix)

    assert exit_code == 130, lines[-20:]
    assert len(screen.left) <= _A_SCREEN_AND_A_HALF, screen.left
    assert "4 of 3,000 done, 2,996 not started" in "\n".join(screen.left)


def test_what_moves_is_seen_by_anybody(
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", connect="hang")
    make.cinder.volumes.migrate_volume(volume.id, moves.BETA, False, False)

    def found() -> list[dict[str, Any]]:
        done = openstack.migrate("status", "-f=json")
        assert done.exit_code == 0, done.stderr
        return [row for row in done.json if row["ID"] == volume.id]

    (row,) = resources.until(
        "a copy", lambda: [one for one in found() if one["To"]]
    )
    assert row["Name"] == volume.name
    assert (row["From"], row["To"]) == (moves.ALPHA, moves.BETA)
    assert "migrating" in row["State"]
    assert 0 <= row["Seconds"] < 300
    with _on(openstack, "status", "--watch", "--interval=0.5") as screen:
        screen.read(lambda got: volume.name in got)
        os.kill(screen.process.pid, signal.SIGINT)
        exit_code, lines = screen.end()
    assert exit_code == 0, lines
    assert "under way" in lines[-2]
    set_faults.clear()
    moves.settled(make, volume)
    assert found() == []


def test_a_plan_is_judged_anew(
    make: resources.Resources,
    openstack: shell.Openstack,
    planned: Planned,
    tmp_path: pathlib.Path,
) -> None:
    done, changed, blocked = planned.volumes
    moved = moves.run(openstack, done, moves.COLD, moves.node(moves.BETA))
    assert moved.exit_code == 0, moved.stderr
    make.cinder.volumes.extend(changed.id, 2)
    resources.until(
        "larger", lambda: make.seen(changed.id).status == "available"
    )
    html, remedies = tmp_path / "plan.html", tmp_path / "remedies.sh"

    with moves.requests_within(make.cloud) as requests:
        shown = openstack.migrate(
            *("show", str(planned.file), "-f=json", "--detailed-exitcode"),
            *(f"--html={html}", f"--remedies={remedies}"),
        )

    assert shown.exit_code == 3, shown.stderr
    rows = {row["ID"]: row for row in shown.json}
    assert {i: row["Verdict"] for i, row in rows.items()} == {
        done.id: "already there",
        changed.id: "changed",
        blocked.id: "blocked",
    }
    assert rows[changed.id]["Reasons"] == ["its size was 1, is 2"]
    assert {r.method for r in requests if r.service != "identity"} == {"GET"}
    assert blocked.name in html.read_text()
    assert "openstack volume snapshot delete" in remedies.read_text()
    # The second page replaces the first; a reviewed script is kept.
    again = openstack.migrate("show", str(planned.file), f"--html={html}")
    kept = openstack.migrate(
        "show", str(planned.file), f"--remedies={remedies}"
    )
    assert again.exit_code == 0, again.stderr
    assert kept.exit_code == 1
    assert "may have been reviewed" in kept.last_line


def test_the_volume_decides_how_it_is_moved(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    detached = make.volume(pool=moves.ALPHA)
    attached = make.volume(pool=moves.ALPHA)
    make.server(attached)
    words = ("--migration-type=auto", "--destination-node=cloud@beta")

    checked = openstack.migrate(
        "check", detached.id, attached.id, *words, "-f=json"
    )
    done = openstack.migrate(
        "run", detached.id, attached.id, *words, "-f=json"
    )

    assert checked.exit_code == 0, checked.stdout
    assert {row["Volume"] for row in checked.json} == {
        detached.id,
        attached.id,
    }
    assert done.exit_code == 0, done.stderr
    assert {row["volume_id"]: row["path"] for row in done.json} == {
        detached.id: "migrate",
        attached.id: "swap via cinder",
    }
    assert done.last_line == "2 of 2 done"
    assert make.host(detached.id) == moves.BETA
    assert make.host(attached.id) == moves.BETA


def test_of_several_none_moves_if_one_is_misspelt(
    cloud: cloud_.Cloud, make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with moves.requests_within(cloud) as requests:
        done = openstack.migrate(
            *("run", volume.id, "no-such-volume", moves.COLD),
            moves.node(moves.BETA),
        )

    assert (done.exit_code, done.stdout) == (1, "")
    assert "no-such-volume" in done.last_line
    assert moves.acting(requests) == []


def test_the_first_command_that_comes_to_mind_leads_on(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    done = openstack.migrate(
        "check", volume.id, moves.node(moves.BETA), "-f=json"
    )

    assert done.exit_code == 1
    rows = {row["Check"]: row for row in done.json}
    assert "--migration-type auto" in rows["Parameters"]["Detail"]
    assert "use --migration-type cold" in rows["Attachments"]["Detail"]
    assert rows["Snapshots"]["Result"] == "ok"


def test_volumes_come_from_a_list(
    openstack: shell.Openstack, planned: Planned, tmp_path: pathlib.Path
) -> None:
    listed = tmp_path / "volumes"
    first, second, _ = planned.volumes
    listed.write_text(f"{first.id}\n\n# a note\n{second.id}  # mine\n")
    words = ("plan", moves.node(moves.BETA), "-f=json")

    def ids(*more: str) -> set[str]:
        done = openstack.migrate(*words, *more)
        assert done.exit_code == 0, done.stderr
        return {row["ID"] for row in done.json}

    assert ids(f"--volumes={listed}") == {first.id, second.id}
    assert ids(f"--volumes={listed}", f"--exclude={first.id}") == {second.id}
    assert len(ids(f"--name={planned.prefix}-*", "--limit=1")) <= 2
    listed.write_text("# nothing yet\n")
    none = openstack.migrate(*words, f"--volumes={listed}")
    assert (none.exit_code, none.stdout) == (1, "")
    assert none.last_line == f"{listed} lists no volumes"
    json.loads(planned.file.read_text())
