# SPDX-License-Identifier: Apache-2.0
"""Finished databases, made once per set of versions and then copied."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

from tests.cloud import cache, configuration, environments, errors

_NOT_COPIED = ("complete", "etc", "locks", "prepare.log", "*.lock")
_NOWHERE = "http://127.0.0.1:9"


class Template:
    """A service's state as a fresh cloud has it: databases and keys."""

    def __init__(
        self, service: str, environment: environments.Environment
    ) -> None:
        self._service = service
        self._environment = environment

    def copy_to(self, directory: pathlib.Path) -> None:
        shutil.copytree(
            self._folder(),
            directory,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(*_NOT_COPIED),
        )

    def _folder(self) -> pathlib.Path:
        sources = environments.SERVICES / "testcloud"
        key = cache.digest(
            (
                self._environment.key,
                (sources / "seed.py").read_text(),
                (sources / "prepare" / f"{self._service}.py").read_text(),
                (environments.HERE / "configuration.py").read_text(),
            )
        )
        return cache.made_once(f"{self._service}-{key}", self._prepare)

    def _prepare(self, folder: pathlib.Path) -> None:
        etc = folder / "etc" / f"{self._service}.conf"
        configuration.write(
            etc,
            configuration.sections(
                self._service, lambda _: _NOWHERE, self._environment
            ),
        )
        log = folder / "prepare.log"
        with log.open("wb") as output:
            done = subprocess.run(
                (
                    self._environment.python,
                    "-m",
                    "testcloud.prepare",
                    self._service,
                ),
                cwd=folder,
                env=self._environment.variables(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            raise errors.ServiceError(
                self._service, "could not make its database", log
            )
