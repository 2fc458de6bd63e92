# SPDX-License-Identifier: Apache-2.0

"""Telling an apply that runs something, through its socket."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import socket
import stat
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from osc_lib import exceptions

from tests.unit import builders
from volmigrateclient.core.engine.admission import Admission
from volmigrateclient.core.engine.job import Job
from volmigrateclient.core.engine.queue import Queue
from volmigrateclient.core.engine.throttle import (
    Instruction,
    Throttle,
    Verb,
)
from volmigrateclient.core.model import errors
from volmigrateclient.osc import control, control_socket

_STATUS = Instruction(Verb.STATUS)


class Engine:
    """What heeds a throttle, with two volumes that wait."""

    def __init__(self) -> None:
        self.admission = Admission()
        volumes = [builders.volume(id=f"v{n}") for n in range(2)]
        self.throttle = Throttle(self.admission, {"v0": "a", "v1": "b"})
        self._queue = Queue(
            [
                Job(builders.request(builders.migrate(resource_id=v.id)), v)
                for v in volumes
            ],
            self.admission,
        )
        self.throttle.ring = self._heed

    def _heed(self) -> None:
        list(self.throttle.heed(self._queue, ()))


@pytest.fixture
def plan(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "plan.json"
    path.write_text("{}")
    return path


@contextlib.contextmanager
def _running(plan: pathlib.Path) -> Iterator[Engine]:
    engine = Engine()
    with control_socket.listening(plan, engine.throttle, pytest.fail):
        yield engine


def test_an_instruction_and_its_answer(plan: pathlib.Path) -> None:
    with _running(plan) as engine:
        paused = control_socket.ask(plan, Instruction(Verb.PAUSE))
        capped = control_socket.ask(
            plan,
            Instruction(Verb.CAPS, limits={"parallel": 3, "per_source": None}),
        )
        skipped = control_socket.ask(plan, Instruction(Verb.SKIP, "b"))

        assert engine.admission.paused
        assert engine.admission.limits.parallel == 3
    assert paused["text"] == (
        "paused: nothing more is started; 0 moves in flight, 2 waiting"
    )
    assert paused["heeded"]
    assert capped["parallel"] == 3
    assert (skipped["waiting"], skipped["paused"]) == (1, True)


def test_the_socket_is_its_owner_s_and_goes(plan: pathlib.Path) -> None:
    path = control_socket.path_of(plan)
    with _running(plan):
        found = path.lstat()
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o600
    assert list(plan.parent.iterdir()) == [plan]
    with pytest.raises(errors.FailedError) as raised:
        control_socket.ask(plan, _STATUS)
    assert str(raised.value) == f"no 'apply' of {plan} runs on this machine"


def _killed(plan: pathlib.Path) -> None:
    """What a run leaves that was killed."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(control_socket.path_of(plan)))


def test_after_a_kill_it_is_said_and_the_next_run_takes_over(
    plan: pathlib.Path,
) -> None:
    _killed(plan)
    with pytest.raises(errors.FailedError, match=r"plan.json was killed"):
        control_socket.ask(plan, _STATUS)

    with _running(plan):
        assert control_socket.ask(plan, _STATUS)["waiting"] == 2


def test_a_file_in_its_place_is_left_alone(plan: pathlib.Path) -> None:
    path = control_socket.path_of(plan)
    path.write_text("mine")
    complaints: list[str] = []

    with control_socket.listening(plan, Engine().throttle, complaints.append):
        pass

    (said,) = complaints
    assert said == (
        f"'control' cannot reach this run: no socket {path}: a file that is "
        "no socket is in its place"
    )
    assert path.read_text() == "mine"
    with pytest.raises(errors.FailedError, match="is not a socket"):
        control_socket.ask(plan, _STATUS)


