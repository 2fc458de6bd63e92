# SPDX-License-Identifier: Apache-2.0

"""Watcher 14.0.0's ten unit tests of its action, put to ours.

``watcher/tests/applier/actions/test_volume_migration.py``. Theirs mock the
cloud; here it is what the checks are given. That a move is done as asked is
proven on the test cloud, in ``tests/watcher``.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import checks, model
from volmigrateclient.core.cloud import Survey
from volmigrateclient.core.model import errors

_PAGE = (
    pathlib.Path(__file__).parents[3] / "doc/source/user/watcher.rst"
).read_text("utf-8")
_VERDICTS = ("same", "stricter", "different")


def _parameters(word: str, **destinations: str | None) -> dict[str, Any]:
    return {
        "resource_id": builders.VOLUME_ID,
        "migration_type": word,
        **destinations,
    }


# As Watcher's tests write them.
_SWAP = _parameters("swap", destination_node=None, destination_type="silver")
_MIGRATE = _parameters(
    "migrate", destination_node=builders.SPARE, destination_type=""
)
_RETYPE = _parameters("retype", destination_node="", destination_type="silver")

_DETACHED = builders.survey()


def _live(**seen: Any) -> Survey:
    return builders.live_survey(servers=(builders.server(**seen),))


_READY = {
    "test_parameters_swap": (_SWAP, _live(), model.Path.SWAP_VIA_CINDER),
    "test_parameters_migrate": (
        {**_MIGRATE, "destination_type": None},
        _DETACHED,
        model.Path.MIGRATE,
    ),
    "test_parameters_retype": (
        {**_RETYPE, "destination_node": None},
        _DETACHED,
        model.Path.RETYPE,
    ),
    "test_migrate_success": (_MIGRATE, _DETACHED, model.Path.MIGRATE),
    "test_retype_success": (_RETYPE, _DETACHED, model.Path.RETYPE),
    "test_swap_success": (_SWAP, _live(), model.Path.SWAP_VIA_CINDER),
    "test_can_swap_success": (_SWAP, _live(), model.Path.SWAP_VIA_CINDER),
    "test_can_swap_success, paused": (
        _SWAP,
        _live(vm_state="paused", status="PAUSED", power_state=3),
        model.Path.SWAP_VIA_CINDER,
    ),
    "test_can_swap_success, resized": (
        _SWAP,
        _live(vm_state="resized", status="VERIFY_RESIZE"),
        model.Path.SWAP_VIA_CINDER,
    ),
}
_STOPPED = _live(vm_state="stopped", status="SHUTOFF", power_state=4)
_REFUSED = {
    # Theirs forgets to give the volume an attachment.
    "test_swap_fail": (_SWAP, _DETACHED),
    "test_can_swap_fail": (_SWAP, _STOPPED),
}
_MALFORMED = {
    "test_parameters_exception_resource_id": {
        **_SWAP,
        "resource_id": "EFEF",
    },
}


@pytest.mark.parametrize(
    ("parameters", "seen", "path"), _READY.values(), ids=_READY
)
def test_it_is_carried_out(
    parameters: dict[str, Any], seen: Survey, path: model.Path
) -> None:
    action = model.Action.from_watcher(parameters, seen.volume)
    case = builders.case(action, seen)

    assert case.path is path
    assert checks.blockers(checks.evaluate(case)) == ()


@pytest.mark.parametrize(
    ("parameters", "seen"), _REFUSED.values(), ids=_REFUSED
)
def test_it_is_refused(parameters: dict[str, Any], seen: Survey) -> None:
    action = model.Action.from_watcher(parameters, seen.volume)

    blockers = checks.blockers(checks.evaluate(builders.case(action, seen)))

    assert {blocker.sentence for blocker in blockers} == {
        "Invalid state for swapping volume"
    }


@pytest.mark.parametrize("parameters", _MALFORMED.values(), ids=_MALFORMED)
def test_it_is_no_action(parameters: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidActionError, match="resource_id"):
        model.Action.from_watcher(parameters, builders.volume())


def test_the_page_has_a_row_for_each_of_the_ten() -> None:
    names = {
        name.partition(",")[0] for name in (*_READY, *_REFUSED, *_MALFORMED)
    }
    assert len(names) == 10
    for name in names:
        _, _, row = _PAGE.partition(f"   * - {name}\n")
        verdict = row.splitlines()[0].removeprefix("     - ")
        assert verdict in _VERDICTS, name
