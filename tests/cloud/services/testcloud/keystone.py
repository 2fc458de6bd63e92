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

"""Keystone as a process: ``python -m testcloud.keystone PORT``."""

import os
import sys

from testcloud import lifetime, serving, sqlite


def main() -> None:
    lifetime.end_with_owner()
    port = int(sys.argv[1])
    sqlite.prepare_engines()
    # Keystone parses the command line when its application is imported.
    sys.argv = ["keystone"]
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = "etc/keystone.conf"
    from keystone.wsgi import api

    serving.serve(api.application, port)


if __name__ == "__main__":
    main()
