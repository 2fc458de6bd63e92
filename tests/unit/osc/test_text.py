# SPDX-License-Identifier: Apache-2.0

"""What came from the cloud, in each of cliff's formats."""

from __future__ import annotations

import io

import pytest
from cliff import columns

from volmigrateclient.osc import text

_NAME = 'a\n\x1b[31m"$(id)`\\'
_WRITTEN_OUT = 'a\\n\\x1b[31m"$(id)`\\'


class _Servers(columns.FormattableColumn):  # type: ignore[type-arg]
    def human_readable(self) -> str:
        return ", ".join(self._value)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    ("style", "on_a_terminal", "elsewhere"),
    [
        ("table", _WRITTEN_OUT, _WRITTEN_OUT),
        ("value", _WRITTEN_OUT, _WRITTEN_OUT),
        ("csv", _WRITTEN_OUT, _NAME),
        ("json", _NAME, _NAME),
        ("yaml", _NAME, _NAME),
        (
            "shell",
            'a\\n\\x1b[31m"\\$(id)\\`\\\\',
            'a\n\x1b[31m"\\$(id)\\`\\\\',
        ),
    ],
)
def test_a_name(
    style: str, on_a_terminal: str, elsewhere: str, terminal: bool
) -> None:
    shown = text.row((_NAME, 1, None), ("Name", "Size", "S"), style, terminal)

    assert shown == (on_a_terminal if terminal else elsewhere, 1, None)


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("table", "one: \\x07\ntwo"),
        ("value", "one: \\x07; two"),
        ("csv", "one: \x07\ntwo"),
        ("json", "one: \x07\ntwo"),
    ],
)
def test_sentences_of_ours_may_have_several_lines(
    style: str, shown: str
) -> None:
    (cell,) = text.row(
        ("one: \x07\ntwo",), ("Reason",), style, False, ("Reason",)
    )

    assert cell == shown


@pytest.mark.parametrize(
    ("style", "shown"),
    [("table", "a\\x07, b"), ("value", "['a\\x07', 'b']")],
)
def test_a_list_is_shown_as_its_column_says(style: str, shown: str) -> None:
    (cell,) = text.row((_Servers(["a\x07", "b"]),), ("S",), style, True)

    assert cell == shown


def test_json_gets_the_list_itself() -> None:
    servers = _Servers(["a"])

    assert text.row((servers,), ("S",), "json", True) == (servers,)


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"gr\\xfc\\xdfe \\ud800"),
        ("iso-8859-1", b"gr\xfc\xdfe \\ud800"),
        ("utf-8", "größe \\ud800".replace("ö", "ü").encode()),
    ],
)
def test_what_cannot_be_encoded_is_escaped(
    encoding: str, written: bytes
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)

    with text.encodable(stream):
        stream.write("grüße \ud800")

    stream.flush()
    assert raw.getvalue() == written
    assert stream.errors == "strict"


def test_a_stream_that_is_no_file_is_left_alone() -> None:
    stream = io.StringIO()

    with text.encodable(stream):
        stream.write("grüße")

    assert stream.getvalue() == "grüße"
