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
