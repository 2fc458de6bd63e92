# SPDX-License-Identifier: Apache-2.0
"""Answers that do not come, or are errors: no move is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import pathlib
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import moves, resources, shell

TO_BETA = (moves.COLD, moves.node(moves.BETA))
TO_GOLD = (moves.COLD, moves.type_("gold"))

BOTH = pytest.mark.parametrize(
    ("action", "destination"),
    [
        pytest.param("os-migrate_volume", TO_BETA, id="migrate"),
        pytest.param("os-retype", TO_GOLD, id="retype"),
    ],
)


@pytest.fixture
def impatient(cloud: cloud_.Cloud, tmp_path: pathlib.Path) -> shell.Openstack:
    """The admin's ``openstack``, which gives a request three seconds."""
    clouds = json.loads((cloud.directory / "clouds.yaml").read_text())
    clouds["clouds"]["admin"]["api_timeout"] = 3
    file = tmp_path / "clouds.yaml"
    file.write_text(json.dumps(clouds))
    return shell.Openstack(
        {"OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "admin"}
    )


@BOTH
@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        # What did not reach Cinder is sent once more, what did is not.
        pytest.param({"answer": 503}, 2, id="503-before"),
        pytest.param({"answer": 500, "when": "after"}, 1, id="500-after"),
        pytest.param({"drop": "before"}, 2, id="dropped-before"),
        pytest.param({"drop": "after"}, 1, id="dropped-after"),
        pytest.param({"hang": "after"}, 1, id="no-answer"),
    ],
)
def test_a_request_without_an_answer_acts_once(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    impatient: shell.Openstack,
    action: str,
    destination: tuple[str, ...],
    fault: dict[str, Any],
    sent: int,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    content = cloud.digest(volume.id)

    with (
        cloud.fault_proxy.fault(body_pattern=action, **fault),
        moves.requests_within(cloud) as requests,
    ):
        done = moves.run(impatient, volume, *destination)

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert "checking whether Cinder took the request" in done.stderr
    assert len(moves.acting(requests)) == sent
    assert make.host(volume.id) != moves.ALPHA
    assert cloud.digest(volume.id) == content


@BOTH
@pytest.mark.parametrize(
    ("status", "advice"),
    [(400, ""), (403, ": admin credentials are needed"), (413, "")],
)
def test_a_refusal_is_final(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    action: str,
    destination: tuple[str, ...],
    status: int,
    advice: str,
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with (
        cloud.fault_proxy.fault(
            body_pattern=action,
            answer=status,
            body={"error": {"code": status, "message": "so it is"}},
        ),
        moves.requests_within(cloud) as requests,
    ):
        done = moves.run(openstack, volume, *destination)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert done.last_line == f"Cinder answered {status}: so it is{advice}"
    assert len(moves.acting(requests)) == 1
    assert make.host(volume.id) == moves.ALPHA


@BOTH
def test_an_outage_ends_the_attempts(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
    action: str,
    destination: tuple[str, ...],
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    with (
        cloud.fault_proxy.fault(body_pattern=action, every=True, answer=503),
        moves.requests_within(cloud) as requests,
    ):
        done = moves.run(openstack, volume, *destination)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert "Cinder answered 503" in done.last_line
    assert len(moves.acting(requests)) == 2
    assert make.seen(volume.id).status == "available"


def test_another_admin_may_be_faster(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)

    def faster(request: http_messages.Request) -> None:
        make.cinder.volumes.retype(volume.id, "silver", "on-demand")

    with cloud.fault_proxy.fault(body_pattern="os-retype", call=faster):
        done = moves.run(openstack, volume, *TO_GOLD)

    assert done.exit_code == 1
    assert done.json["result"] == "failed"
    assert "Cinder answered 400" in done.last_line
    assert moves.settled(make, volume).volume_type == "silver"


def test_polls_bear_a_passing_outage(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool=moves.ALPHA)
    faults: list[dict[str, Any]] = [
        {"answer": 503},
        {"answer": 429},
        {"drop": "before"},
        {"answer": 502, "body": "<h1>Bad gateway</h1>"},
    ]

    with contextlib.ExitStack() as outage:

        def begin(request: http_messages.Request) -> None:
            for number, fault in enumerate(faults, 1):
                outage.enter_context(
                    cloud.fault_proxy.fault(
                        method="GET",
                        path="/volumes/detail",
                        nth=number,
                        **fault,
                    )
                )

        with cloud.fault_proxy.fault(body_pattern="os-migrate", call=begin):
            done = moves.run(openstack, volume, *TO_BETA)

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert "Cinder answered 503" in done.stderr
    assert "Cinder answered 429" in done.stderr
    assert "Cinder does not answer" in done.stderr
    assert "Traceback" not in done.stderr
