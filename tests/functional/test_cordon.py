# SPDX-License-Identifier: Apache-2.0
"""Cordons around what is emptied: on real services that enable nothing."""

from __future__ import annotations

import json
import os
import pathlib
import signal
from collections.abc import Iterator

import pytest

from tests.functional import (
    batches,
    conftest,
    moves,
    resources,
    shell,
)

_ALPHA = "cloud@alpha"


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "plan.json"


@pytest.fixture(autouse=True)
def enabled(make: resources.Resources) -> Iterator[None]:
    yield
    make.enable(_ALPHA)


def _status(make: resources.Resources) -> tuple[str, str]:
    """Whether alpha is enabled, and the reason where it is not."""
    (service,) = make.cinder.services.list(host=_ALPHA, binary="cinder-volume")
    return service.status, service.disabled_reason or ""


def test_new_volumes_are_kept_away_and_it_is_said_how_to_end_that(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 3)
    set_faults("beta", create="slow:2")
    command = batch.start("--max-parallel=1", "--cordon")
    batch.until_moving(1)

    status, reason = _status(make)
    assert status == "disabled"
    assert reason.startswith(
        "being emptied: watcher-migrate apply plan.json [volmig-cordon "
    )
    done = command.end()

    assert done.exit_code == 0, done.stderr
    batch.assert_all_moved_once(1)
    assert f"service {_ALPHA} is disabled: no new volumes" in done.stderr
    # This release answers that it did, and did not.
    assert f"service {_ALPHA} is still disabled, although" in done.stderr
    assert _status(make)[0] == "disabled"
    for verb in ("--disable", "--enable"):
        remedy = ("volume", "host", "set", verb, _ALPHA)
        assert f"openstack {' '.join(remedy)}" in done.stderr
        assert openstack(*remedy).exit_code == 0
    resources.until("enabled", lambda: _status(make)[0] == "enabled")


def test_after_a_kill_the_next_run_knows(
    make: resources.Resources,
    openstack: shell.Openstack,
    file: pathlib.Path,
    set_faults: conftest.SetFaults,
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 2)
    set_faults("beta", create="slow:3")
    command = batch.start("--max-parallel=1", "--cordon")
    batch.until_moving(1)
    os.kill(command.pid, signal.SIGKILL)
    command.end()
    assert _status(make)[0] == "disabled"

    done = batch.apply()

    assert done.exit_code == 0, done.stderr
    assert (
        f"service {_ALPHA} is disabled since an earlier run of this plan"
        in done.stderr
    )
    # It told Cinder, and looked.
    assert f"service {_ALPHA} is still disabled, although" in done.stderr


def test_it_may_be_kept_and_then_stays_until_it_is_wanted_no_more(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}])

    done = batch.apply("--keep-cordon")

    assert done.exit_code == 0, done.stderr
    assert f"service {_ALPHA} stays disabled; to enable it:" in done.stderr
    again = batch.apply()
    assert _ALPHA + " is" not in again.stderr
    assert _status(make)[0] == "disabled"


def test_what_somebody_else_disabled_stays_so(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}])
    make.disable(_ALPHA)
    before = _status(make)

    done = batch.apply("--cordon")

    assert done.exit_code == 0, done.stderr
    assert (
        f"service {_ALPHA} was disabled before, and stays so: by a test"
        in done.stderr
    )
    assert _status(make) == before


def test_a_source_that_is_a_destination_is_refused_before_anything(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}] * 2)
    written = json.loads(file.read_text())
    written["actions"][0]["destination_node"] = moves.ALPHA
    file.write_text(json.dumps(written))

    done = batch.apply("--cordon")

    assert done.exit_code == 1
    assert f"cannot cordon {_ALPHA}" in done.stderr
    assert batch.moving() == 0
    assert _status(make)[0] == "enabled"


def test_a_disabled_service_that_cinder_leaves_enabled_stops_it_all(
    make: resources.Resources, openstack: shell.Openstack, file: pathlib.Path
) -> None:
    batch = batches.Batch(make, openstack, file, [{}])

    with batch.cloud.fault_proxy.fault(
        service="volume", path=r"/os-services/disable-log-reason$", answer=503
    ) as rule:
        done = batch.apply("--cordon")

    assert rule.hits >= 1
    assert done.exit_code == 1
    assert "nothing was moved: Cinder was told to disable" in done.stderr
    assert batch.moving() == 0
    assert _status(make)[0] == "enabled"
