# SPDX-License-Identifier: Apache-2.0
"""Interruptions: the command leaves in good order, the move goes on."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell

_PATIENCE = 120.0


def _start(openstack: shell.Openstack, volume: Any) -> subprocess.Popen[str]:
    return openstack.start(
        "volume",
        "watcher-migrate",
        "run",
        volume.id,
        moves.COLD,
        moves.node(moves.BETA),
        "-f=json",
    )


@contextlib.contextmanager
def _waiting(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    volume: Any,
) -> Iterator[subprocess.Popen[str]]:
    """A command of its own that polls for a move which is under way."""
    mark = cloud.fault_proxy.mark()

    def polls() -> bool:
        requests = cloud.fault_proxy.since(mark)
        return any(
            moves.acting([asked])
            and any(
                r.path.endswith("/volumes/detail") for r in requests[i + 1 :]
            )
            for i, asked in enumerate(requests)
        )

    process = _start(openstack, volume)
    try:
        resources.until("a poll", lambda: polls() or process.poll())
        yield process
    finally:
        process.kill()
        process.communicate()


def _finished(process: subprocess.Popen[str]) -> shell.Completed:
    stdout, stderr = process.communicate(timeout=_PATIENCE)
    assert "Traceback" not in stderr, stderr
    return shell.Completed(process.returncode, stdout, stderr)


def _arrives(
    make: resources.Resources, set_faults: conftest.SetFaults, volume: Any
) -> None:
    """What was handed over comes to its end by itself."""
    set_faults.clear()
    moves.settled(make, volume)
    assert make.host(volume.id) == moves.BETA


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
)
def test_a_signal_hands_the_move_over(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    number: signal.Signals,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", connect="hang")

    with _waiting(cloud, make, openstack, volume) as process:
        process.send_signal(number)
        left = _finished(process)

    assert left.exit_code == 130
    assert left.json["result"] == "interrupted"
    assert f"the move of volume {volume.id} continues in the cloud" in (
        left.last_line
    )
    assert f"openstack volume show {volume.id}" in left.last_line
    _arrives(make, set_faults, volume)


def test_a_second_signal_leaves_at_once(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", connect="hang")

    with (
        _waiting(cloud, make, openstack, volume) as process,
        cloud.fault_proxy.fault(
            method="GET", path="/volumes/detail", every=True, hang="before"
        ) as deaf,
    ):
        # In the midst of a request, which the first does not break off.
        assert deaf.applied.wait(_PATIENCE)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        left = _finished(process)

    assert left.exit_code == 130
    _arrives(make, set_faults, volume)


def test_a_killed_run_is_run_again(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)
    set_faults("beta", connect="hang")

    with _waiting(cloud, make, openstack, volume) as process:
        process.kill()
        process.wait()
    with cloud.fault_proxy.fault(
        method="GET",
        path="/volumes/detail",
        nth=4,
        call=lambda request: set_faults.clear(),
    ):
        done = moves.run(openstack, volume, moves.COLD, moves.node(moves.BETA))

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert make.host(volume.id) == moves.BETA
    assert cloud.digest(volume.id) == content


def test_a_closed_stdout_is_no_crash(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with _waiting(cloud, make, openstack, volume) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        stderr = process.stderr.read()
        process.wait(_PATIENCE)

    assert "Traceback" not in stderr
    assert "Exception" not in stderr
    moves.settled(make, volume)
    assert make.host(volume.id) == moves.BETA


def test_a_closed_stderr_hands_the_move_over(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    set_faults("beta", create="slow:2")

    with _waiting(cloud, make, openstack, volume) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        stdout = process.stdout.read()
        process.wait(_PATIENCE)

    assert "Traceback" not in stdout
    assert process.returncode in (0, 130)
    _arrives(make, set_faults, volume)


def test_a_terminal_shows_a_live_line(
    make: resources.Resources, openstack: shell.Openstack
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    ours, its = pty.openpty()

    process = openstack.start(
        "volume",
        "watcher-migrate",
        "run",
        volume.id,
        moves.COLD,
        moves.node(moves.BETA),
        "-f=json",
        stderr=its,
    )
    os.close(its)
    shown = b"".join(iter(lambda: _read(ours), b"")).decode()
    done = process.communicate(timeout=_PATIENCE)[0]
    os.close(ours)

    assert process.returncode == 0, shown
    assert shell.Completed(0, done, "").json["result"] == "done"
    assert f"'{volume.name}': copying, " in shown
    # Written over, not one below the other.
    assert "\r\x1b[2K" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""  # the other side has gone