def test_another_user_s_socket_is_not_trusted(
    plan: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _running(plan):
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(errors.FailedError, match="of this user"):
            control_socket.ask(plan, _STATUS)


def test_a_long_path_is_none_too_long(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    plan = folder / "plan.json"
    plan.write_text("{}")

    with _running(plan):
        assert control_socket.ask(plan, _STATUS)["waiting"] == 2
    assert list(folder.iterdir()) == [plan]


def test_one_plan_is_not_applied_twice_at_once(plan: pathlib.Path) -> None:
    with _running(plan) as first:
        for anew in (False, True):
            if anew:
                plan.unlink()
                plan.write_text("{}")
            with (
                pytest.raises(errors.FailedError, match="applied already"),
                control_socket.listening(plan, Engine().throttle, pytest.fail),
            ):
                pytest.fail("it went on")
        # The first is still reached.
        control_socket.ask(plan, Instruction(Verb.PAUSE))
        assert first.admission.paused


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\n",
        b"[]\n",
        b'{"verb": "caps", "limits": [1]}\n',
        b"",
        b'{"verb": "explode"}\n',
        b'{"verb": "skip", "volume": 7}\n',
        b'{"verb": "caps", "limits": {"parallel": 0}}\n',
        b'{"verb": "caps", "limits": {"parallel": null}}\n',
        b'{"verb": "caps", "limits": {"parallel": true}}\n',
        b'{"verb": "caps", "limits": {"failures": 9}}\n',
    ],
)
def test_what_is_not_understood_changes_nothing(
    plan: pathlib.Path, sent: bytes
) -> None:
    with _running(plan) as engine:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(control_socket.path_of(plan)))
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            answer = json.loads(client.recv(9999))
        assert answer["error"].startswith("not understood")
        # It still takes what is understood.
        assert control_socket.ask(plan, _STATUS)["waiting"] == 2
        assert engine.admission.limits.parallel == 1


def test_an_engine_that_waits_for_the_cloud_does_it_later(
    plan: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_socket, "_SOON", 0.3)
    with _running(plan) as engine:
        engine.throttle.ring = lambda: None
        answer = control_socket.ask(plan, Instruction(Verb.PAUSE))

        assert answer == {"later": True}
        # A pause holds at once all the same.
        assert engine.admission.paused


def test_who_waits_hears_that_it_ended(plan: pathlib.Path) -> None:
    said: list[str] = []

    def ask() -> None:
        with pytest.raises(errors.FailedError) as raised:
            control_socket.ask(plan, _STATUS)
        said.append(str(raised.value))

    with _running(plan) as engine:
        asked = threading.Event()
        engine.throttle.ring = asked.set
        thread = threading.Thread(target=ask)
        thread.start()
        assert asked.wait(5)
    thread.join()

    assert said == ["the 'apply' says: it has just ended"]


def _parsed(arguments: str) -> argparse.Namespace:
    app: Any = None
    parser = control.Control(app, None).get_parser("control")
    return parser.parse_args(arguments.split())


@pytest.mark.parametrize(
    ("arguments", "instructions"),
    [
        ("plan.json", [_STATUS]),
        ("plan.json pause", [Instruction(Verb.PAUSE)]),
        (
            "plan.json caps --max-parallel 3 --max-per-source none",
            [
                Instruction(
                    Verb.CAPS, limits={"parallel": 3, "per_source": None}
                )
            ],
        ),
        (
            "plan.json skip a b",
            [Instruction(Verb.SKIP, "a"), Instruction(Verb.SKIP, "b")],
        ),
        # Each goes before all others, so the last is told first.
        (
            "plan.json next a b",
            [Instruction(Verb.NEXT, "b"), Instruction(Verb.NEXT, "a")],
        ),
    ],
)
def test_how_it_is_asked(
    arguments: str, instructions: list[Instruction]
) -> None:
    assert control._instructions(_parsed(arguments)) == instructions


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("plan.json skip", "name volumes with"),
        ("plan.json pause a", "name volumes with"),
        ("plan.json caps", "give at least one cap"),
        ("plan.json pause --max-parallel 3", "give at least one cap"),
        ("plan.json caps --max-parallel none", "must be a number"),
    ],
)
def test_what_does_not_fit_together(arguments: str, says: str) -> None:
    with pytest.raises(exceptions.CommandError, match=says):
        control._instructions(_parsed(arguments))


def test_names_of_the_instructions_are_one_list() -> None:
    assert set(control._VERBS) == {verb.value for verb in Verb}
