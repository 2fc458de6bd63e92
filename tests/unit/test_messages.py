# SPDX-License-Identifier: Apache-2.0

"""The page of messages names every sentence and every check there is."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

from volmigrateclient.core.model import check

_ROOT = pathlib.Path(__file__).parents[2]
_PAGE = " ".join(
    (_ROOT / "doc/source/user/messages.rst").read_text("utf-8").split()
)
_CHECKS = sorted((_ROOT / "volmigrateclient/core/checks").glob("*.py"))
_MADE_BY = ("ok", "blocked", "warning", "unknown", "Check")


def _sentences() -> list[str]:
    return [
        value
        for name, value in vars(check).items()
        if name.isupper() and isinstance(value, str)
    ]


def _check_names() -> list[str]:
    return sorted(
        {
            name
            for path in _CHECKS
            for name in _names_in(ast.parse(path.read_text("utf-8")))
        }
    )


def _names_in(tree: ast.Module) -> Iterator[str]:
    """First arguments of what makes checks, and what is called ``name``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            made_by = getattr(called, "attr", getattr(called, "id", ""))
            if made_by in _MADE_BY:
                yield from _text(node.args[0])
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                target, value = target.elts[0], value.elts[0]
            if isinstance(target, ast.Name) and target.id == "name":
                yield from _text(value)


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_there_are_sentences_and_names() -> None:
    # Else the tests below would pass by finding nothing to look for.
    assert len(_sentences()) >= 13
    assert len(_check_names()) >= 25


@pytest.mark.parametrize("sentence", _sentences())
def test_the_page_explains_the_sentence(sentence: str) -> None:
    assert sentence in _PAGE


@pytest.mark.parametrize("name", _check_names())
def test_the_page_explains_the_check(name: str) -> None:
    assert f"* - {name} - " in _PAGE
