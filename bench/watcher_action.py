# SPDX-License-Identifier: Apache-2.0
"""Watcher's own volume migrate action, driven as its applier drives it.

Runs in an environment that has python-watcher and nothing of ours::

    python watcher_action.py watcher.conf actions.json PARALLEL

``actions.json`` is a list of the action's input parameters. Each action gets
what the applier's workflow engine gives it (pre_condition, execute,
post_condition), in as many threads as are allowed. The engine itself, with
its database of action plans and its message bus, is left out: it only adds
time. Nothing of Watcher is replaced.

Says on stdout, as JSON: when the first action began and the last one ended,
and the processor time between, without the start of the interpreter and the
imports, which a running applier has behind it; and what became of each
action. Exits with 1 if not all succeeded. Watcher's log is on stderr.
"""

import json
import pathlib
import resource
import sys
import time
from concurrent import futures

from oslo_log import log
from watcher import conf
from watcher.applier.actions import volume_migration
from watcher.common import exception


def carry_out(parameters: dict[str, str]) -> str:
    """What one action said of itself: ``done``, or why not."""
    action = volume_migration.VolumeMigrate(None)
    action.input_parameters = parameters
    action.validate_parameters()
    try:
        action.pre_condition()
        succeeded = action.execute()
        action.post_condition()
    # 17.0.0 has these two, 14.0.0 has no pre-conditions to fail.
    except getattr(exception, "ActionSkipped", ()) as skipped:
        return f"skipped: {skipped}"
    except getattr(exception, "ActionExecutionFailure", ()) as failure:
        return f"failed: {failure}"
    # The applier looks at the truth of the value, and has no other reason.
    return "done" if succeeded else "failed"


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(configuration: str, actions: str, parallel: str) -> int:
    log.register_options(conf.CONF)
    conf.CONF([], project="watcher", default_config_files=[configuration])
    log.setup(conf.CONF, "watcher")
    wanted = json.loads(pathlib.Path(actions).read_text())
    began, used = time.time(), processor_time()
    with futures.ThreadPoolExecutor(int(parallel)) as pool:
        said = list(pool.map(carry_out, wanted))
    print(
        json.dumps(
            {
                "began": began,
                "ended": time.time(),
                "processor_seconds": processor_time() - used,
                "said": said,
            }
        )
    )
    return int(any(one != "done" for one in said))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
