# SPDX-License-Identifier: Apache-2.0

"""Lists that are read before many volumes are surveyed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit import builders
from tests.unit.core.planning import planned
from volmigrateclient.core import model
from volmigrateclient.core.cloud.preread import PrereadCloud
from volmigrateclient.core.model import errors

_LISTS = (
    "list_all_attachments",
    "list_servers",
    "list_all_snapshots",
    "list_pools",
    "list_compute_services",
)


class Cloud(planned.Cloud):
    """One whose attachments come once somebody else has been answered."""

    def __init__(self) -> None:
        super().__init__(builders.volume())
        self.others = threading.Event()

    def list_all_attachments(self) -> Sequence[model.Attachment]:
        assert self.others.wait(timeout=5)
        return super().list_all_attachments()


def _preread(cloud: planned.Cloud) -> PrereadCloud:
    return PrereadCloud(cloud.core, builders.TYPES)


def _read_all(preread: PrereadCloud) -> list[Any]:
    return [
        preread.list_attachments(builders.VOLUME_ID),
        preread.servers_of_volume(builders.VOLUME_ID, builders.PROJECT_ID),
        preread.list_snapshots(builders.VOLUME_ID),
        preread.list_pools(),
        preread.list_compute_services(),
    ]


def test_ahead_nobody_waits_and_each_list_is_read_once() -> None:
    cloud = Cloud()
    cloud.attachments = (builders.ATTACHMENT,)
    plain = planned.Cloud(builders.volume())
    plain.attachments = cloud.attachments
    preread = _preread(cloud)

    preread.read_ahead()  # would fail, if it waited for the attachments
    cloud.others.set()

    expected = _read_all(_preread(plain))
    assert _read_all(preread) == expected
    assert _read_all(preread) == expected
    assert [cloud.asked[name] for name in _LISTS] == [1] * len(_LISTS)


@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        # It is no use to ask again.
        (errors.ForbiddenError("no", 403), 1),
        (errors.ServiceMissingError("Nova", "here"), 1),
        # This may be.
        (errors.CloudError("down", 503), 2),
    ],
)
def test_what_failed_ahead_fails_when_it_is_needed(
    failure: errors.CloudError, asked: int
) -> None:
    cloud = planned.Cloud(builders.volume())
    cloud.fails["list_all_attachments"] = [failure]
    preread = _preread(cloud)
    preread.read_ahead()

    with pytest.raises(errors.CloudError) as raised:
        preread.list_attachments(builders.VOLUME_ID)

    assert raised.value is failure
    if asked == 1:
        with pytest.raises(type(failure)):
            preread.list_attachments(builders.VOLUME_ID)
    else:
        assert preread.list_attachments(builders.VOLUME_ID) == ()
    assert cloud.asked["list_all_attachments"] == asked
