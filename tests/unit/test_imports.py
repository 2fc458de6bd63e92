# SPDX-License-Identifier: Apache-2.0

"""Who may import what, and who may sleep."""

from __future__ import annotations

import ast
import graphlib
import json
import pathlib
import subprocess
import sys
from importlib import metadata

import pytest

import volmigrateclient

ROOT = pathlib.Path(volmigrateclient.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
CLIENTS = {"cinderclient", "novaclient", "keystoneclient"}

#: Not to be imported by every ``openstack`` call there is.
SLOW = CLIENTS | {
    "jsonschema",
    "rich",
    "volmigrateclient.api",
    "volmigrateclient.core",
    "volmigrateclient.gateway",
}

_IMPORT = """
import importlib, json, sys
# What OSC has imported by then is not our doing.
from osc_lib.command import command
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def _named(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


def _imported(tree: ast.AST) -> set[str]:
    """The modules that code imports, anywhere in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_commands_are_cheap_to_import() -> None:
    commands = [
        point.module
        for point in metadata.entry_points(group="openstack.volume.v3")
        if point.module.startswith("volmigrateclient.")
    ]
    assert len(commands) >= 2

    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *commands],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(json.loads(done.stdout))
    assert set(commands) <= loaded
    assert loaded & SLOW == set()


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not path.is_relative_to(ROOT / "gateway")],
    ids=_named,
)
def test_only_the_gateway_knows_the_clients(path: pathlib.Path) -> None:
    imported = {
        name.partition(".")[0]
        for name in _imported(ast.parse(path.read_text()))
    }
    assert imported & CLIENTS == set()


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_arrows_point_inwards(path: pathlib.Path) -> None:
    ring = path.relative_to(ROOT).parts[0]
    outer = {
        "core": ("osc", "gateway", "api", "watcher"),
        "gateway": ("osc", "api", "watcher"),
        "api.py": ("osc", "watcher"),
        "osc": ("watcher",),
        # The library's user, as anybody else.
        "watcher": ("osc", "gateway"),
    }.get(ring, ())
    imported = _imported(ast.parse(path.read_text()))
    for other in outer:
        package = f"volmigrateclient.{other}"
        assert not {n for n in imported if (n + ".").startswith(package + ".")}


#: What is there only where Watcher is.
_WATCHERS = {"oslo_config", "oslo_log", "watcher"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not path.is_relative_to(ROOT / "watcher")],
    ids=_named,
)
def test_only_its_adapter_knows_watcher(path: pathlib.Path) -> None:
    imported = {
        name.partition(".")[0]
        for name in _imported(ast.parse(path.read_text()))
    }
    assert imported & _WATCHERS == set()


_WITHOUT = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # importing it is an ImportError
from volmigrateclient import api
print(all(hasattr(api, name) for name in api.__all__))
"""


def test_the_library_needs_nothing_of_the_command() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _WITHOUT,
            "openstackclient",
            "openstack",
            "osc_lib",
            "cliff",
            "cmd2",
            "rich",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "True\n", done.stderr


#: The floors of the core, from the ground up; some share one.
FLOORS = {
    name: floor
    for floor, names in enumerate(
        (
            ("model",),
            ("cloud",),
            ("checks",),
            ("paths",),
            ("engine",),
            ("planning", "recovery"),
        )
    )
    for name in names
}
CORE = [
    path
    for path in (ROOT / "core").rglob("*.py")
    if path.parent.name != "core"
]


def _module_of(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _core_imports(path: pathlib.Path) -> set[str]:
    """The modules of the core that one imports, wherever in it."""
    known = {_module_of(module) for module in CORE}
    imported = _imported(ast.parse(path.read_text()))
    # "from package import module" names both; it is the module that counts.
    packages = {name.rpartition(".")[0] for name in imported if name in known}
    return (imported & known) - packages - {_module_of(path)}


def test_every_room_of_the_core_is_on_a_floor() -> None:
    assert {path.relative_to(ROOT / "core").parts[0] for path in CORE} == set(
        FLOORS
    )


@pytest.mark.parametrize("path", CORE, ids=_named)
def test_an_import_goes_to_the_same_floor_or_a_lower_one(
    path: pathlib.Path,
) -> None:
    room = path.relative_to(ROOT / "core").parts[0]
    for name in _core_imports(path):
        other = name.split(".")[2]
        assert other == room or FLOORS[other] < FLOORS[room], name


def test_no_imports_go_in_a_circle() -> None:
    graph = graphlib.TopologicalSorter(
        {_module_of(path): _core_imports(path) for path in CORE}
    )
    graph.prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_only_the_clock_sleeps(path: pathlib.Path) -> None:
    tree = ast.parse(path.read_text())
    waits = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            ast.unparse(node.func) == "time.sleep"
            or (
                node.func.attr in ("acquire", "get", "join", "wait")
                and any(given.arg == "timeout" for given in node.keywords)
            )
        )
    ]
    # It waits for its bell.
    assert len(waits) == (_named(path) == "core/engine/clock.py")
    assert "time.sleep" not in _imported(tree)
