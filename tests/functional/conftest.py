# SPDX-License-Identifier: Apache-2.0
"""The clouds that the functional tests run on, and what they need there."""

from __future__ import annotations

import contextlib
import pathlib
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heeded() -> None:
    """Who starts the tests in the background has them ignore Ctrl-C.

    The commands would inherit that, and wait for one in vain.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


#: The clouds that run, which all modules share.
_running: list[cloud_.Cloud] = []


@contextlib.contextmanager
def _shared(cloud: cloud_.Cloud) -> Iterator[cloud_.Cloud]:
    with cloud:
        _running.append(cloud)
        yield cloud
        _running.remove(cloud)


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_left_for_a_human() -> Iterator[None]:
    """Else the exit code of the next module's ``recover`` is another."""
    yield
    for cloud in _running:
        openstack = shell.Openstack(cloud.environment("admin"))
        done = openstack.migrate("recover", "-f=json")
        assert done.exit_code == 0, done.stdout


def _started(directory: pathlib.Path, nova: str) -> Iterator[cloud_.Cloud]:
    with _shared(cloud_.Cloud(directory, nova=nova)) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def current_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[cloud_.Cloud]:
    """A cloud of the current release; its Nova refuses direct swaps."""
    yield from _started(tmp_path_factory.mktemp("current"), "current")


@pytest.fixture(scope="session")
def swap_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[cloud_.Cloud]:
    """A cloud whose Nova still accepts direct swaps."""
    yield from _started(tmp_path_factory.mktemp("swap"), "swap")


@pytest.fixture(scope="session")
def clustered_cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[cloud_.Cloud]:
    """A cloud of the current release with an active-active cluster, too."""
    directory = tmp_path_factory.mktemp("clustered")
    with _shared(cloud_.Cloud(directory, clustered=True)) as cloud:
        yield cloud


@pytest.fixture
def cloud(current_cloud: cloud_.Cloud) -> cloud_.Cloud:
    """The cloud of a test; modules on the other Nova override this."""
    return current_cloud


@pytest.fixture
def make(cloud: cloud_.Cloud) -> resources.Resources:
    """Makes volumes and servers on the test's cloud."""
    return resources.Resources(cloud)


@pytest.fixture
def openstack(cloud: cloud_.Cloud) -> shell.Openstack:
    """The ``openstack`` command with an admin's credentials."""
    return shell.Openstack(cloud.environment("admin"))


@pytest.fixture
def new_type(make: resources.Resources) -> Iterator[Any]:
    """Makes volume types for the length of a test."""
    made: list[Any] = []

    def create(specs: dict[str, str]) -> Any:
        found = make.cinder.volume_types.create(make.name("type"))
        found.set_keys(specs)
        made.append(found)
        return found

    yield create
    for volume_type in made:
        make.cinder.volume_types.delete(volume_type)


class SetFaults:
    """Sets fault switches of backends and of Nova; puts all back later."""

    def __init__(self, cloud: cloud_.Cloud) -> None:
        self._cloud = cloud
        self._owners: dict[str, None] = {}

    def __call__(self, owner: str, **values: Any) -> None:
        """Set switches; see the test cloud's README for all there are."""
        self._owners[owner] = None
        self._cloud.fault_switches(owner).set(**values)

    def clear(self) -> None:
        """Put all back."""
        for owner in self._owners:
            self._cloud.fault_switches(owner).clear()
        self._owners.clear()


@pytest.fixture
def set_faults(cloud: cloud_.Cloud) -> Iterator[SetFaults]:
    """Sets fault switches for the length of a test."""
    setter = SetFaults(cloud)
    yield setter
    setter.clear()
