# SPDX-License-Identifier: Apache-2.0
"""What `plan` and `apply` cost with many volumes, on a real Cinder.

Usage: ``python -m bench.plan_scale``. It starts the test cloud, writes
volumes straight into Cinder's database and measures the commands as
processes of their own. ``plan`` is set against OpenStackClient's own list of
the same volumes. ``apply`` is set against a bare loop of API calls
with as many threads as it has moves at once: no checks, no caps, one look
at each volume every so often (``--look``) until it has moved.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata

from bench import process
from tests import cloud as cloud_
from tests.cloud import http_messages
from tests.functional import large_cloud

OPENSTACK = str(pathlib.Path(sys.executable).with_name("openstack"))
_ROOT = pathlib.Path(__file__).parents[1]
#: Seconds, for the longest of them.
_LONGEST = 7200.0
MIGRATE = (OPENSTACK, "volume", "watcher-migrate")


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one process cost: seconds of CPU, MiB at most, its requests."""

    cpu: float
    peak: float
    wall: float
    requests: list[http_messages.Request]

    @property
    def moving(self) -> float:
        """Seconds from the first request that moved a volume to the end."""
        first = next(r.started for r in self.requests if _moves(r))
        return max(r.finished or r.started for r in self.requests) - first


def _moves(request: http_messages.Request) -> bool:
    return request.method == "POST" and request.path.endswith("/action")


def cost_of(cloud: cloud_.Cloud, words: Sequence[str]) -> Cost:
    """Run a command to its end."""
    mark = cloud.fault_proxy.mark()
    with tempfile.TemporaryDirectory() as scratch:
        done = process.run(
            process.Call(
                tuple(words), {**os.environ, **cloud.environment("admin")}
            ),
            pathlib.Path(scratch),
            _LONGEST,
        )
    if done.exit_code != 0:
        sys.exit((done.stdout + done.stderr)[-2000:])
    return Cost(
        cpu=done.processor_seconds,
        peak=done.peak_mib,
        wall=done.ended - done.began,
        requests=cloud.fault_proxy.since(mark),
    )


def start_of_openstack(cloud: cloud_.Cloud) -> Cost:
    """What any command of ``openstack`` costs before it does a thing."""
    words = (OPENSTACK, "token", "issue")
    cost_of(cloud, words)  # writes the caches
    return min(
        (cost_of(cloud, words) for _ in range(3)), key=lambda cost: cost.cpu
    )


def bench_plan(cloud: cloud_.Cloud, sizes: Sequence[int]) -> None:
    """Plan an evacuation of so many volumes; they are not moved."""
    base = start_of_openstack(cloud)
    print(
        f"Start of openstack alone: {base.cpu:.2f} s of CPU, "
        f"{base.peak:.0f} MiB\n"
    )
    print(
        "plan: volumes, requests, client CPU s, without the start, "
        "peak MiB, wall s; openstack volume list of them: requests, client "
        "CPU s, peak MiB, wall s; ratio of CPU"
    )
    costs = []
    among = large_cloud.estate(cloud, projects=300, types=30, pools=60)
    for size in sizes:
        name = f"plan-{size}"
        servers = large_cloud.mixed(cloud, size, name, among)
        cost = cost_of(
            cloud,
            (
                *MIGRATE,
                "plan",
                f"--name={name}-*",
                f"--source-node={large_cloud.SOURCE_BACKEND}",
                f"--destination-node={large_cloud.DESTINATION_BACKEND}",
                f"--output={cloud.directory / name}.json",
            ),
        )
        asked = {r.method for r in cost.requests if r.service != "identity"}
        if asked != {"GET"}:
            sys.exit(f"plan asked with {asked}")
        listed = cost_of(
            cloud, (OPENSTACK, "volume", "list", "--all-projects", "--long")
        )
        large_cloud.remove(cloud, name, servers)
        costs.append(cost)
        print(
            f"  {size:>7}{len(cost.requests):>6}{cost.cpu:>8.2f}"
            f"{cost.cpu - base.cpu:>8.2f}{cost.peak:>8.0f}{cost.wall:>8.1f}"
            f"{len(listed.requests):>10}{listed.cpu:>8.2f}"
            f"{listed.peak:>8.0f}{listed.wall:>8.1f}"
            f"{cost.cpu / listed.cpu:>8.3f}",
            flush=True,
        )
    if len(costs) > 1:
        growth = (costs[-1].cpu - base.cpu) / (costs[0].cpu - base.cpu)
        print(
            f"  growth of CPU from {sizes[0]} to {sizes[-1]} volumes: "
            f"{growth:.1f}-fold"
        )


