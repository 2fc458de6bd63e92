# SPDX-License-Identifier: Apache-2.0

"""The cloud interface, carried out with the services' own clients.

The only ring that imports cinderclient, novaclient and keystoneclient. It
turns their resources into :mod:`.core.model` and their exceptions into
:mod:`.core.model.errors`; it decides nothing.
"""

from __future__ import annotations

from volmigrateclient.gateway import (
    block_storage,
    compute,
    connection,
    identity,
)


class Gateway(block_storage.BlockStorage, compute.Compute, identity.Identity):
    """A :class:`volmigrateclient.core.cloud.Cloud` over HTTP."""

    def __init__(self, link: connection.Connection) -> None:
        block_storage.BlockStorage.__init__(self, link)
        compute.Compute.__init__(self, link)
        identity.Identity.__init__(self, link)
