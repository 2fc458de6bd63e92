# SPDX-License-Identifier: Apache-2.0
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
