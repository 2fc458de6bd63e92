# SPDX-License-Identifier: Apache-2.0
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
