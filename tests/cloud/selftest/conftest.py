# SPDX-License-Identifier: Apache-2.0
"""One cloud for all of the self-test, for each Nova."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.cloud import Cloud
from tests.cloud.selftest.driver import Driver
from tests.cloud.services.testcloud import seed

NOVAS = os.environ.get("TEST_CLOUD_NOVA", "current,swap").split(",")


@pytest.fixture(scope="session", params=NOVAS)
def cloud(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    started = time.monotonic()
    with Cloud(tmp_path_factory.mktemp("cloud"), request.param) as cloud:
        print(f"{request.param}: up in {time.monotonic() - started:.1f} s")
        yield cloud
        assert not [
            line
            for log in (cloud.directory / "logs").iterdir()
            for line in log.read_text().splitlines()
            if "database is locked" in line
        ]


@pytest.fixture
def driver(cloud: Cloud) -> Iterator[Driver]:
    yield Driver(cloud)
    for owner in (*seed.BACKENDS, "nova"):
        cloud.fault_switches(owner).clear()
