# SPDX-License-Identifier: Apache-2.0
"""Our library, called as a strategy or an applier would call it.

The counterpart of ``watcher_action.py``: the same moves, in a process that
runs already::

    python library_action.py actions.json PARALLEL SWAP_VIA

Credentials are in the environment. Says the same on stdout, as JSON: when
the call began, login included, when it ended, the processor time between,
and what became of each action.
"""

import json
import os
import pathlib
import resource
import sys
import time

from keystoneauth1 import session
from keystoneauth1.identity import v3

from volmigrateclient import api


def log_in() -> session.Session:
    return session.Session(
        v3.Password(
            os.environ["OS_AUTH_URL"],
            username=os.environ["OS_USERNAME"],
            password=os.environ["OS_PASSWORD"],
            project_name=os.environ["OS_PROJECT_NAME"],
            user_domain_name=os.environ["OS_USER_DOMAIN_NAME"],
            project_domain_name=os.environ["OS_PROJECT_DOMAIN_NAME"],
        )
    )


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(actions: str, parallel: str, swap_via: str) -> int:
    wanted = [
        api.Action.from_mapping(parameters)
        for parameters in json.loads(pathlib.Path(actions).read_text())
    ]
    began, used = time.time(), processor_time()
    results = api.migrate(
        log_in(),
        wanted,
        api.Options(swap_via=swap_via),
        max_parallel=int(parallel),
        region_name=os.environ["OS_REGION_NAME"],
    )
    ended, used = time.time(), processor_time() - used
    said = [
        "done" if one.outcome is api.Outcome.DONE else one.reason
        for one in results
    ]
    print(
        json.dumps(
            {
                "began": began,
                "ended": ended,
                "processor_seconds": used,
                "said": said,
            }
        )
    )
    return int(any(one != "done" for one in said))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
