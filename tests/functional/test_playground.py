# SPDX-License-Identifier: Apache-2.0
"""``tox -e playground``: a cloud that is up until Ctrl-C, and then gone."""

from __future__ import annotations

import pathlib
import re
import shlex
import signal
import subprocess
import sys

_ROOT = pathlib.Path(__file__).parents[2]


def _until_up(playground: subprocess.Popen[str]) -> str:
    assert playground.stdout is not None
    said = ""
    for line in playground.stdout:
        said += line
        if "until Ctrl-C." in line and "In another terminal" in said:
            return said
    raise AssertionError(said)


def test_it_is_up_until_ctrl_c_and_leaves_nothing() -> None:
    playground = subprocess.Popen(
        (sys.executable, "-m", "tests.demo.playground"),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = _until_up(playground)
        (source,) = re.findall(r"^  (\. .*)$", said, re.MULTILINE)
        (check,) = re.findall(r"(?m)^  (openstack .* check .*\n.*)$", said)
        tried = subprocess.run(
            ("bash", "-c", f"{source}; {check}"),
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        playground.send_signal(signal.SIGINT)
        rest, _ = playground.communicate(timeout=60)

    # It has a snapshot.
    assert tried.returncode == 1, tried.stderr
    assert "has 1 snapshot" in " ".join(tried.stdout.split())
    assert playground.returncode == 0, rest
    assert "stopped and removed" in rest
    folder = pathlib.Path(shlex.split(source)[1]).parent
    assert not folder.exists()
