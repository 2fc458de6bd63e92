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

"""All of Cinder in a process: ``python -m testcloud.cinder PORT``."""

from __future__ import annotations

import os
import sys

from testcloud import lifetime, sqlite


def main() -> None:
    lifetime.end_with_owner()
    os.environ["OS_CINDER_DISABLE_EVENTLET_PATCHING"] = "1"
    from cinder import monkey_patch

    monkey_patch.patch()
    sqlite.prepare_engines()
    # Nothing else of Cinder's may be imported before.
    from testcloud import cinder_services

    cinder_services.run(int(sys.argv[1]))


if __name__ == "__main__":
    main()
