# SPDX-License-Identifier: Apache-2.0

"""Text from the cloud in sentences and commands."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest

from volmigrateclient.core.model import wording


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 東京 👩‍💻", "Grüße, 東京 👩‍💻"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x7f\x9b31m", "\\x7f\\u009b31m"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"),
        ("\ud800", "\\ud800"),
    ],
)
def test_controls_are_written_out(text: str, shown: str) -> None:
    assert wording.escaped(text) == shown


def test_no_control_character_is_forgotten() -> None:
    forgotten = [
        f"{number:04x}"
        for number in range(0x110000)
        if unicodedata.category(chr(number)) in ("Cc", "Cs", "Zl", "Zp")
        and wording.escaped(chr(number)) == chr(number)
    ]

    assert forgotten == []


def test_our_own_lines_stay_lines() -> None:
    assert wording.escaped_lines("a\x07\nb") == "a\\x07\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("data", "'data'"),
        ("", "''"),
        ("x' (remedy: y", "'x\\' (remedy: y'"),
        ("back\\", "'back\\\\'"),
        ("a\nb", "'a\\nb'"),
    ],
)
def test_nothing_ends_the_quotes(text: str, shown: str) -> None:
    assert wording.quoted(text) == shown


@pytest.mark.parametrize(
    "word",
    [
        "gold",
        "Ceph SSD; rm -rf /",
        "it's",
        "$(id) `id` !! \\",
        "a\nb",
        "\x1b]0;'x'\\\x07",
        "\u202egold é",
        "",
    ],
)
def test_a_shell_reads_the_word_as_it_is(word: str) -> None:
    said = wording.shell(word)

    assert wording.escaped(said) == said
    printed = subprocess.run(
        ["bash", "-c", f"printf %s {said}"],
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    assert printed.stdout.decode() == word
