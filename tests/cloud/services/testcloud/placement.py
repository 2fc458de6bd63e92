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

"""Placement as a process: ``python -m testcloud.placement PORT``."""

import os
import sys

from testcloud import lifetime, serving, sqlite


def main() -> None:
    lifetime.end_with_owner()
    port = int(sys.argv[1])
    sqlite.prepare_engines()
    os.environ["OS_PLACEMENT_CONFIG_DIR"] = "etc"
    from placement.wsgi import api

    serving.serve(api.application, port)


if __name__ == "__main__":
    main()
