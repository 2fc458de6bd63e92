# SPDX-License-Identifier: Apache-2.0

"""What others read of a plan: a page, a script of remedies, a status."""

from __future__ import annotations

import dataclasses
import datetime
import subprocess
from html import parser
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model, recovery
from volmigrateclient.core.model import check
from volmigrateclient.core.planning.planner import (
    Assessment,
    Outlook,
    Readiness,
)
from volmigrateclient.osc import page, remedies, status_view
from volmigrateclient.osc.names import Names

_NAMES = Names({builders.PROJECT_ID: "shop"}, {builders.SERVER_ID: "web"})
_NOON = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.timezone.utc)
_SNAPSHOT = "openstack volume snapshot delete one"
_NASTY = "<script>alert(1)</script>\n$(touch /tmp/owned)"


def _blocked(name: str, remedy: str, number: int = 1) -> Assessment:
    found = check.Check.blocked("Snapshots", check.COLD_STATE, "why", remedy)
    return Assessment(
        builders.volume(id=f"v{number}", name=name),
        builders.migrate(),
        Readiness.BLOCKED,
        ("why",),
        (found,),
    )


def _ready(number: int) -> Assessment:
    return Assessment(
        builders.attached(id=f"v{number}", name=f"data-{number}"),
        builders.migrate(),
        Readiness.READY,
    )


