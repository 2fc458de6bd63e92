# SPDX-License-Identifier: Apache-2.0
"""Virtual environments of peers that do not get along with ours."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import sys

from tests.cloud import cache, environments

_HERE = pathlib.Path(__file__).parent


def python(name: str) -> pathlib.Path:
    """The interpreter of an environment; installed on first use.

    :param name: selects ``constraints-NAME.txt``, which lists everything
    """
    constraints = _HERE / f"constraints-{name}.txt"
    key = cache.digest(
        (
            constraints.read_text(),
            platform.python_version(),
            platform.machine(),
            sys.base_prefix,
        )
    )

    def build(folder: pathlib.Path) -> None:
        made = ("--python", str(folder / "bin" / "python"))
        _uv("venv", "--allow-existing", "--python", sys.executable, folder)
        _uv("pip", "install", *made, "--no-deps", "-r", constraints)

    return cache.made_once(f"{name}-{key}", build) / "bin" / "python"


def _uv(*arguments: str | pathlib.Path) -> None:
    subprocess.run(
        (sys.executable, "-m", "uv", "--quiet", *arguments),
        check=True,
        env=os.environ | environments.TRUST,
    )
