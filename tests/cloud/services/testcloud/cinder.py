# SPDX-License-Identifier: Apache-2.0
"""All of Cinder in a process: ``python -m testcloud.cinder PORT [clustered]``.

With the word, there is an active-active cluster, too.
"""

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

    cinder_services.run(int(sys.argv[1]), "clustered" in sys.argv[2:])


if __name__ == "__main__":
    main()
