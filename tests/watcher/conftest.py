# SPDX-License-Identifier: Apache-2.0
"""A cloud for all releases of Watcher, and an applier of each."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, resources
from tests.watcher import environments, process

# The fixtures of the functional tests, for the same cloud.
current_cloud = conftest.current_cloud
cloud = conftest.cloud
make = conftest.make
set_faults = conftest.set_faults


@pytest.fixture(scope="module", params=environments.RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """The name of an environment with Watcher."""
    return str(request.param)


@pytest.fixture(scope="module")
def folder(
    release: str, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """Where a release's appliers have their database and log."""
    return tmp_path_factory.mktemp(f"watcher-{release}")


@pytest.fixture(scope="module")
def applier(
    release: str, folder: pathlib.Path, current_cloud: cloud_.Cloud
) -> Iterator[process.Applier]:
    """An applier with our workflow engine."""
    started = process.Applier(release, folder, current_cloud)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def server(current_cloud: cloud_.Cloud) -> object:
    """An active server."""
    return resources.Resources(current_cloud).server()
