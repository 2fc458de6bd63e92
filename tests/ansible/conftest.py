# SPDX-License-Identifier: Apache-2.0
"""A cloud, and a project of playbooks for it."""

from __future__ import annotations

import pytest

from tests import cloud as cloud_
from tests.ansible import playbooks
from tests.functional import conftest

# The fixtures of the functional tests, for the same cloud.
current_cloud = conftest.current_cloud
cloud = conftest.cloud
make = conftest.make
set_faults = conftest.set_faults


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> playbooks.Project:
    """Playbooks, with the collection beside them."""
    return playbooks.Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def play(project: playbooks.Project, cloud: cloud_.Cloud) -> playbooks.Player:
    """Plays playbooks on the cloud."""
    return playbooks.Player(project, cloud)
