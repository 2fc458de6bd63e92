# SPDX-License-Identifier: Apache-2.0
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