class _Text(parser.HTMLParser):
    """The words of a page, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _page(
    *found: Assessment, report: Any = (), duration: str = "unknown"
) -> _Text:
    header = page.Header("plan.json", "http://k", "then", "now", duration)
    pools = (builders.pool(builders.POOL), builders.pool(builders.SPARE))
    text = page.render(header, Outlook(found, pools), _NAMES, report)
    assert page.MARK in text[:1000]
    return _Text(text)


def test_a_page_says_what_moves_and_how_full_it_gets() -> None:
    found = _page(_ready(1), _ready(2), _blocked("db", _SNAPSHOT, 3))

    assert "3 volumes, 30 GiB" in found.text
    assert "2 ready, 20 GiB" in found.text
    assert "c1@gold#one c2@gold#two gold 3 30 GiB 2 1" in found.text
    assert "Snapshots : 1 volume, 10 GiB. db" in found.text
    assert _SNAPSHOT in found.text
    assert [svg["aria-label"] for svg in found.of("svg")] == [
        "10% before, 0% after",
        "10% before, 30% after",
    ]
    # It stands alone: nothing is fetched from anywhere.
    assert not found.of("script")
    assert not found.of("link")
    assert not list(found.of("img"))


def test_on_a_narrow_screen_each_cell_has_a_heading() -> None:
    failed = {
        "volume_id": "v1",
        "volume_name": "data",
        "result": "failed",
        "reason": "why",
    }

    found = _page(_ready(1), _blocked("db", _SNAPSHOT, 3), report=[failed])

    cells = found.of("td")
    headings = [cell["data-is"] for cell in cells]
    assert headings.count("Volume") == 3
    assert headings.count("Pool") == 2
    assert all(headings)


@pytest.mark.parametrize(
    ("duration", "line"),
    [
        ("estimate: 1 move, 10 GiB", "Estimate: 1 move, 10 GiB. What"),
        # Nothing is to be moved.
        ("", "1 ready, 10 GiB What moves where"),
    ],
)
def test_one_volume_and_how_long_it_takes(duration: str, line: str) -> None:
    found = _page(_ready(1), duration=duration)

    assert "1 volume, 10 GiB" in found.text
    assert line in found.text


def test_a_route_without_volumes_of_a_state_has_a_nought() -> None:
    there = dataclasses.replace(_ready(1), readiness=Readiness.ALREADY_THERE)
    larger = dataclasses.replace(
        _ready(2), volume=builders.volume(type_name="silver")
    )

    found = _page(there, larger)

    assert "c1@gold#one c2@gold#two gold 1 10 GiB 0 1" in found.text
    assert "c1@gold#one c2@gold#two silver 1 10 GiB 1 0" in found.text


def test_a_page_of_a_plan_without_volumes() -> None:
    assert "0 volumes, 0 GiB" in _page().text


def test_a_name_is_no_part_of_the_page() -> None:
    found = _page(_blocked(_NASTY, _SNAPSHOT))

    assert not found.of("script")
    assert "<script>alert(1)</script>\\n$(touch /tmp/owned)" in found.text


def test_after_apply_the_page_says_what_happened() -> None:
    rows = [
        {
            "volume_id": volume_id,
            "volume_name": "data",
            "result": result,
            "reason": reason,
            "size": size,
            "seconds": seconds,
            "started_at": "2026-11-25T22:00:00+00:00",
        }
        for volume_id, result, reason, size, seconds in (
            ("v1", "failed", "first", "10", "3"),
            # A report that was read from CSV holds texts.
            ("v1", "done", "", "10", "5"),
            ("v2", "failed", "Cinder ended it", 20, 7.0),
        )
    ]

    found = _page(_ready(1), report=rows)

    assert (
        "1 done, 1 failed; 10 GiB moved, 5 s each on average; begun "
        "2026-11-25T22:00:00+00:00." in found.text
    )
    assert "v2 failed Cinder ended it" in found.text
    assert "first" not in found.text


def _script(*found: Assessment) -> str:
    return remedies.script(found, _NAMES, "plan.json", "rem.sh", "noon")


@pytest.mark.parametrize(
    ("remedy", "line"),
    [
        (_SNAPSHOT, _SNAPSHOT),
        (
            "openstack quota set --volumes <n> shop",
            "#   fill in: openstack quota set --volumes <n> shop",
        ),
        ("wait until it ended", "#   remedy: wait until it ended"),
        (
            "use --migration-type swap, or openstack server remove volume s v",
            (
                "#   remedy: use --migration-type swap, or openstack server "
                "remove volume s v"
            ),
        ),
    ],
)
def test_commands_are_commands_and_all_else_is_a_note(
    remedy: str, line: str
) -> None:
    script = _script(_blocked("db", remedy), _blocked("web", remedy, 2))

    lines = script.splitlines()
    assert "# ==== Project shop" in script
    # What clears both is said once.
    assert lines.count(line) == 1
    assert "# db v1, 10 GiB" in lines
    assert "#   Snapshots: why" in lines


def test_a_script_runs_nothing_before_it_was_reviewed() -> None:
    script = _script(_blocked(_NASTY, "openstack volume snapshot delete x"))

    done = subprocess.run(
        ["/bin/sh"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "rem.sh: not reviewed yet\n"
    # Whatever a tenant calls a volume stays in its comment.
    active = [
        line
        for line in script.splitlines()
        if line and not line.startswith("#")
    ]
    assert active[1:] == ["set -eux", "openstack volume snapshot delete x"]


def test_nothing_to_remedy() -> None:
    assert _script(_ready(1)).endswith("# Nothing is blocked.\n")


def _moving(number: int, **target: Any) -> recovery.UnderWay:
    return recovery.UnderWay(
        builders.volume(
            id=f"v{number}",
            name=f"data-{number}",
            status="maintenance",
            migration_status="migrating",
            updated_at="2026-11-25T11:58:00",
        ),
        builders.volume(host=builders.SPARE, **target) if target else None,
    )


def test_what_is_under_way_is_shown_by_name() -> None:
    found = [
        _moving(1, type_id="gold-id"),
        _moving(2, type_id="silver-id", type_name="silver"),
        _moving(3),
    ]

    assert status_view.lines(found, _NOON, 120, 40) == [
        (
            "Name      Size  From         To                        "
            "State                     For"
        ),
        *(
            f"data-{number}  10 GiB  c1@gold#one  {to:<24}  "
            "maintenance, migrating  2 min"
            for number, to in (
                (1, "c2@gold#two"),
                (2, "c2@gold#two, type silver"),
                (3, "(not known yet)"),
            )
        ),
    ]
    assert status_view.total(found) == "3 moves under way, 30 GiB"
    assert status_view.lines([], _NOON, 80, 24) == []
    assert status_view.total([]) == "no volume is moving"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_thousand_moves_fit(width: int) -> None:
    lines = status_view.lines(
        [_moving(number) for number in range(1000)], _NOON, width, 24
    )

    assert len(lines) <= 24
    assert max(map(len, lines)) <= width
    assert lines[-1] == "and 981 more moves: -f json"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (
            2,
            (
                "2 leftovers of earlier moves: see 'openstack volume "
                "watcher-migrate recover'"
            ),
        ),
    ],
)
def test_leftovers_are_hinted_at(number: int, text: str) -> None:
    assert status_view.hint(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (
            2,
            (
                "swaps via Nova that are running or were interrupted: 2; see "
                "'openstack volume watcher-migrate recover'"
            ),
        ),
    ],
)
def test_what_no_record_tells_is_said_to_be_so(number: int, text: str) -> None:
    assert status_view.perhaps_running(number) == text


def test_a_row_for_scripts_has_ids() -> None:
    one = recovery.UnderWay(builders.attached(updated_at=None))

    cells = [
        cell.machine_readable() if hasattr(cell, "machine_readable") else cell
        for cell in status_view.row(one, _NAMES, _NOON)
    ]

    assert cells == [
        "data",
        builders.VOLUME_ID,
        builders.PROJECT_ID,
        [builders.SERVER_ID],
        10,
        builders.POOL,
        None,
        None,
        "in-use",
        None,
        None,
    ]
    assert isinstance(one.volume, model.Volume)
