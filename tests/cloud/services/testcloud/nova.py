# SPDX-License-Identifier: Apache-2.0
"""All of Nova in a process: ``python -m testcloud.nova PORT URL...``.

The URLs are of the services that nova-compute needs when it starts.
"""

from __future__ import annotations

import sys

from testcloud import lifetime, sqlite


def main() -> None:
    lifetime.end_with_owner()
    from nova import monkey_patch

    # Nova 31 knows eventlet only, and patches when the module is imported.
    native_threads = hasattr(monkey_patch, "patch")
    if native_threads:
        monkey_patch.patch(backend="threading")
    sqlite.prepare_engines()
    # Nothing else of Nova's may be imported before.
    from testcloud import nova_services, serving

    port, *needed = sys.argv[1:]
    application = nova_services.start(needed)
    serve = serving.serve if native_threads else serving.serve_green
    serve(application, int(port))


if __name__ == "__main__":
    main()
