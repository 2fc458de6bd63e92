# SPDX-License-Identifier: Apache-2.0

"""Pages fit a screen, show pictures, and have what messages send to."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator

import pytest

_SOURCE = pathlib.Path(__file__).parents[2] / "doc" / "source"
_STYLE = (_SOURCE / "_static" / "volmigrate.css").read_text("utf-8")
#: Columns of a block that fit the theme's page, as volmigrate.css has it; of
#: a block of class "wide".
_FIT, _FIT_WIDE = 108, 120
#: A block, and what stands in it.
_BLOCK = re.compile(
    r"^(?P<indent> *)(?:\.\. code-block:: (?P<language>\w+)|\S.*::)\n"
    r"(?P<text>(?:(?P=indent) +.*\n|\n)+)",
    re.MULTILINE,
)

_TITLE = re.compile(r"^(\S.*)\n([=\-])\2{3,}$", re.MULTILINE)
_SEE = re.compile(r"'([^']+)' in the documentation")


def _blocks(page: pathlib.Path) -> Iterator[tuple[str, list[str]]]:
    """The blocks of a page: language, and lines."""
    for found in _BLOCK.finditer(page.read_text("utf-8")):
        yield found["language"] or "text", found["text"].splitlines()


def _wraps(language: str) -> bool:
    """Whether the style has lines of such a block broken."""
    (rule,) = re.findall(r"([^}]*)\{[^}]*white-space: pre-wrap", _STYLE)
    return f".highlight-{language} pre" in rule


def _pages() -> list[str]:
    return sorted(
        str(path.relative_to(_SOURCE)) for path in _SOURCE.rglob("*.rst")
    )


@pytest.mark.parametrize("page", _pages())
def test_a_block_fits(page: str) -> None:
    for language, lines in _blocks(_SOURCE / page):
        if _wraps(language):
            continue
        wide = any(line.strip() == ":class: wide" for line in lines)
        start = min(
            len(line) - len(line.lstrip()) for line in lines if line.strip()
        )
        columns = _FIT_WIDE if wide else _FIT
        assert [line for line in lines if len(line) - start > columns] == []


@pytest.mark.parametrize(
    ("page", "picture"),
    [
        ("user/paths.rst", "paths"),
        ("user/one-volume.rst", "live-move"),
        ("user/pool.rst", "plan-apply"),
    ],
)
def test_a_picture_is_told_in_words_too(page: str, picture: str) -> None:
    text = (_SOURCE / page).read_text("utf-8")

    assert re.search(
        rf"image:: /images/{picture}\.svg\n +:width: .*\n +:alt: \w", text
    )
    assert (_SOURCE / "images" / f"{picture}.svg").exists()


def test_a_shell_s_words_are_not_coloured_as_python() -> None:
    configuration = (_SOURCE / "conf.py").read_text("utf-8")

    assert 'highlight_language = "text"' in configuration


def _referred_to() -> set[str]:
    """Titles to which messages send people."""
    code = _SOURCE.parents[1] / "volmigrateclient"
    return {
        title
        for path in code.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for title in _SEE.findall(node.value)
    }


def test_messages_send_to_titles_that_there_are() -> None:
    titles = {
        title
        for page in (_SOURCE / "user").glob("*.rst")
        for title, _ in _TITLE.findall(page.read_text("utf-8"))
    }

    referred_to = _referred_to()
    assert len(referred_to) >= 4
    assert referred_to <= titles
