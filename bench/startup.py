# SPDX-License-Identifier: Apache-2.0
"""What the plugin adds to every call of ``openstack``.

OSC imports all commands of a group when it needs one of them, so a plugin is
paid for by people who never use it. Two measurements:

- the import of our command modules alone, in a process that has loaded all
  other commands of the group. Precise; this is the one with a budget.
- whole processes, with and without the plugin on their path, in turns, so
  that whatever else the machine does hits both alike. What a user feels, but
  the noise is larger than the plugin.

The plugin is expected in a folder of its own (``pip install --no-deps
--target``), the rest in the environment that runs this: ``tox -e bench`` sees
to both.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

BUDGET_MS = 2.0
GROUP = "openstack.volume.v3"
PACKAGE = "volmigrateclient"
CALLS = (("--version",), ("volume", "list", "--help"))

# Prints the milliseconds and the number of modules that ours add.
IMPORT_PROBE = f"""
import importlib.metadata, sys, time
import openstackclient.shell
commands = importlib.metadata.entry_points(group={GROUP!r})
ours = [c for c in commands if c.module.startswith({PACKAGE + "."!r})]
for command in commands:
    if command not in ours:
        command.load()
assert ours, 'the plugin is not installed'
before = len(sys.modules)
begin = time.perf_counter()
for command in ours:
    command.load()
print((time.perf_counter() - begin) * 1000, len(sys.modules) - before)
"""


def environment(path: pathlib.Path, cache: pathlib.Path) -> dict[str, str]:
    """The environment of a call that has one more folder to look in.

    stevedore keeps what it found on the path in the cache; a cache of our
    own is warm after the first call and leaves nothing behind.
    """
    return os.environ | {
        "PYTHONPATH": str(path),
        "XDG_CACHE_HOME": str(cache),
    }


def imports(env: dict[str, str], rounds: int) -> tuple[list[float], int]:
    """Milliseconds that our imports took, one per round; modules added."""
    times = []
    modules = 0
    for _ in range(rounds):
        answer = subprocess.run(
            [sys.executable, "-c", IMPORT_PROBE],
            env=env,
            # Not the checkout: it comes before the path, and not compiled.
            cwd=env["XDG_CACHE_HOME"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split()
        times.append(float(answer[0]))
        modules = int(answer[1])
    return times, modules


def processor_time(arguments: Sequence[str], env: dict[str, str]) -> float:
    """Milliseconds of processor time that one call of ``openstack`` took.

    A start waits for nothing, so on an idle machine this is what passes; on
    a busy one it is still what the call costs.
    """
    command = pathlib.Path(sys.executable).with_name("openstack")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [command, *arguments],
        env=env,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used * 1000


def in_turns(
    arguments: Sequence[str],
    without: dict[str, str],
    with_plugin: dict[str, str],
    rounds: int,
) -> tuple[list[float], list[float]]:
    """Milliseconds of the calls without and with the plugin, round by round.

    Each round swaps the order, so that neither always comes second.
    """
    times: tuple[list[float], list[float]] = ([], [])
    envs = (without, with_plugin)
    for env in envs:
        processor_time(arguments, env)  # writes the caches
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].append(processor_time(arguments, envs[which]))
    return times


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--plugin",
        type=pathlib.Path,
        required=True,
        metavar="<folder>",
        help="where the plugin, and only the plugin, is installed",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=15,
        metavar="<number>",
        help="how often everything is measured (default: 15)",
    )
    return parser.parse_args()


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        nothing, cache = (pathlib.Path(scratch, n) for n in ("no", "cache"))
        nothing.mkdir()
        cache.mkdir()
        without = environment(nothing, cache)
        with_plugin = environment(options.plugin.resolve(strict=True), cache)

        times, modules = imports(with_plugin, options.rounds)
        print(f"Imports of the plugin, median of {options.rounds}:")
        cost = statistics.median(times)
        print(
            f"  {cost:.2f} ms, {modules} modules (budget: {BUDGET_MS:g} ms)\n"
        )

        print(
            f"Processor time of whole processes in turns, medians of "
            f"{options.rounds}, ms:"
        )
        print(
            f"  {'openstack …':<22}{'without':>9}{'with':>9}"
            f"{'ratio':>8}{'added':>8}{'noise':>8}"
        )
        for arguments in CALLS:
            plain, ours = in_turns(
                arguments, without, with_plugin, options.rounds
            )
            added = [b - a for a, b in zip(plain, ours, strict=True)]
            # Half of all differences lie within this of their median.
            low, _, high = statistics.quantiles(added, n=4)
            a, b = statistics.median(plain), statistics.median(ours)
            print(
                f"  {' '.join(arguments):<22}{a:>9.0f}{b:>9.0f}{b / a:>8.3f}"
                f"{statistics.median(added):>8.1f}"
                f"{'±' + format((high - low) / 2, '.1f'):>8}"
            )
    return int(cost > BUDGET_MS)


if __name__ == "__main__":
    sys.exit(main())
