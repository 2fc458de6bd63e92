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

"""Cold migration and cold retype, on the real services."""

from __future__ import annotations

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell


@pytest.mark.smoke
def test_migrates_to_the_pool_with_its_content(
    cloud: cloud_.Cloud,
    make: resources.Resources,
    openstack: shell.Openstack,
) -> None:
    volume = make.volume(pool="cloud@alpha#pool", metadata={"keep": "me"})
    content = cloud.digest(volume.id)

    done = openstack.migrate(
        "run",
        volume.id,
        "--migration-type=cold",
        "--destination-node=cloud@beta#pool",
        "-f=json",
    )

    assert done.exit_code == 0, done.stderr
    assert done.json["result"] == "done"
    assert done.json["path"] == "migrate"
    assert done.json["source_node"] == "cloud@alpha#pool"
    assert done.json["destination_node"] == "cloud@beta#pool"
    assert make.host(volume.id) == "cloud@beta#pool"
    assert cloud.digest(volume.id) == content
    after = make.seen(volume.id)
    assert (after.name, after.metadata, after.status) == (
        volume.name,
        {"keep": "me"},
        "available",
    )
