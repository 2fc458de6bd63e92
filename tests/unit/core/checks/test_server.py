# SPDX-License-Identifier: Apache-2.0

"""The server that holds the volume: when Nova swaps its disk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import server

_SWAP = "Invalid state for swapping volume: "
_WEB = f"server 'web' ({builders.SERVER_ID})"


def _case(**seen: Any) -> Any:
    return builders.case(
        builders.action(),
        builders.live_survey(servers=(builders.server(**seen),)),
    )


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param({}, [("ok", f"{_WEB} is active")], id="active"),
        pytest.param(
            {"vm_state": "paused", "status": "PAUSED", "power_state": 3},
            [("ok", f"{_WEB} is paused")],
            id="paused",
        ),
        pytest.param(
            {"vm_state": "resized", "status": "VERIFY_RESIZE"},
            [
                (
                    "warning",
                    (
                        f"{_WEB} has a resize to confirm; after the swap it "
                        "cannot be reverted to the volume's old place"
                    ),
                )
            ],
            id="resized, as the spec allows",
        ),
        pytest.param(
            {"vm_state": "stopped", "status": "SHUTOFF", "power_state": 4},
            [
                (
                    "blocked",
                    _SWAP + f"{_WEB} is stopped (SHUTOFF), none of active, "
                    "paused, resized",
                )
            ],
            id="stopped",
        ),
        pytest.param(
            {"vm_state": "error", "status": "ERROR"},
            [
                (
                    "blocked",
                    _SWAP + f"{_WEB} is error (ERROR), none of active, "
                    "paused, resized",
                )
            ],
            id="in error, which no command clears",
        ),
        pytest.param(
            {"power_state": 4},
            [
                (
                    "blocked",
                    _SWAP + f"{_WEB} is active, but its guest is not powered "
                    "on (power_state 4)",
                )
            ],
            id="active without power",
        ),
        pytest.param(
            {"vm_state": "resized", "power_state": 4},
            [
                (
                    "blocked",
                    _SWAP + f"{_WEB} is resized, but its guest is not "
                    "powered on (power_state 4)",
                )
            ],
            id="resized while it was stopped",
        ),
        pytest.param(
            {"task_state": "migrating"},
            [
                ("ok", f"{_WEB} is active"),
                (
                    "blocked",
                    _SWAP + f"{_WEB} is busy: migrating",
                ),
            ],
            id="busy",
        ),
    ],
)
def test_state(seen: dict[str, Any], says: list[tuple[str, str]]) -> None:
    assert builders.words(server.state(_case(**seen))) == says


@pytest.mark.parametrize(
    ("vm_state", "remedy"),
    [
        ("suspended", "openstack server resume"),
        ("rescued", "openstack server unrescue"),
        ("shelved", "openstack server unshelve"),
        ("shelved_offloaded", "openstack server unshelve"),
    ],
)
def test_the_state_s_remedy(vm_state: str, remedy: str) -> None:
    (found,) = server.state(_case(vm_state=vm_state))

    assert found.remedy == f"{remedy} {builders.SERVER_ID}"


@pytest.mark.parametrize(
    ("locked", "says"),
    [
        (False, [("ok", "not locked")]),
        (
            True,
            [
                (
                    "blocked",
                    _SWAP + f"{_WEB} is locked",
                )
            ],
        ),
    ],
)
def test_lock(locked: bool, says: list[tuple[str, str]]) -> None:
    assert builders.words(server.unlocked(_case(locked=locked))) == says


_DOWN = [
    (
        "blocked",
        _SWAP + "nova-compute on hv1 is down",
    )
]


@pytest.mark.parametrize(
    ("services", "says"),
    [
        pytest.param(
            (builders.service(host="hv1", enabled=False),),
            [("ok", "hv1 is up")],
            id="disabled is for new servers only",
        ),
        pytest.param(
            (builders.service(host="hv1", up=False),), _DOWN, id="down"
        ),
        pytest.param(
            (builders.service(host="hv2"),), _DOWN, id="not there at all"
        ),
        pytest.param(
            None, [("unknown", "Nova does not show its services")], id="hidden"
        ),
    ],
)
def test_compute_service(
    services: tuple[model.Service, ...] | None, says: list[tuple[str, str]]
) -> None:
    case = builders.case(
        builders.action(), builders.live_survey(compute_services=services)
    )

    assert builders.words(server.compute_service(case)) == says


def test_a_vtpm_is_warned_of() -> None:
    assert builders.words(server.vtpm(_case())) == []
    assert builders.words(server.vtpm(_case(tpm=True))) == [
        (
            "warning",
            (
                f"{_WEB} has a vTPM; Nova before 31.3.0, 32.2.0 and 33.0.0 "
                "loses it in a swap, and so does any Nova with a libvirt "
                "before 8.9.0"
            ),
        )
    ]


def test_a_server_that_is_on_no_host_has_no_service() -> None:
    assert builders.words(server.compute_service(_case(host=None))) == []
