# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
