# SPDX-License-Identifier: Apache-2.0
"""The virtual environments that the services run in."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import sys

from tests.cloud import cache, errors

HERE = pathlib.Path(__file__).parent
SERVICES = HERE / "services"

#: Have uv trust what the machine trusts, as pip does: behind a company's
#: proxy its own list is no use. The second is what older releases call it.
TRUST = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}


class Environment:
    """A set of pinned packages, installed on first use.

    :param name: what its folder is called after
    :param constraints: lists everything; without it, the test cloud's own
        of that name: ``current``, ``swap`` and so on
    """

    def __init__(
        self, name: str, constraints: pathlib.Path | None = None
    ) -> None:
        self.name = name
        self._constraints = constraints or HERE / f"constraints-{name}.txt"
        self.key = cache.digest(
            (
                self._constraints.read_text(),
                platform.python_version(),
                platform.machine(),
                sys.base_prefix,
            )
        )

    @property
    def folder(self) -> pathlib.Path:
        return cache.made_once(f"{self.name}-{self.key}", self._build)

    @property
    def python(self) -> pathlib.Path:
        return self.folder / "bin" / "python"

    @property
    def etc(self) -> pathlib.Path:
        """Where packages put paste files and the like."""
        return self.folder / "etc"

    @staticmethod
    def variables() -> dict[str, str]:
        """Environment variables for processes; nothing of the user's.

        OS_* variables and PYTHONPATH of whoever runs the tests must not
        reach the services.
        """
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(SERVICES),
            "PYTHONWARNINGS": "ignore",
        }

    def _build(self, folder: pathlib.Path) -> None:
        self._uv(
            "venv", "--allow-existing", "--python", sys.executable, folder
        )
        # The file lists everything, so there is nothing to resolve.
        self._uv(
            "pip",
            "install",
            "--python",
            folder / "bin" / "python",
            "--no-deps",
            "--requirement",
            self._constraints,
        )

    @staticmethod
    def _uv(*arguments: str | pathlib.Path) -> None:
        done = subprocess.run(
            (sys.executable, "-m", "uv", "--quiet", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=os.environ | TRUST,
        )
        if done.returncode:
            raise errors.CloudError(
                f"uv {arguments[0]} failed:\n{done.stdout}"
            )
