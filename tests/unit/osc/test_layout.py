# SPDX-License-Identifier: Apache-2.0

"""Text that fits."""

from __future__ import annotations

import subprocess

import pytest

from volmigrateclient.core.model import wording
from volmigrateclient.osc import layout

_ID = "733461b3-64d3-49e5-8aef-149fcff77f66"


def test_columns_are_aligned_and_the_last_is_not_padded() -> None:
    rows = [("Name", "Size"), ("data", "10 GiB"), ("a", "2 GiB")]

    assert layout.table(rows, 80, right=(1,), indent=2) == [
        "  Name    Size",
        "  data  10 GiB",
        "  a      2 GiB",
    ]
    assert layout.table([], 80) == []


@pytest.mark.parametrize("width", [30, 40, 60])
def test_columns_are_cut_to_fit(width: int) -> None:
    rows = [("n" * 50, "1 GiB", "cloud@alpha#pool")]

    (line,) = layout.table(rows, width, shrink=(0, 2))

    assert len(line) <= width
    assert ".." in line
    assert "1 GiB" in line


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("gitlab-data", 20, "gitlab-data"),
        ("gitlab-data", 8, "gitlab.."),
        # Wide characters take two columns each.
        ("データ", 6, "データ"),
        ("データ", 5, "デ.."),
        ("e\u0301tage", 5, "e\u0301tage"),
    ],
)
def test_a_text_is_cut_by_columns(text: str, width: int, shown: str) -> None:
    assert layout.shortened(text, width) == shown


def test_a_remedy_is_never_broken_inside_a_word() -> None:
    command = f"openstack volume snapshot delete {_ID} {_ID}"

    lines = layout.remedy(command, 60, indent=4)

    assert lines == [
        "    remedy: openstack volume snapshot delete \\",
        f"    {_ID} \\",
        f"    {_ID}",
    ]
    # Copied from the screen, it is the command that it was.
    joined = " ".join(line.strip(" \\") for line in lines)
    assert joined == f"remedy: {command}"
    assert layout.remedy("wait until it ended", 16) == [
        "remedy: wait",
        "until it ended",
    ]
    assert layout.remedy("", 80) == []


@pytest.mark.parametrize(
    "word", ["Ceph  SSD; rm -rf /", "it's  mine", "a\nb c"]
)
def test_a_remedy_is_never_broken_inside_quotes(word: str) -> None:
    command = (
        "openstack quota set --volumes 3 "
        f"--volume-type={wording.shell(word)} {_ID}"
    )

    lines = layout.remedy(command, 30)

    assert len(lines) >= 4
    assert all("\n" not in line for line in lines)
    # A shell that is given these lines sees the words that they were.
    script = "\n".join(lines).removeprefix("remedy: openstack")
    printed = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split("\0")[:-1] == [
        *("quota", "set", "--volumes", "3"),
        f"--volume-type={word}",
        _ID,
    ]


@pytest.mark.parametrize(
    ("before", "after", "capacity", "bar"),
    [
        (0, 0, 100, "[..........]"),
        (50, 50, 100, "[#####.....]"),
        (20, 50, 100, "[##+++.....]"),
        (50, 20, 100, "[##---.....]"),
        (100, 0, 100, "[----------]"),
        # More than there is, and a pool that says nothing.
        (100, 300, 100, "[##########]"),
        (0, 0, 0, "[..........]"),
    ],
)
def test_a_bar_shows_before_and_after(
    before: float, after: float, capacity: float, bar: str
) -> None:
    assert layout.bar(before, after, capacity, 12) == bar


@pytest.mark.parametrize(
    ("gib", "text"),
    [(0, "0 GiB"), (1, "1 GiB"), (9999, "9,999 GiB"), (14540, "14.2 TiB")],
)
def test_sizes_are_for_people(gib: float, text: str) -> None:
    assert layout.size(gib) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (61, "1 min"),
        (3599, "1 h"),
        (12000, "3 h 20 min"),
        (200000, "2 d 7 h"),
        (172800, "2 d"),
    ],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert layout.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 volumes"), (1, "1 volume"), (3012, "3,012 volumes")],
)
def test_things_are_counted(number: int, text: str) -> None:
    assert layout.counted(number, "volume") == text


def test_what_a_tenant_wrote_stays_on_its_line() -> None:
    name = "web\n\x1b[31mroot"

    assert layout.table([(name, "1 GiB")], 80) == [
        "web\\n\\x1b[31mroot  1 GiB"
    ]
    assert layout.wrapped(f"a\x1bb {name}", 80) == [
        "a\\x1bb web",
        "\\x1b[31mroot",
    ]
