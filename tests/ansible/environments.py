# SPDX-License-Identifier: Apache-2.0
"""Environments with Ansible: the newest and the oldest that is supported."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import sys

from tests.cloud import cache, environments

#: What the environment that the tests run in has.
NEWEST = "newest"
#: What the collection's meta/runtime.yml asks for at least. It has nothing of
#: OpenStack's beside it, and the module has to do without.
OLDEST = "2.16.0"
RELEASES = (OLDEST, NEWEST)

_CONSTRAINTS = pathlib.Path(__file__).parent / f"constraints-{OLDEST}.txt"


def command(release: str, name: str) -> pathlib.Path:
    """A command of Ansible's, such as ``ansible-playbook``."""
    if release == NEWEST:
        return pathlib.Path(sys.executable).with_name(name)
    key = cache.digest(
        (
            _CONSTRAINTS.read_text(),
            platform.python_version(),
            platform.machine(),
            sys.base_prefix,
        )
    )
    folder = cache.made_once(f"ansible-{release}-{key}", _build)
    return folder / "bin" / name


def _build(folder: pathlib.Path) -> None:
    made = ("--python", str(folder / "bin" / "python"))
    _uv("venv", "--allow-existing", "--python", sys.executable, folder)
    _uv("pip", "install", *made, "--no-deps", "-r", _CONSTRAINTS)


def _uv(*arguments: str | pathlib.Path) -> None:
    subprocess.run(
        (sys.executable, "-m", "uv", "--quiet", *arguments),
        stdin=subprocess.DEVNULL,
        check=True,
        env=os.environ | environments.TRUST,
    )
