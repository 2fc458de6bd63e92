# SPDX-License-Identifier: Apache-2.0
"""python-openstackclient's own commands, in a loop."""

from __future__ import annotations

from bench.peers import loop, peer


class Openstack(loop.Loop):
    """``openstack volume migrate`` and ``volume set --type``."""

    name = "openstack, in a loop"
    script = "openstack.sh"

    def version(self) -> str:
        return peer.version_of("python-openstackclient")
