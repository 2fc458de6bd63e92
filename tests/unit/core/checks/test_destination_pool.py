# SPDX-License-Identifier: Apache-2.0

"""The pool that a volume is to go to: there, fitting, large enough."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core.checks import destination

_POOL = "Destination pool cannot take the volume: "
_SAME = "Volume type must be same for migrating: "
_SWAP_THERE = builders.action(destination_node=builders.OTHER)


def _with_service(**seen: Any) -> Any:
    return builders.survey(
        volume_services=(builders.service(host="c2@gold", **seen),)
    )


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param(
            builders.survey(), [("ok", builders.SPARE)], id="in good order"
        ),
        pytest.param(
            builders.survey(volume_services=()),
            [("ok", builders.SPARE)],
            id="its service is not shown",
        ),
        pytest.param(
            builders.survey(pools=None),
            [("unknown", "Cinder does not show its pools")],
            id="pools are hidden",
        ),
        pytest.param(
            builders.survey(volume=builders.volume(host=builders.SPARE)),
            [("ok", f"{builders.SPARE}, where the volume is")],
            id="where it is",
        ),
        pytest.param(
            builders.survey(pools=(builders.pool(),)),
            [
                (
                    "blocked",
                    f"{_POOL}the scheduler knows no pool {builders.SPARE}",
                )
            ],
            id="no such pool",
        ),
        pytest.param(
            _with_service(up=False),
            [("blocked", f"{_POOL}cinder-volume of c2@gold is down")],
            id="its service is down",
        ),
        pytest.param(
            _with_service(enabled=False),
            [("blocked", f"{_POOL}cinder-volume of c2@gold is disabled")],
            id="its service is disabled",
        ),
        pytest.param(
            _with_service(enabled=False, disabled_reason="new firmware"),
            [
                (
                    "blocked",
                    (
                        f"{_POOL}cinder-volume of c2@gold is disabled: 'new "
                        "firmware'"
                    ),
                )
            ],
            id="its service is disabled for a reason",
        ),
        pytest.param(
            _with_service(frozen=True, enabled=False),
            [("blocked", f"{_POOL}cinder-volume of c2@gold is frozen")],
            id="its service is frozen",
        ),
        pytest.param(
            builders.survey(
                pools=(builders.pool(builders.SPARE, backend_state="down"),)
            ),
            [
                (
                    "blocked",
                    (
                        f"{_POOL}its driver says that the backend of "
                        f"{builders.SPARE} is down"
                    ),
                )
            ],
            id="its driver is down",
        ),
    ],
)
def test_pool(seen: Any, says: list[tuple[str, str]]) -> None:
    case = builders.case(builders.migrate(), seen)

    assert builders.words(destination.pool(case)) == says


def test_a_pool_that_is_gone_with_its_service_is_named_once() -> None:
    seen = builders.survey(
        pools=(),
        volume_services=(builders.service(host="c2@gold", up=False),),
    )
    case = builders.case(builders.migrate(), seen)

    assert builders.words(destination.pool(case)) == [
        ("blocked", f"{_POOL}cinder-volume of c2@gold is down")
    ]


def test_no_pool_is_looked_at_where_none_is_asked_for() -> None:
    case = builders.case(builders.retype())

    for check in (
        destination.pool,
        destination.pool_serves_type,
        destination.capacity,
        destination.zone,
    ):
        assert builders.words(check(case)) == []


_OF_SILVER = (
    "type gold is not served by c3@silver#one: volume_backend_name wants "
    "'gold', the pool reports 'silver'"
)


@pytest.mark.parametrize(
    ("asked", "seen", "says"),
    [
        pytest.param(
            builders.migrate(),
            builders.survey(),
            [("ok", f"{builders.SPARE} serves it")],
            id="cold: the volume's type",
        ),
        pytest.param(
            builders.migrate(destination_type="gold"),
            builders.survey(),
            [("ok", f"{builders.SPARE} serves it")],
            id="cold: which may be named",
        ),
        pytest.param(
            builders.migrate(destination_node=builders.OTHER),
            builders.survey(),
            [("blocked", _SAME + _OF_SILVER)],
            id="cold: the pool is another type's",
        ),
        pytest.param(
            builders.migrate(destination_type="silver"),
            builders.survey(),
            [("blocked", f"{_SAME}the volume's type is gold, not silver")],
            id="cold: another type is named",
        ),
        pytest.param(
            builders.migrate(
                destination_type="silver", destination_node=builders.OTHER
            ),
            builders.survey(),
            [
                ("blocked", f"{_SAME}the volume's type is gold, not silver"),
                ("blocked", _SAME + _OF_SILVER),
            ],
            id="cold: another type and its pool",
        ),
        pytest.param(
            builders.migrate(destination_type="no such type"),
            builders.survey(pools=None),
            [
                (
                    "blocked",
                    f"{_SAME}the volume's type is gold, not no such type",
                )
            ],
            id="cold: a type that there is not, and pools that are hidden",
        ),
        pytest.param(
            builders.migrate(),
            builders.survey(
                volume=builders.volume(type_id=None, type_name=None)
            ),
            [("ok", f"{builders.SPARE} serves it")],
            id="cold: a volume without a type",
        ),
        pytest.param(
            _SWAP_THERE,
            builders.live_survey(),
            [("ok", f"{builders.OTHER} serves it")],
            id="swap: the type that it gets",
        ),
        pytest.param(
            builders.action(destination_node=builders.SPARE),
            builders.live_survey(),
            [
                (
                    "blocked",
                    (
                        f"{_POOL}type silver is not served by "
                        f"{builders.SPARE}: volume_backend_name wants "
                        "'silver', the pool reports 'gold'"
                    ),
                )
            ],
            id="swap: the pool serves the type that it has",
        ),
    ],
)
def test_type_on_pool(
    asked: Any, seen: Any, says: list[tuple[str, str]]
) -> None:
    case = builders.case(asked, seen)

    assert builders.words(destination.pool_serves_type(case)) == says


@pytest.mark.parametrize(
    ("node", "remedy"),
    [
        (builders.OTHER, f"choose one that does: '{builders.SPARE}'"),
        (builders.SPARE, None),
    ],
)
def test_the_remedy_names_the_pools_that_do(
    node: str, remedy: str | None
) -> None:
    case = builders.case(builders.migrate(destination_node=node))

    remedies = [
        c.remedy for c in destination.pool_serves_type(case) if c.remedy
    ]
    assert remedies == ([remedy] if remedy else [])


def test_the_remedy_where_no_other_pool_does() -> None:
    case = builders.case(
        builders.migrate(destination_node=builders.OTHER),
        builders.survey(
            pools=(builders.pool(), builders.pool(builders.OTHER))
        ),
    )

    (found,) = destination.pool_serves_type(case)
    assert found.remedy == (
        "no other pool serves the type; retype the volume instead"
    )


@pytest.mark.parametrize(
    ("free", "says"),
    [
        (10, [("ok", "10 GiB left for 10 GiB")]),
        ("infinite", [("ok", "enough left for 10 GiB")]),
        (
            9.5,
            [
                (
                    "blocked",
                    (
                        f"{_POOL}{builders.SPARE} has 9.5 GiB left, the "
                        "volume is 10 GiB"
                    ),
                )
            ],
        ),
    ],
)
def test_capacity(free: object, says: list[tuple[str, str]]) -> None:
    pool = builders.pool(builders.SPARE, free_capacity_gb=free)
    case = builders.case(builders.migrate(), builders.survey(pools=(pool,)))

    assert builders.words(destination.capacity(case)) == says


def test_its_own_pool_needs_no_room_again() -> None:
    case = builders.case(
        builders.migrate(destination_node=builders.POOL),
        builders.survey(pools=(builders.pool(free_capacity_gb=0),)),
    )

    assert builders.words(destination.capacity(case)) == []
    assert builders.words(destination.zone(case)) == []


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("nova", [("ok", "nova")]),
        (None, []),
        (
            "az2",
            [
                (
                    "warning",
                    (
                        "the volume would go from nova to az2; servers "
                        "elsewhere may not be able to attach it"
                    ),
                )
            ],
        ),
    ],
)
def test_zone(zone: str | None, says: list[tuple[str, str]]) -> None:
    case = builders.case(builders.migrate(), _with_service(zone=zone))

    assert builders.words(destination.zone(case)) == says


_DOWN = [
    (
        "blocked",
        (
            "Source backend cannot move the volume: cinder-volume of c1@gold "
            "is down"
        ),
    )
]


@pytest.mark.parametrize(
    ("services", "says"),
    [
        pytest.param(
            (builders.service(enabled=False, frozen=True),),
            [("ok", "c1@gold is up")],
            id="a backend that is being drained still moves its volumes",
        ),
        pytest.param((builders.service(up=False),), _DOWN, id="down"),
        pytest.param((), _DOWN, id="gone"),
        pytest.param(
            None, [("unknown", "Cinder does not show its services")], id="?"
        ),
    ],
)
def test_source_backend(services: Any, says: list[tuple[str, str]]) -> None:
    case = builders.case(
        builders.retype(), builders.survey(volume_services=services)
    )

    assert builders.words(destination.source_service(case)) == says