def bench_apply(
    cloud: cloud_.Cloud, moves: int, parallel: int, rounds: int, look: float
) -> None:
    """Move volumes by ``apply`` and by the bare loop, in turns."""
    base = start_of_openstack(cloud)
    each = moves // rounds
    print(
        f"\napply: {moves} moves in {rounds} rounds, {parallel} at once, "
        f"and as many by the bare loop, which looks every {look:g} s\n"
        "  round, apply: moves/s, requests/move, CPU ms/move, the same "
        "without the start, peak MiB; bare loop: moves/s, requests/move; "
        "ratio"
    )
    ratios = []
    for number in range(rounds):
        costs = {}
        for which in sorted(("apply", "bare"), reverse=bool(number % 2)):
            name = f"{which}-{number}"
            costs[which] = (
                by_apply(cloud, each, parallel, name)
                if which == "apply"
                else by_loop(cloud, each, parallel, name, look)
            )
        apply, bare = costs["apply"], costs["bare"]
        ratios.append(bare.moving / apply.moving)
        print(
            f"  {number + 1:>5}{each / apply.moving:>8.2f}"
            f"{len(apply.requests) / each:>8.2f}"
            f"{apply.cpu / each * 1000:>8.1f}"
            f"{(apply.cpu - base.cpu) / each * 1000:>8.1f}"
            f"{apply.peak:>6.0f}"
            f"{each / bare.moving:>10.2f}"
            f"{len(bare.requests) / each:>8.2f}{ratios[-1]:>8.3f}",
            flush=True,
        )
    print(f"  throughput to the bare loop's: {statistics.median(ratios):.3f}")


def by_apply(
    cloud: cloud_.Cloud, count: int, parallel: int, name: str
) -> Cost:
    """Plan, then apply; what is measured is ``apply``."""
    large_cloud.detached(cloud, count, name)
    return cost_of(cloud, apply_of(plan_of(cloud, name), parallel))


def plan_of(cloud: cloud_.Cloud, name: str) -> pathlib.Path:
    """Plan to move the volumes with names that start so."""
    plan = cloud.directory / f"{name}.json"
    cost_of(
        cloud,
        (
            *MIGRATE,
            "plan",
            f"--name={name}-*",
            f"--source-node={large_cloud.SOURCE}",
            f"--destination-node={large_cloud.DESTINATION}",
            f"--output={plan}",
        ),
    )
    return plan


def apply_of(plan: pathlib.Path, parallel: int) -> tuple[str, ...]:
    """The words that carry out a plan."""
    return (
        *(*MIGRATE, "apply", str(plan)),
        *("--auto-approve", f"--max-parallel={parallel}"),
    )


def bench_resume(
    cloud: cloud_.Cloud, total: int, left: int, parallel: int
) -> None:
    """Go on with a plan of which most is done."""
    name = "resume"
    ids = large_cloud.detached(cloud, total, name)
    plan = plan_of(cloud, name)
    large_cloud.as_if_moved(cloud, ids[left:])
    cost = cost_of(cloud, apply_of(plan, parallel))
    print(
        f"\nresume: {total} moves, {left} of them left to do: "
        f"{cost.wall:.1f} s, {len(cost.requests)} requests, "
        f"{cost.cpu:.2f} s of CPU, {cost.peak:.0f} MiB"
    )


