# SPDX-License-Identifier: Apache-2.0
"""What the code says of the services can be looked up."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator

import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_PAGE = (_ROOT / "doc/source/reference/services.rst").read_text("utf-8")
_LABELS = re.findall(r"^\.\. _([a-z-]+):$", _PAGE, re.MULTILINE)
_SOURCES = sorted(
    path
    for folder in ("volmigrateclient", "tests")
    for path in (_ROOT / folder).rglob("*.py")
)

#: What goes between the words where a docstring or a comment is wrapped.
_GAP = r"\s+(?:#:?\s+)?"
_LABEL = r"[a-z0-9-]*[a-z0-9]"
#: ``services.rst, services-lock``; of several labels each is looked for.
_CITATION = re.compile(
    rf"services\.rst,{_GAP}({_LABEL}"
    rf"(?:(?:,|{_GAP}and){_GAP}services-{_LABEL})*)"
)
#: The numbers of the notes that the page was made from.
_OLD = re.compile(rf"(?i:semantics){_GAP}[A-Z0-9]\.[0-9]+|\b[A-J]\.[0-9]+\b")


def _cited(text: str) -> Iterator[str]:
    for citation in _CITATION.findall(text):
        first, *others = re.split(rf"(?:,|{_GAP}and){_GAP}", citation)
        yield from (first, *others)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        pytest.param(
            "(see services.rst, services-lock).",
            ["services-lock"],
            id="one",
        ),
        pytest.param(
            "services.rst, services-lock, services-quota and\n"
            "    services-guard",
            ["services-lock", "services-quota", "services-guard"],
            id="several",
        ),
        pytest.param(
            "#: (see services.rst,\n    #: services-lock)",
            ["services-lock"],
            id="wrapped comment",
        ),
        pytest.param("services.rst, lock", ["lock"], id="none of the page's"),
    ],
)
def test_a_citation_is_found(text: str, labels: list[str]) -> None:
    # Else the test below would pass by finding nothing to look for.
    assert list(_cited(text)) == labels


def test_what_the_code_cites_is_on_the_page() -> None:
    missing = [
        f"{path.relative_to(_ROOT)}: {label}"
        for path in _SOURCES
        if path != pathlib.Path(__file__)
        for label in _cited(path.read_text("utf-8"))
        if label not in _LABELS
    ]
    assert not missing
    assert len(_LABELS) == len(set(_LABELS)) >= 30


def test_the_code_cites_nothing_else() -> None:
    left = [
        f"{path.relative_to(_ROOT)}: {found}"
        for path in _SOURCES
        for found in _OLD.findall(path.read_text("utf-8"))
    ]
    assert not left
