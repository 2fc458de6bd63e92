# SPDX-License-Identifier: Apache-2.0
"""A disk of two servers at once: Nova swaps none."""

from __future__ import annotations

import pytest

from tests.functional import moves, resources, shell
from tests.hypervisor import configuration, scene


@pytest.mark.ci
def test_it_is_refused_until_one_server_has_it(
    make: resources.Resources,
    scenes: scene.Scenes,
    openstack: shell.Openstack,
) -> None:
    at = scenes.data_disk(data=8, volume_type="multi")
    other = scenes.server()
    make.nova.volumes.create_server_volume(other.id, at.id)
    resources.until("two", lambda: len(make.seen(at.id).attachments) == 2)
    words = (moves.type_("multi"), moves.node(configuration.BETA))

    refused = moves.run(openstack, at.volume, *words)

    assert refused.exit_code == 1
    assert "the volume has 2 attachments" in refused.stderr
    assert make.migration_status(at.id) is None

    # A guest without an operating system never lets a disk go.
    make.nova.servers.delete(other.id)
    resources.until("one", lambda: len(make.seen(at.id).attachments) == 1)
    with at.writer() as writer:
        done = moves.run(openstack, make.seen(at.id), *words)

    assert done.exit_code == 0, done.stderr
    at.assert_moved("multi", configuration.BETA)
    writer.assert_all_in(at.bed.volume_path(at.id))
