# SPDX-License-Identifier: Apache-2.0
"""Those who move volumes, one a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.peers import cinder, library, openstack, ours, peer, watcher

Peer = peer.Peer
Told = peer.Told


def everyone(own: Mapping[str, str]) -> Sequence[Peer]:
    """All peers, ours first.

    :param own: variables that only our command needs
    """
    return (
        ours.Ours(own),
        library.Library(own),
        openstack.Openstack(),
        cinder.Cinder(),
        watcher.Watcher("14.0.0"),
        watcher.Watcher("17.0.0"),
    )
