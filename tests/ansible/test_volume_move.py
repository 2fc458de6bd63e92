# SPDX-License-Identifier: Apache-2.0
"""The module moves a volume, or says why not; the example's own playbook."""

from __future__ import annotations

import pytest

from tests.ansible import environments, playbooks
from tests.functional import moves, resources

#: A template, quotes of every kind, variables of a shell, another line, and
#: what sets a terminal's title.
HOSTILE = "{{ 7*7 }}{% raw %} \"'`id` $HOME \\ \n- x: !unsafe\x1b]0;owned\x07"


#: For a run of each kind: what is tested of the one holds for the other.
_OLDEST, _NEWEST = environments.OLDEST, environments.NEWEST


def test_a_volume_is_moved_once_whatever_its_name(
    make: resources.Resources, play: playbooks.Player
) -> None:
    # An option's name, too, as far as the command is concerned.
    name = f"--help {HOSTILE}"
    volume = make.volume(pool=moves.ALPHA, name=name)
    content = make.cloud.digest(volume.id)

    checked = play(_NEWEST, "move.yml", {"volume": name}, "--check")

    result = checked.result("Move it")
    assert (checked.exit_code, checked.changed) == (0, 0), checked.output
    assert (result["would_move"], result["changed"]) == (True, False)
    assert {one["result"] for one in result["checks"]} == {"ok"}
    assert make.host(volume.id) == moves.ALPHA
    assert make.migration_status(volume.id) is None

    moved = play(_OLDEST, "move.yml", {"volume": name})

    result = moved.result("Move it")
    assert (moved.exit_code, moved.changed) == (0, 1), moved.output
    assert (result["result"], result["rc"]) == ("done", 0)
    assert result["volume_id"] == volume.id
    assert result["volume_name"] == name
    assert result["diff"]["before"]["node"] == moves.ALPHA
    assert result["diff"]["after"]["node"] == moves.BETA
    assert make.host(volume.id) == moves.BETA
    assert make.cloud.digest(volume.id) == content

    again = play(_NEWEST, "move.yml", {"volume": name})

    result = again.result("Move it")
    assert (again.exit_code, again.changed) == (0, 0), again.output
    assert result["result"] == "already there"
    # In nothing of what was printed has the name done anything.
    for played in (checked, moved, again):
        assert "\x1b" not in played.output
        assert played.result("Move it")["command"][-1] == name


@pytest.mark.parametrize(
    ("release", "words"),
    [(_OLDEST, ("--check",)), (_NEWEST, ())],
    ids=["check", "run"],
)
def test_a_refused_move_fails_with_the_reason(
    make: resources.Resources,
    play: playbooks.Player,
    release: str,
    words: tuple[str, ...],
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    make.cinder.volumes.reset_state(volume.id, "error")

    played = play(release, "move.yml", {"volume": volume.id}, *words)

    assert played.exit_code == 2, played.output
    result = played.result("Move it")
    assert (result["changed"], result["rc"]) == (False, 1)
    assert result["msg"].startswith("Invalid state for cold migration: ")
    assert "error" in result["msg"]
    assert make.host(volume.id) == moves.ALPHA
    make.cinder.volumes.delete(volume.id)
