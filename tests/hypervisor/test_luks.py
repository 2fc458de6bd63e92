# SPDX-License-Identifier: Apache-2.0
"""Encrypted volumes move while they are detached, and only then."""

from __future__ import annotations

import pathlib
import struct
from typing import Any

import pytest

from tests.functional import moves, resources, shell
from tests.hypervisor import bed as bed_
from tests.hypervisor import configuration, scene

#: qcow2's crypt_method in its header.
_LUKS = 2


def _encrypted(make: resources.Resources) -> Any:
    """A volume with a LUKS header, which nothing may write over."""
    made = make.cinder_of("alice").volumes.create(
        1, volume_type="luks", name=make.name("secret")
    )
    resources.until(
        "created", lambda: make.seen(made.id).status == "available"
    )
    return make.seen(made.id)


def _is_luks(path: pathlib.Path) -> bool:
    """Whether a disk is encrypted: Cinder's NFS driver puts LUKS in qcow2."""
    with path.open("rb") as disk:
        magic, method = struct.unpack(">4s28xI", disk.read(36))
    return bool(magic == b"QFI\xfb" and method == _LUKS)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((moves.type_("luks-gold"),), id="retype"),
        pytest.param((moves.node(configuration.BETA),), id="migrate"),
    ],
)
def test_it_moves_cold_as_it_is(
    bed: bed_.Bed,
    make: resources.Resources,
    openstack: shell.Openstack,
    words: tuple[str, ...],
) -> None:
    make.disable("cloud@beta")
    try:
        volume = _encrypted(make)
    finally:
        make.enable("cloud@beta")
    before = bed.digest(volume.id)
    assert _is_luks(bed.volume_path(volume.id))

    refused = moves.run(openstack, volume, moves.COLD, *words)
    assert refused.exit_code == 1
    assert "if its file on the share is not longer than the volume" in (
        refused.stderr
    )
    # It holds next to nothing yet.
    assert bed.volume_path(volume.id).stat().st_size < 1 << 30

    done = moves.run(
        openstack, volume, moves.COLD, *words, "--allow-file-copy"
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert bed.digest(volume.id) == before
    assert _is_luks(bed.volume_path(volume.id))
    assert not bed.stray_files()


@pytest.mark.ci
def test_live_it_is_refused(
    scenes: scene.Scenes, openstack: shell.Openstack
) -> None:
    at = scenes.data_disk(data=1)

    done = moves.run(openstack, at.volume, moves.type_("luks-gold"))

    assert done.exit_code == 1
    assert "LUKS" in done.stderr
    at.assert_stayed()
