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

"""Prepares one service: ``python -m testcloud.prepare SERVICE``."""

import importlib
import os
import sys

from testcloud import sqlite


def main() -> None:
    # What makes databases needs no eventlet, and must not patch for it.
    os.environ["OS_CINDER_DISABLE_EVENTLET_PATCHING"] = "1"
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
    sqlite.prepare_engines()
    service = sys.argv.pop(1)
    importlib.import_module(f"testcloud.prepare.{service}").main()


if __name__ == "__main__":
    main()
