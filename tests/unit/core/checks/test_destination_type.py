# SPDX-License-Identifier: Apache-2.0

"""The type that a volume is to get: it is there, allowed and affordable."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core.checks import destination, scheduler
from volmigrateclient.core.cloud import Survey

_TYPE = "Destination type cannot be used: "
_MULTI = {
    "volume_backend_name": "silver",
    "multiattach": "<is> True",
}


def _with_silver(base: Any = builders.survey, **seen: Any) -> Survey:
    found: Survey = base(destination_type=builders.silver(**seen))
    return found


@pytest.mark.parametrize("asked", ["gold", "gold-id"])
def test_a_retype_to_the_type_that_it_has_is_refused(asked: str) -> None:
    case = builders.case(builders.retype(destination_type=asked))

    assert builders.words(destination.type_differs(case)) == [
        (
            "blocked",
            (
                "Volume type must be different for retyping: the volume is of "
                "type gold already"
            ),
        )
    ]


@pytest.mark.parametrize("asked", ["silver", "no such type"])
def test_another_type_is_not_refused_for_being_the_same(asked: str) -> None:
    case = builders.case(builders.retype(destination_type=asked))

    assert builders.words(destination.type_differs(case)) == []


@pytest.mark.parametrize(
    ("case", "says"),
    [
        pytest.param(
            builders.case(builders.migrate()), [], id="none asked for"
        ),
        pytest.param(
            builders.case(builders.retype()),
            [("ok", "gold -> silver")],
            id="another",
        ),
        pytest.param(
            builders.case(builders.action(destination_type="gold")),
            [("ok", "gold, as now")],
            id="the same, in a swap",
        ),
        pytest.param(
            builders.case(builders.retype(destination_type="gold")),
            [],
            id="the same, in a retype: refused elsewhere",
        ),
        pytest.param(
            builders.case(builders.retype(destination_type="bronze")),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}no volume type with a name or ID of 'bronze' "
                        "exists"
                    ),
                )
            ],
            id="none of that name",
        ),
        pytest.param(
            builders.case(builders.retype(), _with_silver(is_public=False)),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}volume type silver is private and project "
                        f"{builders.PROJECT_ID} has no access to it"
                    ),
                ),
                ("ok", "gold -> silver"),
            ],
            id="private, and another project's",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(
                    destination_type=builders.silver(is_public=False),
                    type_projects=(builders.PROJECT_ID,),
                ),
            ),
            [("ok", "gold -> silver")],
            id="private, and this project's",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(
                    destination_type=builders.silver(is_public=False),
                    type_projects=None,
                ),
            ),
            [
                (
                    "unknown",
                    "Cinder does not show who may use private type silver",
                ),
                ("ok", "gold -> silver"),
            ],
            id="private, and nobody says whose",
        ),
        pytest.param(
            builders.case(
                builders.action(),
                _with_silver(builders.live_survey, extra_specs=_MULTI),
            ),
            [
                (
                    "blocked",
                    (
                        "Invalid state for swapping volume: type silver "
                        "changes multiattach, which only a detached volume can"
                    ),
                ),
                ("ok", "gold -> silver"),
            ],
            id="multiattach comes, live",
        ),
        pytest.param(
            builders.case(
                builders.action(),
                builders.live_survey(
                    volume=builders.attached(multiattach=True)
                ),
            ),
            [
                (
                    "blocked",
                    (
                        "Invalid state for swapping volume: type silver "
                        "changes multiattach, which only a detached volume can"
                    ),
                ),
                ("ok", "gold -> silver"),
            ],
            id="multiattach goes, live",
        ),
        pytest.param(
            builders.case(builders.retype(), _with_silver(extra_specs=_MULTI)),
            [("ok", "gold -> silver")],
            id="multiattach comes, detached",
        ),
    ],
)
def test_type_usable(case: Any, says: list[tuple[str, str]]) -> None:
    assert builders.words(destination.type_usable(case)) == says


_FULL = builders.pool(builders.OTHER, free_capacity_gb=9)
_TO_ANY = builders.silver(extra_specs={})


def _elsewhere(**service: Any) -> dict[str, Any]:
    """Silver's pool is there, and its service is like this."""
    host = builders.OTHER.partition("#")[0]
    there = builders.service(**{"host": host, "zone": "elsewhere", **service})
    return {"volume_services": (builders.service(), there)}