def by_loop(
    cloud: cloud_.Cloud, count: int, parallel: int, name: str, look: float
) -> Cost:
    """What somebody's script would do, in a process of its own."""
    ids = large_cloud.detached(cloud, count, name)
    file = cloud.directory / f"{name}.ids"
    file.write_text(json.dumps(ids))
    return cost_of(
        cloud,
        (
            "env",
            f"PYTHONPATH={_ROOT}",
            sys.executable,
            "-m",
            "bench.plan_scale",
            f"--bare-loop={file}",
            f"--parallel={parallel}",
            f"--look={look}",
        ),
    )


def bare_loop(file: pathlib.Path, parallel: int, look: float) -> None:
    """Move the volumes with cinderclient alone."""
    from cinderclient import client
    from keystoneauth1 import session
    from keystoneauth1.identity import v3

    auth = v3.Password(
        os.environ["OS_AUTH_URL"],
        username=os.environ["OS_USERNAME"],
        password=os.environ["OS_PASSWORD"],
        project_name=os.environ["OS_PROJECT_NAME"],
        user_domain_name="Default",
        project_domain_name="Default",
    )
    cinder = client.Client("3.63", session=session.Session(auth))

    def move(volume_id: str) -> None:
        cinder.volumes.migrate_volume(
            volume_id, large_cloud.DESTINATION, False, True
        )
        while True:
            time.sleep(look)
            seen = cinder.volumes.get(volume_id).migration_status
            if seen == "success":
                return
            if seen == "error":
                sys.exit(f"volume {volume_id}: {seen}")

    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        list(pool.map(move, json.loads(file.read_text())))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--volumes",
        type=int,
        nargs="*",
        default=[1000, 10000],
        metavar="<number>",
        help="how many to plan (default: 1000 10000)",
    )
    parser.add_argument(
        "--moves",
        type=int,
        default=1000,
        metavar="<number>",
        help="how many to move in either way (default: 1000)",
    )
    parser.add_argument(
        "--resume",
        type=int,
        default=10000,
        metavar="<number>",
        help="of how many moves all but 100 are done when apply goes on "
        "(default: 10000)",
    )
    parser.add_argument(
        "--parallel",
        type=int,
        default=4,
        metavar="<number>",
        help="moves at once (default: 4)",
    )
    parser.add_argument(
        "--look",
        type=float,
        default=0.25,
        metavar="<seconds>",
        help="between the bare loop's looks at a volume (default: 0.25)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=4,
        metavar="<number>",
        help="turns of apply and the bare loop (default: 4)",
    )
    parser.add_argument(
        "--copy",
        action="store_true",
        help="have Cinder copy the data, which takes seconds for each "
        "volume, instead of the driver moving it",
    )
    parser.add_argument(
        "--bare-loop", type=pathlib.Path, help=argparse.SUPPRESS
    )
    return parser.parse_args()


def main() -> None:
    options = parse()
    if options.bare_loop:
        bare_loop(options.bare_loop, options.parallel, options.look)
        return
    today = datetime.datetime.now(datetime.timezone.utc).date()
    versions = ", ".join(
        f"{name} {metadata.version(name)}"
        for name in ("python-openstackclient", "python-cinderclient")
    )
    print(
        f"{today}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, {versions}\n"
    )
    with (
        tempfile.TemporaryDirectory() as directory,
        cloud_.Cloud(directory) as cloud,
    ):
        if options.volumes:
            bench_plan(cloud, options.volumes)
        if not options.copy:
            cloud.fault_switches("alpha").set(migrate="assisted")
        if options.resume:
            bench_resume(cloud, options.resume, 100, options.parallel)
        if options.moves:
            bench_apply(
                cloud,
                options.moves,
                options.parallel,
                options.rounds,
                options.look,
            )


if __name__ == "__main__":
    main()
