# SPDX-License-Identifier: Apache-2.0
"""Things that are made once and shared by all clouds of this user."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
from collections.abc import Callable, Iterable

_COMPLETE = "complete"


def root() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "volmigrateclient-test-cloud"


def digest(parts: Iterable[str]) -> str:
    joined = hashlib.sha256()
    for part in parts:
        joined.update(part.encode())
        joined.update(b"\0")
    return joined.hexdigest()[:16]


def made_once(name: str, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """Return the folder `name` of the cache, made by `make` if need be.

    Processes that want the same folder at once wait for the first one. A
    folder that an interrupted process left unfinished is made again.
    """
    folder = root() / name
    if (folder / _COMPLETE).exists():
        return folder
    root().mkdir(parents=True, exist_ok=True)
    with (root() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / _COMPLETE).touch()
    return folder
