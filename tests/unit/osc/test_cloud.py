# SPDX-License-Identifier: Apache-2.0

"""Which cloud it is: the region, and what credentials are for."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from keystoneauth1 import access

from volmigrateclient.core.model import errors
from volmigrateclient.osc import cloud

_PROJECT = {
    "project": {"id": "p", "name": "p", "domain": {"id": "d", "name": "d"}}
}


class _Config:
    """What OSC knows of its configuration: endpoints that are overridden."""

    def __init__(self, *overridden: str) -> None:
        self._overridden = overridden

    def get_endpoint(self, service: str) -> str | None:
        return "http://here" if service in self._overridden else None


def _manager(
    *services: tuple[str, str | None],
    region_name: str = "",
    overridden: tuple[str, ...] = (),
    scope: dict[str, Any] | None = None,
) -> Any:
    """OSC's client manager, with a token's catalogue.

    :param services: types, each with the region of an endpoint
    """
    body = {
        "token": {
            **(_PROJECT if scope is None else scope),
            "catalog": [
                {
                    "id": str(number),
                    "type": service,
                    "name": service,
                    "endpoints": [
                        {
                            "id": str(number),
                            "interface": "public",
                            "region": region,
                            "region_id": region,
                            "url": "http://there",
                        }
                    ],
                }
                for number, (service, region) in enumerate(services)
            ],
        }
    }
    return argparse.Namespace(
        region_name=region_name,
        interface="public",
        auth_ref=access.AccessInfoV3(body),
        sdk_connection=argparse.Namespace(config=_Config(*overridden)),
    )


@pytest.mark.parametrize(
    ("manager", "region"),
    [
        pytest.param(
            _manager(("volumev3", "one"), region_name="two"),
            "two",
            id="it was named",
        ),
        pytest.param(
            _manager(("volumev3", "one"), ("compute", "one")),
            "one",
            id="the only one",
        ),
        pytest.param(
            _manager(("block-storage", "one"), ("object-store", "two")),
            "one",
            id="others do not matter",
        ),
        pytest.param(_manager(("volumev3", None)), None, id="without regions"),
        pytest.param(
            _manager(
                ("volumev3", "one"),
                ("volumev3", "two"),
                overridden=("block-storage",),
            ),
            None,
            id="an endpoint that was named",
        ),
    ],
)
def test_the_region(manager: Any, region: str | None) -> None:
    assert cloud.region(manager) == region


@pytest.mark.parametrize(
    "services",
    [
        (("volumev3", "one"), ("volumev3", "two")),
        (("volumev3", "one"), ("compute", "one"), ("compute", "two")),
    ],
)
def test_of_several_regions_one_has_to_be_named(
    services: tuple[tuple[str, str], ...],
) -> None:
    with pytest.raises(
        errors.InvalidActionError, match=r"several regions \('one', 'two'\)"
    ):
        cloud.region(_manager(*services))


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"system": {"all": True}}, "for the whole system"),
        ({"domain": {"id": "d", "name": "d"}}, "for a domain"),
        ({}, "for no project"),
    ],
)
def test_credentials_are_for_a_project(
    scope: dict[str, Any], says: str
) -> None:
    with pytest.raises(errors.InvalidActionError, match=says):
        cloud.connect(_manager(("volumev3", "one"), scope=scope))
