# SPDX-License-Identifier: Apache-2.0

"""What a plan is like, on a terminal."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.model import check
from volmigrateclient.core.planning import summary
from volmigrateclient.core.planning.planner import (
    Assessment,
    Outlook,
    Readiness,
)
from volmigrateclient.osc import plan_view, terminal
from volmigrateclient.osc.names import Names

_SNAPSHOTS = check.Check.blocked(
    "Snapshots",
    check.COLD_STATE,
    "the volume has 1 snapshot: friday (available)",
    "openstack volume snapshot delete 733461b3-64d3-49e5-8aef-149fcff77f66",
)
_NAMES = Names({builders.PROJECT_ID: "shop"}, {builders.SERVER_ID: "web"})


def _assessment(
    number: int, readiness: Readiness, *blockers: model.Check
) -> Assessment:
    return Assessment(
        builders.attached(id=f"{number:036}", name=f"data-{number}"),
        builders.migrate(),
        readiness,
        tuple(check.sentences(blockers)),
        blockers,
    )


def _many(ready: int, blocked: int) -> Outlook:
    return Outlook(
        (
            *(_assessment(n, Readiness.READY) for n in range(ready)),
            *(
                _assessment(ready + n, Readiness.BLOCKED, _SNAPSHOTS)
                for n in range(blocked)
            ),
        ),
        (
            builders.pool(builders.POOL, provisioned_capacity_gb=60.0),
            builders.pool(builders.SPARE),
        ),
    )


def _screen(found: Outlook, width: int, height: int) -> list[str]:
    return plan_view.screen(
        found.assessments,
        summary.summarize(found),
        _NAMES,
        terminal.Size(width, height),
        closing=3,
    )


def test_a_plan_of_three_volumes() -> None:
    assert _screen(_many(2, 1), 80, 24) == [
        "From         To           Type  Volumes    Size  Ready  Blocked",
        "c1@gold#one  c2@gold#two  gold        3  30 GiB      2        1",
        "",
        "Pool         Now      Then",
        "c1@gold#one  60%  ->   40%  [#####--.....]  40 GiB of 100 GiB",
        "c2@gold#two  10%  ->   30%  [#+++........]  30 GiB of 100 GiB",
        "",
        "What blocks, with the first remedy of each",
        "  Snapshots: 1 volume, 10 GiB",
        "    the volume has 1 snapshot: friday (available)",
        "    remedy: openstack volume snapshot delete \\",
        "    733461b3-64d3-49e5-8aef-149fcff77f66",
        "",
        "Volume    Size  Project  Server  Why",
        "data-2  10 GiB  shop     web     Snapshots",
        "All volumes, each with its reasons: --long, or -f json",
        "",
        "3 volumes, 30 GiB: 2 ready (20 GiB), 1 blocked (10 GiB)",
    ]


@pytest.mark.parametrize(
    ("width", "height"), [(80, 24), (120, 40), (200, 60), (60, 20)]
)
def test_three_thousand_volumes_fit(width: int, height: int) -> None:
    lines = _screen(_many(1000, 2033), width, height)

    # Where there are but few lines, some volumes are named all the same.
    assert len(lines) + 3 <= max(height, 26)
    assert max(map(len, lines)) <= width
    assert "more volumes" in "\n".join(lines)
    assert "1,000 ready" in lines[-1] + lines[-2]


def test_everything_of_every_volume() -> None:
    found = _many(1, 1)

    lines = plan_view.every_volume(found.assessments, _NAMES, 80)

    assert lines == [
        "data-0  10 GiB  c1@gold#one -> c2@gold#two  cold  ready",
        f"    {0:036}  shop  server web",
        "data-1  10 GiB  c1@gold#one -> c2@gold#two  cold  blocked",
        f"    {1:036}  shop  server web",
        "    Snapshots: the volume has 1 snapshot: friday (available)",
        "      remedy: openstack volume snapshot delete \\",
        "      733461b3-64d3-49e5-8aef-149fcff77f66",
    ]


def test_a_name_begins_no_line_of_its_own() -> None:
    (one,) = _many(1, 0).assessments
    name = "a\nremedy: rm -rf /"
    hostile = dataclasses.replace(
        one, volume=dataclasses.replace(one.volume, name=name)
    )
    names = Names({builders.PROJECT_ID: name}, {builders.SERVER_ID: name})

    lines = plan_view.every_volume([hostile], names, 200)

    assert len(lines) == 2
    assert "a\\nremedy: rm -rf /" in lines[0]
    assert lines[1].count("a\\nremedy: rm -rf /") == 2


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Outlook(()), "0 volumes, 0 GiB: no volume matches"),
        (_many(1, 0), "1 volume, 10 GiB: 1 ready (10 GiB)"),
        (
            Outlook(
                (
                    _assessment(1, Readiness.ALREADY_THERE),
                    _assessment(2, Readiness.MOVING),
                    _assessment(
                        3,
                        Readiness.BLOCKED,
                        check.Check.blocked("Capacity", check.POOL, "no", "x"),
                    ),
                )
            ),
            (
                "3 volumes, 30 GiB: 1 moving (10 GiB), 1 blocked (10 GiB), 1 "
                "already there (10 GiB); 10 GiB short: no room was found for "
                "1 volume"
            ),
        ),
    ],
)
def test_the_totals_are_one_sentence(found: Outlook, text: str) -> None:
    assert plan_view.total(summary.summarize(found)) == text
