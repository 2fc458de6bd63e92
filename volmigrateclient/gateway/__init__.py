# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The cloud interface, carried out with the services' own clients.

The only ring that imports cinderclient, novaclient and keystoneclient. It
turns their resources into :mod:`.core.model` and their exceptions into
:mod:`.core.errors`; it decides nothing.
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
