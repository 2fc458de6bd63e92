# SPDX-License-Identifier: Apache-2.0

"""What Watcher's strategies write, and the action that it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.model import errors

_ID = builders.VOLUME_ID
_DETACHED, _ATTACHED = builders.volume(), builders.attached()
_POOL = builders.SPARE


def _written(**parameters: Any) -> dict[str, Any]:
    return {"resource_id": _ID, **parameters}


@pytest.mark.parametrize(
    ("parameters", "volume", "action"),
    [
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                resource_name="data",
            ),
            _DETACHED,
            ("cold", _POOL, None),
            id="zone_migration: another pool, detached",
        ),
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                resource_name="data",
            ),
            _ATTACHED,
            ("swap", _POOL, "gold"),
            id="zone_migration: another pool, attached",
        ),
        pytest.param(
            _written(
                migration_type="retype",
                destination_type="silver",
                resource_name="data",
            ),
            _DETACHED,
            ("cold", None, "silver"),
            id="zone_migration: another type, detached",
        ),
        pytest.param(
            _written(migration_type="retype", destination_type="silver"),
            _ATTACHED,
            ("swap", None, "silver"),
            id="zone_migration: another type, attached",
        ),
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                destination_type="",
            ),
            _ATTACHED,
            ("swap", _POOL, "gold"),
            id="nothing for none",
        ),
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                destination_type="gold-id",
            ),
            _ATTACHED,
            ("swap", _POOL, "gold"),
            id="migrate names the volume's own type by its ID",
        ),
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                destination_type="silver",
            ),
            _DETACHED,
            ("cold", _POOL, "silver"),
            id="migrate names another type: for the checks to refuse",
        ),
        pytest.param(
            _written(
                migration_type="retype",
                destination_node=_POOL,
                destination_type="silver",
            ),
            _ATTACHED,
            ("swap", _POOL, "silver"),
            id="retype with a pool, too",
        ),
        pytest.param(
            _written(migration_type="migrate", destination_node=_POOL),
            builders.volume(type_id=None, type_name=None),
            ("cold", _POOL, None),
            id="no type, detached",
        ),
        pytest.param(
            _written(migration_type="migrate", destination_node=_POOL),
            builders.attached(type_id=None, type_name=None),
            ("swap", _POOL, None),
            id="no type, attached: for the checks to refuse",
        ),
        pytest.param(
            _written(migration_type="migrate", destination_node=_POOL),
            builders.volume(status="reserved"),
            ("cold", _POOL, None),
            id="of a shelved server: for the checks to refuse",
        ),
        pytest.param(
            _written(migration_type="migrate", destination_node=_POOL),
            None,
            ("cold", _POOL, None),
            id="no such volume",
        ),
        # The spec's own words, for whatever volume.
        pytest.param(
            _written(migration_type="cold", destination_node=_POOL),
            _ATTACHED,
            ("cold", _POOL, None),
            id="the spec's cold",
        ),
        pytest.param(
            _written(migration_type="swap", destination_type="silver"),
            _DETACHED,
            ("swap", None, "silver"),
            id="the spec's swap",
        ),
        pytest.param(
            _written(destination_type="silver", destination_node=None),
            _ATTACHED,
            ("swap", None, "silver"),
            id="the spec's default",
        ),
        pytest.param(
            _written(migration_type="swap", destination_node=_POOL),
            _ATTACHED,
            ("swap", _POOL, None),
            id="swap without a type: for the checks to refuse",
        ),
        pytest.param(
            {
                "resource_id": _ID.upper(),
                "migration_type": "cold",
                "destination_node": _POOL,
            },
            _DETACHED,
            ("cold", _POOL, None),
            id="an ID in capitals",
        ),
    ],
)
def test_the_action_is(
    parameters: dict[str, Any],
    volume: model.Volume | None,
    action: tuple[str, str | None, str | None],
) -> None:
    assert model.Action.from_watcher(parameters, volume) == model.Action(
        _ID, *action
    )


@pytest.mark.parametrize(
    ("parameters", "volume", "fault"),
    [
        pytest.param(
            _written(migration_type="migrate", destination_type="silver"),
            _DETACHED,
            "destination_node is required when migration type is migrate",
            id="migrate without a pool is no retype",
        ),
        pytest.param(
            _written(migration_type="retype", destination_node=_POOL),
            _DETACHED,
            "destination_type is required when migration type is retype",
            id="retype without a type is no migration",
        ),
        pytest.param(
            _written(migration_type="retype", destination_type=""),
            _DETACHED,
            "destination_type is required when migration type is retype",
            id="an empty type is none",
        ),
        pytest.param(
            _written(
                migration_type="migrate",
                destination_node=_POOL,
                destination_type="silver",
            ),
            _ATTACHED,
            "Volume type must be same for migrating: the volume is of type "
            "gold, not of silver",
            id="migrate to another type, attached",
        ),
        pytest.param(
            _written(migration_type="live", destination_node=_POOL),
            _ATTACHED,
            "$.migration_type: 'live' is not one of",
            id="another word",
        ),
        pytest.param(
            {"resource_id": "data", "migration_type": "retype"},
            _DETACHED,
            "$.resource_id: 'data' does not match",
            id="a name",
        ),
        pytest.param(
            {"migration_type": "retype"},
            _DETACHED,
            "'resource_id' is a required property",
            id="no volume",
        ),
        pytest.param(
            _written(migration_type="retype", destination_type=7),
            _DETACHED,
            "7 is not of type 'string', 'null'",
            id="a number for a type",
        ),
        pytest.param(
            _written(migration_type="retype", speed="fast"),
            _DETACHED,
            "Additional properties are not allowed ('speed' was unexpected)",
            id="a parameter that there is not",
        ),
    ],
)
def test_it_is_refused(
    parameters: dict[str, Any], volume: model.Volume, fault: str
) -> None:
    with pytest.raises(errors.InvalidActionError) as refused:
        model.Action.from_watcher(parameters, volume)

    assert fault in str(refused.value)
