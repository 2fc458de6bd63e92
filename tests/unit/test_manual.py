# SPDX-License-Identifier: Apache-2.0

"""The manual page that wheels bring has every command and every option."""

from __future__ import annotations

import argparse
import configparser
import pathlib
import re
from types import SimpleNamespace

import pytest

from volmigrateclient.osc import command

_ROOT = pathlib.Path(__file__).parents[2]
_PAGE = "doc/man/openstack-volume-watcher-migrate.1"
_AGAIN = f"write {_PAGE} anew: tox -e docs"


def _setup() -> configparser.ConfigParser:
    found = configparser.ConfigParser()
    found.read(_ROOT / "setup.cfg", "utf-8")
    return found


def _commands() -> dict[str, str]:
    """Our commands: name -> module:class."""
    lines = _setup()["entry_points"]["openstack.volume.v3"].split("\n")
    pairs = (line.split(" = ") for line in lines if line)
    return {name.rpartition("_")[2]: where for name, where in pairs}


def _options(where: str) -> list[argparse.Action]:
    """What a command takes, but for what all of cliff's do."""
    module, _, name = where.partition(":")
    found = getattr(__import__(module, fromlist=[name]), name)
    assert issubclass(found, command.Lister | command.ShowOne)
    app = SimpleNamespace(client_manager=None)
    parser = found(app, None).get_parser("x")
    of_cliff = {
        id(action)
        for group in parser._action_groups
        if "formatter" in str(group.title)
        for action in group._group_actions
    }
    return [
        one
        for one in parser._actions
        if one.dest != "help" and id(one) not in of_cliff
    ]


def _page() -> str:
    """The page's words, without what is for the typesetter."""
    text = (_ROOT / _PAGE).read_text("utf-8")
    text = re.sub(r"\\f[A-Z]|\\f\([A-Z]+", "", text)
    text = re.sub(r"\\([-&'])", lambda m: m[1].replace("&", ""), text)
    return " ".join(text.replace("\\(aq", "'").split())


def test_a_wheel_brings_it() -> None:
    assert _PAGE in _setup()["files"]["data_files"]


@pytest.mark.parametrize("name", _commands())
def test_it_has_every_option(name: str) -> None:
    page = _page()
    assert f"volume watcher-migrate {name}" in page
    for option in _options(_commands()[name]):
        if option.dest == "help":
            continue
        for word in option.option_strings:
            assert word in page, _AGAIN
        # Sphinx makes addresses of words with an @, for a reader of mail.
        for part in re.split(r"\S*@\S*", str(option.help)):
            assert " ".join(part.split()) in page, _AGAIN
