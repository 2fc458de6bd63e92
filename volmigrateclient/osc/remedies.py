# SPDX-License-Identifier: Apache-2.0

"""What clears a plan's blockers, as a shell script to be reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.model import wording
from volmigrateclient.core.planning.planner import Assessment
from volmigrateclient.osc import layout
from volmigrateclient.osc.names import Names

#: Remedies that are commands begin so.
_COMMANDS = ("openstack ", "cinder ")

_HEAD = """\
#!/bin/sh
# What clears the blockers of {plan},
# as they were at {at}.
#
# Some of these commands delete things that belong to other people. Review
# every line, remove what you do not want, and then the next line.
echo "{name}: not reviewed yet" >&2; exit 1
set -eux
"""


def script(
    found: Iterable[Assessment],
    names: Names,
    plan: str,
    name: str,
    at: str,
) -> str:
    """The script's text.

    :param plan: the plan's file
    :param name: the script's
    :param at: when the cloud was looked at
    """
    by_project: dict[str, list[Assessment]] = {}
    for one in found:
        if one.blockers:
            by_project.setdefault(one.volume.project_id, []).append(one)
    parts = [
        _HEAD.format(
            plan=wording.escaped(plan),
            name=_harmless(name),
            at=wording.escaped(at),
        )
    ]
    parts += [
        "\n".join(_project(project_id, names, by_project[project_id]))
        for project_id in sorted(by_project, key=names.project)
    ]
    if not by_project:
        parts.append("# Nothing is blocked.")
    return "\n".join(parts) + "\n"


def _project(
    project_id: str, names: Names, found: Sequence[Assessment]
) -> Iterator[str]:
    number = layout.counted(len(found), "blocked volume")
    label = names.project(project_id)
    if label != project_id:
        label = f"{wording.escaped(label)} ({project_id})"
    yield f"\n# ==== Project {label}: {number}"
    # What clears many volumes is said once.
    said: set[str] = set()
    for one in found:
        volume = one.volume
        yield ""
        yield (
            f"# {wording.escaped(volume.name) or '(no name)'} {volume.id}, "
            f"{volume.size} GiB"
        )
        for blocker in one.blockers:
            yield from _blocker(blocker, said)


def _blocker(blocker: model.Check, said: set[str]) -> Iterator[str]:
    detail = wording.escaped(blocker.detail)
    yield f"#   {blocker.name}: {detail}"
    if not blocker.remedy or blocker.remedy in said:
        return
    said.add(blocker.remedy)
    yield _line(wording.escaped(blocker.remedy))


def _line(remedy: str) -> str:
    """A command as it is; what is none, or has to be filled in, as a note."""
    if not remedy.startswith(_COMMANDS):
        return f"#   remedy: {remedy}"
    if "<" in remedy:
        return f"#   fill in: {remedy}"
    return remedy


def _harmless(name: str) -> str:
    """A file's name as it may stand in double quotes."""
    return "".join(
        character
        for character in wording.escaped(name)
        if character not in '"\\$`'
    )
