# SPDX-License-Identifier: Apache-2.0
"""What a wheel brings, built from a tree that has no git to ask."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.cloud import environments

_ROOT = pathlib.Path(__file__).parents[2]
#: All that a build reads; not what tests and tools leave in a tree.
_SOURCES = (
    *("LICENSE", "README.rst", "pyproject.toml", "requirements.txt"),
    *("setup.cfg", "setup.py", "contrib", "doc", "volmigrateclient"),
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The files of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in _SOURCES:
        source, copy = _ROOT / name, folder / "tree" / name
        if source.is_dir():
            shutil.copytree(source, copy)
        else:
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(source, copy)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "--quiet", "build", "--wheel"),
            *("--out-dir", str(folder), str(folder / "tree")),
        ],
        env={
            name: value
            for name, value in (os.environ | environments.TRUST).items()
            if name != "PBR_VERSION"
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The version that README.rst says a tree without git has.
    (wheel,) = folder.glob("volmigrateclient-0.0.0.dev0-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


def _data(names: frozenset[str]) -> set[str]:
    """What goes below the environment's prefix."""
    return {
        name.partition(".data/data/")[2]
        for name in names
        if ".data/data/" in name
    }


def test_the_manual_page_is_where_man_looks(names: frozenset[str]) -> None:
    page = "share/man/man1/openstack-volume-watcher-migrate.1"
    assert page in _data(names)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("share/doc/volmigrateclient/user", "doc/source/user"),
        ("share/doc/volmigrateclient/images", "doc/source/images"),
        ("share/volmigrateclient/ansible", "contrib/ansible"),
    ],
)
def test_the_documentation_and_the_collection_are_in_it(
    names: frozenset[str], folder: str, source: str
) -> None:
    wanted = {
        str(path.relative_to(_ROOT / source))
        for path in (_ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    brought = {
        name.removeprefix(f"{folder}/")
        for name in _data(names)
        if name.startswith(f"{folder}/")
    }
    assert brought == wanted
    assert "share/doc/volmigrateclient/README.rst" in _data(names)


def test_what_the_code_reads_is_in_it(names: frozenset[str]) -> None:
    assert {
        "volmigrateclient/py.typed",
        "volmigrateclient/osc/templates/plan.html",
    } <= names
