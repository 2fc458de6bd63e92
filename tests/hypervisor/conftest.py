# SPDX-License-Identifier: Apache-2.0
"""The beds that the tests run on, and what they need there."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from tests.functional import resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import scene

_MEMORY = pathlib.Path("/dev/shm")
_ENOUGH = 6 << 30


class _Beds:
    """One bed at a time, for each of pytest's workers.

    In memory, where there is enough: the disks of others are slow.
    """

    def __init__(self) -> None:
        roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
        self._directory = pathlib.Path(
            tempfile.mkdtemp(prefix="bed-", dir=_MEMORY if roomy else None)
        )
        self._bed: bed_.Bed | None = None

    def bed(self, nova: str) -> bed_.Bed:
        if self._bed is None or self._bed.nova != nova:
            self.stop()
            bed = bed_.Bed(self._directory / nova, nova)
            bed.start()
            self._bed = bed
        return self._bed

    def stop(self) -> None:
        if self._bed is not None:
            self._bed.stop()
            self._bed.remove()
            self._bed = None

    def remove(self) -> None:
        self.stop()
        self._directory.rmdir()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the beds change once."""
    items.sort(key=lambda item: "swap_bed" in item.fixturenames)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def beds() -> Iterator[_Beds]:
    """All beds, of which one runs."""
    beds = _Beds()
    yield beds
    beds.remove()


@pytest.fixture
def current_bed(beds: _Beds) -> bed_.Bed:
    """A bed of the current release; its Nova refuses direct swaps."""
    return beds.bed("current")


@pytest.fixture
def swap_bed(beds: _Beds) -> bed_.Bed:
    """A bed whose Nova still accepts direct swaps."""
    return beds.bed("swap")


@pytest.fixture
def bed(current_bed: bed_.Bed) -> bed_.Bed:
    """The bed of a test; modules on the other Nova override this."""
    return current_bed


@pytest.fixture
def make(bed: bed_.Bed) -> resources.Resources:
    """Makes volumes and servers on the test's bed."""
    return resources.Resources(bed)


@pytest.fixture
def openstack(bed: bed_.Bed) -> shell.Openstack:
    """The ``openstack`` command with an admin's credentials."""
    return shell.Openstack(bed.environment("admin"))


@pytest.fixture
def scenes(bed: bed_.Bed, make: resources.Resources) -> Iterator[scene.Scenes]:
    """Makes servers whose disks are written to, and deletes them after."""
    scenes = scene.Scenes(bed, make)
    yield scenes
    scenes.clear()
