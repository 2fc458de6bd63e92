# SPDX-License-Identifier: Apache-2.0

"""What only a swap via Nova needs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import swap_via_nova
from volmigrateclient.core.model import swap_marker

_REFUSED = "This volume cannot be swapped via nova: "


def _case(**seen: Any) -> Any:
    return builders.case(
        builders.action(destination_type=seen.pop("wanted", "silver")),
        builders.live_survey(**seen),
        swap_via="nova",
    )


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ("snapshots", "suffices"),
        ("volumes", "1 needed, 0 left"),
        ("gigabytes", "10 needed, 0 left"),
        ("volumes_silver", "1 needed, 0 left"),
        ("gigabytes_silver", "10 needed, 0 left"),
    ],
)
def test_two_volumes_count_side_by_side(resource: str, says: str) -> None:
    case = _case(quota={resource: model.Quota(5, 5, 0)})

    ((_, text),) = builders.words(swap_via_nova.quota(case))
    assert text.endswith(says)


def test_no_quota_of_a_type_that_there_is_not() -> None:
    assert builders.words(swap_via_nova.quota(_case(wanted="bronze"))) == []


@pytest.mark.parametrize(
    ("project", "says"),
    [
        (
            None,
            [
                (
                    "blocked",
                    (
                        "Project cannot be used: Keystone knows no project "
                        f"{builders.PROJECT_ID}: it was deleted"
                    ),
                )
            ],
        ),
        (model.Project("p", "shop", "d", True), [("ok", "'shop'")]),
        (
            model.Project("p", "shop", "d", False),
            [
                (
                    "blocked",
                    "Project cannot be used: project 'shop' (p) is disabled",
                )
            ],
        ),
    ],
)
def test_project(
    project: model.Project | None, says: list[tuple[str, str]]
) -> None:
    found = swap_via_nova.project(_case(project=project))

    assert builders.words(found) == says


def _behind(mig: str) -> list[tuple[str, str]]:
    return [
        (
            "blocked",
            (
                f"{_REFUSED}its migration_status is '{mig}', so it cannot be "
                "told whether Nova is guarded against direct swaps (OSSN-0094)"
            ),
        )
    ]


@pytest.mark.parametrize(
    ("mig", "accepted", "says"),
    [
        pytest.param(
            None,
            True,
            [
                (
                    "warning",
                    (
                        "Nova accepts it, but by OSSN-0094 a later live "
                        "migration of the server could open another tenant's "
                        "disk"
                    ),
                )
            ],
            id="accepted",
        ),
        pytest.param(
            None,
            False,
            [
                (
                    "blocked",
                    (
                        f"{_REFUSED}Nova answered 409: since OSSN-0094 only "
                        "Cinder may call it"
                    ),
                )
            ],
            id="refused",
        ),
        pytest.param(None, None, [], id="not asked: there is no server"),
        pytest.param(
            "error", True, _behind("error"), id="a failed move opens the guard"
        ),
        pytest.param(
            "success", True, _behind("success"), id="so does one that went"
        ),
        pytest.param(
            "migrating", None, [], id="a running one is refused elsewhere"
        ),
    ],
)
def test_accepted(
    mig: str | None, accepted: bool | None, says: list[tuple[str, str]]
) -> None:
    case = _case(
        volume=builders.attached(migration_status=mig),
        swap_accepted=accepted,
    )

    assert builders.words(swap_via_nova.accepted(case)) == says


@pytest.mark.parametrize(
    ("seen", "result"),
    [
        ({}, "warning"),
        ({"name": "pvc-1f"}, "blocked"),
        ({"metadata": {"csi.storage.k8s.io/pv/name": "x"}}, "blocked"),
        ({"metadata": {"cinder.csi.openstack.org/cluster": "x"}}, "blocked"),
    ],
)
def test_a_volume_that_is_found_by_its_id(
    seen: dict[str, Any], result: str
) -> None:
    case = _case(volume=builders.attached(**seen))

    ((found, text),) = builders.words(swap_via_nova.volume_id_changes(case))
    assert found == result
    assert "ID" in text


@pytest.mark.parametrize("left_by_a_swap", [False, True])
def test_what_an_interrupted_swap_left_is_not_swapped_itself(
    left_by_a_swap: bool,
) -> None:
    mark = swap_marker.new("source-id", builders.SERVER_ID, False)
    metadata = mark.metadata if left_by_a_swap else {}
    case = _case(volume=builders.attached(metadata=metadata))

    found = builders.words(swap_via_nova.unfinished(case))
    assert [result for result, _ in found] == ["blocked"] * left_by_a_swap
    assert all("source-id" in text for _, text in found)
