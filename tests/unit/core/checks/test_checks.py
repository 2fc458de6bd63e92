# SPDX-License-Identifier: Apache-2.0

"""A path's checks together: the contract's refusals, and nothing to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders, scripted_cloud
from volmigrateclient.core import checks, model
from volmigrateclient.core.model import check


@pytest.mark.parametrize(
    ("action", "survey", "sentence"),
    [
        pytest.param(
            builders.migrate(),
            builders.survey(volume=builders.attached()),
            "Invalid state for cold migration",
            id="cold: attached",
        ),
        pytest.param(
            builders.retype(),
            builders.survey(volume=builders.volume(status="error")),
            "Invalid state for cold migration",
            id="cold: not available",
        ),
        pytest.param(
            builders.retype(),
            builders.survey(snapshots=(builders.SNAPSHOT,)),
            "Invalid state for cold migration",
            id="cold: has snapshots",
        ),
        pytest.param(
            builders.migrate(destination_node=builders.OTHER),
            builders.survey(),
            "Volume type must be same for migrating",
            id="cold: the pool does not serve the type",
        ),
        pytest.param(
            builders.migrate(destination_type="silver"),
            builders.survey(),
            "Volume type must be same for migrating",
            id="cold: both destinations, and another type",
        ),
        pytest.param(
            builders.retype(destination_type="gold"),
            builders.survey(),
            "Volume type must be different for retyping",
            id="cold: the same type",
        ),
        pytest.param(
            builders.retype(destination_type=None),
            builders.survey(),
            "destination node or destination type is required when "
            "migration type is cold",
            id="cold: no destination",
        ),
        pytest.param(
            builders.action(destination_type=None),
            builders.live_survey(),
            "destination type is required when migration type is swap",
            id="swap: no type",
        ),
        pytest.param(
            builders.action(),
            builders.survey(),
            "Invalid state for swapping volume",
            id="swap: not attached",
        ),
        pytest.param(
            builders.action(),
            builders.live_survey(
                servers=(builders.server(vm_state="stopped"),)
            ),
            "Invalid state for swapping volume",
            id="swap: the server is stopped",
        ),
    ],
)
def test_the_contract_s_sentences(
    action: model.Action, survey: Any, sentence: str
) -> None:
    found = checks.evaluate(builders.case(action, survey))

    lines = check.sentences(checks.blockers(found))
    assert [line.partition(": ")[0] for line in lines] == [sentence]


@pytest.mark.parametrize(
    ("action", "survey", "options"),
    [
        pytest.param(builders.migrate(), builders.survey(), {}, id="migrate"),
        pytest.param(
            builders.migrate(destination_type="gold"),
            builders.survey(),
            {},
            id="migrate, its own type named",
        ),
        pytest.param(builders.retype(), builders.survey(), {}, id="retype"),
        pytest.param(builders.action(), builders.live_survey(), {}, id="swap"),
        pytest.param(
            builders.action(destination_node=builders.OTHER),
            builders.live_survey(),
            {},
            id="swap to a node",
        ),
        pytest.param(
            builders.action(),
            builders.live_survey(
                servers=(
                    builders.server(
                        vm_state="resized", status="VERIFY_RESIZE"
                    ),
                )
            ),
            {},
            id="swap, while a resize waits to be confirmed",
        ),
        pytest.param(
            builders.action(),
            builders.live_survey(swap_accepted=True),
            {"swap_via": "nova"},
            id="swap via nova",
        ),
    ],
)
def test_what_is_in_good_order_is_refused_by_nothing(
    action: model.Action, survey: Any, options: dict[str, Any]
) -> None:
    found = checks.evaluate(builders.case(action, survey, **options))

    assert checks.blockers(found) == ()
    assert len(found) > 5


def test_all_reasons_are_named_at_once() -> None:
    survey = builders.survey(
        volume=builders.attached(group_id="g", replication_status="enabled"),
        snapshots=(builders.SNAPSHOT,),
        volume_services=(builders.service(up=False),),
        pools=(builders.pool(builders.OTHER, free_capacity_gb=1),),
    )
    action = builders.migrate(destination_node=builders.OTHER)

    found = checks.blockers(checks.evaluate(builders.case(action, survey)))

    assert [blocker.name for blocker in found] == [
        "Attachments",
        "Snapshots",
        "Group",
        "Replication",
        "Type on pool",
        "Capacity",
        "Source backend",
    ]
    assert len(check.sentences(found)) == 4


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        pytest.param(
            builders.case(builders.migrate()), None, id="cold: elsewhere"
        ),
        pytest.param(
            builders.case(builders.migrate(destination_node=builders.POOL)),
            f"the volume is on {builders.POOL} already",
            id="cold: on that very pool",
        ),
        pytest.param(
            builders.case(
                builders.migrate(
                    destination_node=builders.POOL, destination_type="silver"
                )
            ),
            None,
            id="cold: on that pool, but of another type",
        ),
        pytest.param(
            builders.case(builders.retype(destination_type="gold")),
            None,
            id="cold: of that type, which the spec refuses",
        ),
        pytest.param(
            builders.case(
                builders.retype(destination_type="gold"), unattended=True
            ),
            "the volume is of type gold already",
            id="cold: of that type, in a plan that is run again",
        ),
        pytest.param(
            builders.case(builders.retype(), unattended=True),
            None,
            id="cold: of another type, in a plan",
        ),
        pytest.param(
            builders.case(builders.action(), builders.live_survey()),
            None,
            id="swap: of another type",
        ),
        pytest.param(
            builders.case(
                builders.action(destination_type="gold"),
                builders.live_survey(),
            ),
            "the volume is of type gold already",
            id="swap: of that type",
        ),
        pytest.param(
            builders.case(
                builders.action(
                    destination_type="gold", destination_node=builders.POOL
                ),
                builders.live_survey(),
            ),
            f"the volume is of type gold on {builders.POOL} already",
            id="swap: of that type on that pool",
        ),
        pytest.param(
            builders.case(
                builders.action(
                    destination_type="gold", destination_node=builders.SPARE
                ),
                builders.live_survey(),
            ),
            None,
            id="swap: of that type on another pool",
        ),
        pytest.param(
            builders.case(
                builders.action(destination_type="gold"),
                builders.live_survey(),
                swap_via="nova",
            ),
            None,
            id="swap via nova: makes a new volume in any case",
        ),
        pytest.param(
            builders.case(
                builders.action(destination_type="gold"),
                builders.live_survey(
                    volume=builders.attached(migration_status="migrating")
                ),
            ),
            None,
            id="swap: a move is running, which may lead away",
        ),
        pytest.param(
            builders.case(
                builders.action(destination_type="gold"),
                builders.live_survey(volume=builders.attached(attachments=())),
            ),
            None,
            id="swap: of that type, but Cinder lost the attachment",
        ),
        pytest.param(
            builders.case(
                builders.action(destination_type="gold"),
                builders.live_survey(volume=builders.volume()),
            ),
            None,
            id="swap: of that type, but Nova alone has it attached",
        ),
        pytest.param(
            builders.case(
                builders.migrate(destination_node=builders.POOL),
                builders.survey(servers=(builders.server(),)),
            ),
            None,
            id="cold: on that pool, but Nova alone has it attached",
        ),
    ],
)
def test_already_there(case: checks.Case, reason: str | None) -> None:
    assert checks.already_there(case) == reason


def test_a_look_at_what_does_not_fit_tells_of_the_volume_all_the_same() -> (
    None
):
    cloud = scripted_cloud.ScriptedCloud(builders.volume())
    cloud.snapshots = (builders.SNAPSHOT,)

    found = checks.run(
        cloud.core,
        builders.request(
            builders.action(
                destination_type=None, destination_node=builders.SPARE
            )
        ),
    )

    assert [one.sentence for one in checks.blockers(found)] == [
        "destination type is required when migration type is swap",
        "Invalid state for swapping volume",
        "Invalid state for swapping volume",
    ]
    remedies = [one.remedy for one in checks.blockers(found)]
    assert "--migration-type auto" in remedies[0]
    assert remedies[1] == "use --migration-type cold"
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("node", "names"),
    [
        (builders.POOL, ["Already there"]),
        (
            builders.SPARE,
            [
                "Parameters",
                "Attachments",
                "Status",
                "Migration",
                "Snapshots",
                "Group",
                "Replication",
                "Destination pool",
                "Type on pool",
                "Capacity",
                "Availability zone",
                "Source backend",
            ],
        ),
    ],
)
def test_a_look_names_all_that_was_looked_at(
    node: str, names: list[str]
) -> None:
    cloud = scripted_cloud.ScriptedCloud(builders.volume())

    found = checks.run(
        cloud.core,
        builders.request(builders.migrate(destination_node=node)),
    )

    assert [check.name for check in found] == names
    assert {check.result.value for check in found} == {"ok"}


@pytest.mark.parametrize(
    ("one", "reason", "full"),
    [
        (
            check.Check("n", check.Result.OK, "seen"),
            "seen",
            "seen",
        ),
        (
            check.Check("n", check.Result.WARNING, "seen", "do this"),
            "seen (remedy: do this)",
            "seen (remedy: do this)",
        ),
        (
            check.Check("n", check.Result.BLOCKED, "seen", "do", "Sentence"),
            "seen (remedy: do)",
            "Sentence: seen (remedy: do)",
        ),
        (
            check.Check("n", check.Result.BLOCKED, sentence="Sentence"),
            "",
            "Sentence",
        ),
    ],
)
def test_how_a_check_reads(one: model.Check, reason: str, full: str) -> None:
    assert (one.reason, one.full_text) == (reason, full)
