# SPDX-License-Identifier: Apache-2.0
"""python-cinderclient's commands, in a loop."""

from __future__ import annotations

from bench.peers import loop, peer


class Cinder(loop.Loop):
    """``cinder migrate`` and ``cinder retype``."""

    name = "cinder, in a loop"
    script = "cinder.sh"

    def version(self) -> str:
        return peer.version_of("python-cinderclient")
