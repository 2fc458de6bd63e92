# SPDX-License-Identifier: Apache-2.0

"""A plan as one self-contained page of HTML, for those who approve it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osc_lib import exceptions

from volmigrateclient.core.model import wording
from volmigrateclient.core.planning import planner, summary
from volmigrateclient.core.planning.planner import Assessment, Readiness
from volmigrateclient.i18n import _
from volmigrateclient.osc import layout, plan_view
from volmigrateclient.osc.names import Names

#: By what a page of ours is known.
MARK = '<meta name="generator" content="volmigrateclient">'

#: Volumes that are named for one blocker of one project.
_NAMED = 12
#: Results of a report that count as done.
_DONE = ("done", "already there")


@dataclasses.dataclass(frozen=True)
class Header:
    """What stands above it all.

    :param title: the plan's file
    :param cloud: Keystone's URL and the region
    :param planned_at: UTC
    :param judged_at: UTC
    :param duration: how long it is expected to take, and on what that rests;
        empty if nothing is to be moved
    """

    title: str
    cloud: str
    planned_at: str
    judged_at: str
    duration: str


def render(
    header: Header,
    outlook: planner.Outlook,
    names: Names,
    report: Sequence[Mapping[str, Any]] = (),
) -> str:
    """The page.

    :param report: the rows of a report of ``apply``
    :raises CommandError: jinja2 is not installed
    """
    try:
        import jinja2
    except ImportError as error:
        raise exceptions.CommandError(
            _(
                "--html needs jinja2: pip install 'volmigrateclient[html]', "
                "or your distribution's python3-jinja2"
            )
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("volmigrateclient.osc"),
        # Names are tenants' text.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "size": layout.size,
        "plain": wording.escaped,
        "number": lambda number: f"{number:,}",
    }
    numbers = summary.summarize(outlook)
    return environment.get_template("plan.html").render(
        mark=MARK,
        header=header,
        total=plan_view.total(numbers),
        tiles=[
            (plan_view.WORDS[one], numbers.of(one))
            for one in Readiness
            if numbers.of(one).volumes
        ],
        states=[one for one in Readiness if numbers.of(one).volumes],
        words=plan_view.WORDS,
        numbers=numbers,
        nothing=summary.Count(),
        blocked=_by_project(outlook.assessments, names),
        rows=[_row(one, names) for one in outlook.assessments],
        report=_report(report),
    )


def _by_project(
    found: Sequence[Assessment], names: Names
) -> list[dict[str, Any]]:
    """Blockers, with the volumes and remedies of each project."""
    by_project: dict[str, dict[str, list[Assessment]]] = {}
    for one in found:
        for name in dict.fromkeys(blocker.name for blocker in one.blockers):
            by_project.setdefault(one.volume.project_id, {}).setdefault(
                name, []
            ).append(one)
    return [
        {
            "project": names.project(project_id),
            "reasons": [
                {
                    "name": name,
                    "count": summary.Count(
                        len(some), sum(one.volume.size for one in some)
                    ),
                    "volumes": [
                        one.volume.name or one.volume.id
                        for one in some[:_NAMED]
                    ],
                    "more": max(len(some) - _NAMED, 0),
                    "remedies": _remedies(name, some),
                }
                for name, some in reasons.items()
            ],
        }
        for project_id, reasons in sorted(
            by_project.items(), key=lambda item: names.project(item[0])
        )
    ]


def _remedies(name: str, found: Sequence[Assessment]) -> list[str]:
    every = dict.fromkeys(
        blocker.remedy
        for one in found
        for blocker in one.blockers
        if blocker.name == name and blocker.remedy
    )
    return list(every)[:_NAMED]


def _row(one: Assessment, names: Names) -> dict[str, Any]:
    volume, action = one.volume, one.action
    return {
        "name": volume.name or volume.id,
        "id": volume.id,
        "project": names.project(volume.project_id),
        "servers": plan_view.servers(one, names),
        "size": volume.size,
        "source": (
            volume.host if action.destination_node else volume.type_name
        ),
        "destination": summary.destination_of(action),
        "how": action.migration_type,
        "state": one.readiness,
        "why": plan_view.why(one),
    }


def _report(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What became of the volumes, by the last that was written of each."""
    if not rows:
        return None
    last = {row["volume_id"]: row for row in rows}
    counts = collections.Counter(str(row["result"]) for row in last.values())
    moved = [row for row in rows if row["result"] == "done"]
    gib = sum(int(row.get("size") or 0) for row in moved)
    seconds = sum(float(row.get("seconds") or 0) for row in moved)
    return {
        "counts": counts.most_common(),
        "moved": layout.size(gib),
        "each": layout.duration(seconds / len(moved)) if moved else "",
        "began": min(str(row.get("started_at") or "") for row in rows),
        "troubles": [
            row for row in last.values() if row["result"] not in _DONE
        ],
    }
