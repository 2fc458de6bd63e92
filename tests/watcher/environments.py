# SPDX-License-Identifier: Apache-2.0
"""Environments with Watcher and our requirements, and ours beside them."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Sequence
from importlib import metadata

from tests.cloud import environments

_HERE = pathlib.Path(__file__).parent
_ROOT = _HERE.parents[1]
#: Has testcloud, which prepares a service's process for the test cloud.
_SERVICES = _ROOT / "tests/cloud/services"

#: What the extra installs today: in this very environment.
NEWEST = "newest"
PINNED = ("14.0.0", "17.0.0")
RELEASES = (*PINNED, NEWEST)


def release(name: str) -> int:
    """The number before the first dot of an environment's Watcher."""
    version = metadata.version("python-watcher") if name == NEWEST else name
    return int(version.partition(".")[0])


def python(name: str) -> pathlib.Path:
    """The interpreter of an environment; installed on first use."""
    if name == NEWEST:
        return pathlib.Path(sys.executable)
    return environments.Environment(
        f"watcher-{name}", _HERE / f"constraints-{name}.txt"
    ).python


def install(folder: pathlib.Path) -> None:
    """Have a folder make this tree an installed package.

    An environment of Watcher's own stays without ours, so that it need not
    be made anew with each change; a process finds ours on its path, with
    the entry points that this tree was installed with.
    """
    ours = metadata.distribution("volmigrateclient")
    _distribution(
        folder,
        "volmigrateclient",
        str(ours.read_text("METADATA")),
        str(ours.read_text("entry_points.txt")),
    )


def install_foreign(folder: pathlib.Path, name: str, target: str) -> None:
    """Somebody else's package that has an action of this name."""
    _distribution(
        folder,
        "foreign",
        "Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n",
        f"[watcher_actions]\n{name} = {target}\n",
    )


def _distribution(
    folder: pathlib.Path, name: str, text: str, entry_points: str
) -> None:
    info = folder / f"{name}-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(text)
    (info / "entry_points.txt").write_text(entry_points)


def variables(name: str, folders: Sequence[pathlib.Path]) -> dict[str, str]:
    """Environment variables for a process of Watcher's.

    :param folders: of what is installed besides
    """
    return {
        **environments.Environment.variables(),
        "PYTHONPATH": os.pathsep.join(
            str(folder) for folder in (*folders, _ROOT, _SERVICES)
        ),
    }
