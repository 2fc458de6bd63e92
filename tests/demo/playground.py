# SPDX-License-Identifier: Apache-2.0
"""A cloud to try the commands on, until Ctrl-C.

``python -m tests.demo.playground``
"""

from __future__ import annotations

import argparse
import pathlib
import shlex
import signal
import sys
import tempfile
from typing import Any

from tests import cloud as cloud_
from tests.cloud import cache
from tests.demo import screen
from tests.demo.__main__ import leave
from tests.demo.guests import ALPHA
from tests.functional import pools, resources

_INTRODUCTION = """
This starts a real OpenStack on this machine, as an ordinary user: Keystone,
Placement, Cinder and Nova from PyPI, on the loopback interface. It stays up
until Ctrl-C, and then everything in it is removed. The first start installs
the services, which takes some minutes.
"""

#: What is on the pool that waits to be emptied: as different as in real life.
_VOLUMES: tuple[dict[str, Any], ...] = (
    {"name": "reports"},
    {"name": "archive", "size": 5},
    {"name": "ledger"},
    {"name": "batch-1"},
    {"name": "batch-2"},
    {"name": "batch-3", "volume_type": "silver"},
    {"name": "mirror", "size": 3, "user": "bob"},
    {"name": "mail", "size": 2, "user": "bob"},
    {"name": "database", "size": 2},
    {"name": "inbox"},
)

_TRY = """
In another terminal:

  . {activate}
  openstack volume list --all-projects
  openstack volume watcher-migrate check ledger --migration-type auto \\
      --destination-node {beta}
  openstack volume watcher-migrate plan --source-node cloud@alpha \\
      --destination-node {beta} --output plan.json
  openstack volume watcher-migrate apply plan.json

The pool cloud@alpha#pool holds detached volumes, one with a snapshot, and a
data disk of each of two servers, one of them stopped. The types bronze and
silver fit cloud@beta#pool, too; gold is served by cloud@gamma#pool and
cloud@delta#pool.
Logs: {logs}

It is up until Ctrl-C.
"""


def main(argv: list[str] | None = None) -> int:
    """Keep a cloud up until Ctrl-C; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="tox -e playground --", description=_INTRODUCTION
    )
    parser.add_argument(
        "--nova",
        choices=("current", "swap"),
        default="current",
        help="which Nova: of the current release, or the last that lets "
        "clients swap volumes, for --swap-via nova (default: current)",
    )
    arguments = parser.parse_args(argv)
    # Also where whoever started it ignores Ctrl-C, as shells do for jobs.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    shown = screen.Screen()
    shown.say(_INTRODUCTION)
    up = False
    try:
        with (
            tempfile.TemporaryDirectory(prefix="volmigrate-cloud-") as folder,
            cloud_.Cloud(pathlib.Path(folder), arguments.nova) as cloud,
        ):
            shown.say("It is up; making volumes and servers...")
            furnish(cloud)
            shown.line(_said(cloud))
            up = True
            while True:
                signal.pause()
    except cloud_.CloudError as error:
        shown.say(f"The cloud does not start: {error}")
        return 1
    except KeyboardInterrupt:
        shown.say("The cloud is stopped and removed.")
        shown.say(
            f"Kept for the next time: the installed services in {cache.root()}"
        )
        # Ctrl-C is how it is meant to end, once it is up.
        return 0 if up else 130


def furnish(cloud: cloud_.Cloud) -> None:
    """Make what there is to move: volumes on one pool, and two servers."""
    make = resources.Resources(cloud)
    made = {
        volume.name: volume
        for volume in pools.fill(make, "play", _VOLUMES, ALPHA)
    }
    snapshots = make.cinder_of("alice").volume_snapshots
    snapshots.create(made["ledger"].id, name="friday")
    for name, volume in (("web", "database"), ("mail", "inbox")):
        server = make.server(made[volume])
        make.nova.servers.update(server.id, name=name)
        for disk in make.server_volumes(server.id).keys() - {made[volume].id}:
            make.cinder.volumes.update(disk, name=f"{name}-root")
    make.nova.servers.stop(server.id)
    make.until_server(server.id, "SHUTOFF")


def _said(cloud: cloud_.Cloud) -> str:
    """What to type in another terminal."""
    activate = cloud.directory / "activate"
    # openstack, and the plugin with it, is where this runs from.
    commands = pathlib.Path(sys.executable).parent
    activate.write_text(
        (cloud.directory / "openrc").read_text()
        + f"export PATH={shlex.quote(str(commands))}:$PATH\n"
    )
    return _TRY.format(
        activate=shlex.quote(str(activate)),
        beta="cloud@beta#pool",
        logs=cloud.directory / "logs",
    )


if __name__ == "__main__":
    sys.exit(main())