@pytest.mark.parametrize(
    ("zones", "service", "result"),
    [
        pytest.param(
            "nova, elsewhere", {}, "ok", id="the type allows that zone"
        ),
        pytest.param("here,there", {}, "blocked", id="the type allows others"),
        pytest.param("here", {"zone": None}, "ok", id="nobody knows its zone"),
    ],
)
def test_zones_of_a_type(
    zones: str, service: dict[str, Any], result: str
) -> None:
    silver = builders.silver(
        extra_specs={
            **builders.silver().extra_specs,
            "RESKEY:availability_zones": zones,
        }
    )
    seen = builders.survey(destination_type=silver, **_elsewhere(**service))

    ((found, _),) = builders.words(
        destination.schedulable(builders.case(builders.retype(), seen))
    )

    assert found == result


@pytest.mark.parametrize("wait", [True, False])
def test_two_moves_need_somebody_who_waits(wait: bool) -> None:
    asked = builders.action(destination_node=builders.OTHER)
    case = builders.case(asked, builders.live_survey(), wait=wait)

    found = builders.words(destination.one_move(case))

    assert [result for result, _ in found] == ([] if wait else ["blocked"])
    assert all("are two moves" in text for _, text in found)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        pytest.param(
            builders.case(builders.retype()),
            [("ok", builders.OTHER)],
            id="one pool serves it",
        ),
        pytest.param(
            builders.case(builders.retype(destination_type="bronze")),
            [],
            id="no such type: said elsewhere",
        ),
        pytest.param(
            builders.case(builders.action(destination_node=builders.OTHER)),
            [],
            id="a pool was asked for: judged elsewhere",
        ),
        pytest.param(
            builders.case(builders.retype(), builders.survey(pools=None)),
            [("unknown", "Cinder does not show its pools")],
            id="pools are hidden",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(pools=(builders.pool(),)),
            ),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}no pool that is up and enabled serves type "
                        "silver"
                    ),
                )
            ],
            id="no pool serves it",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(**_elsewhere()),
            ),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}no pool that is up and enabled serves type "
                        "silver in nova"
                    ),
                )
            ],
            id="one serves it in another availability zone",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(pools=(builders.pool(), _FULL)),
            ),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}no pool of type silver has 10 GiB left "
                        f"({builders.OTHER} 9 GiB)"
                    ),
                )
            ],
            id="none has room",
        ),
        pytest.param(
            builders.case(
                builders.retype(),
                builders.survey(
                    destination_type=_TO_ANY,
                    pools=(builders.pool(free_capacity_gb=0),),
                ),
            ),
            [("ok", builders.POOL)],
            id="its own pool needs no more room",
        ),
        pytest.param(
            builders.case(
                builders.action(),
                builders.live_survey(
                    destination_type=_TO_ANY,
                    pools=(builders.pool(free_capacity_gb=0),),
                ),
                swap_via="nova",
            ),
            [
                (
                    "blocked",
                    (
                        f"{_TYPE}no pool of type silver has 10 GiB left "
                        f"({builders.POOL} 0 GiB)"
                    ),
                )
            ],
            id="but a second volume does",
        ),
    ],
)
def test_some_pool(case: Any, says: list[tuple[str, str]]) -> None:
    assert builders.words(destination.schedulable(case)) == says


def test_what_the_small_cloud_s_pools_serve() -> None:
    # The tables rest on it.
    gold, silver = builders.volume_type(), builders.silver()
    served = {
        pool.name: [
            wanted.name
            for wanted in (gold, silver)
            if not scheduler.capabilities_mismatches(wanted, pool)
        ]
        for pool in builders.survey().pools or ()
    }

    assert served == {
        builders.POOL: ["gold"],
        builders.SPARE: ["gold"],
        builders.OTHER: ["silver"],
    }
