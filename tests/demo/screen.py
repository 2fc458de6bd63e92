# SPDX-License-Identifier: Apache-2.0
"""What the demonstration shows: headings, commands, and plain checks."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

from tests import cloud as cloud_

#: The command of the environment that the demonstration runs in.
_OPENSTACK = pathlib.Path(sys.executable).with_name("openstack")
_WIDTH = 79
#: Tables are wrapped there; the columns of some are IDs of 36 characters.
_TABLE_WIDTH = "120"
_BOLD, _GREEN, _RED, _PLAIN = "\033[1m", "\033[32m", "\033[31m", "\033[0m"


class Screen:
    """The terminal, and what was found wrong so far.

    :param failures: the checks that did not hold
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.checks = 0
        self._colours = sys.stdout.isatty()

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._print(f"\n{self._in(_BOLD, title)}")
        self._print(self._in(_BOLD, "=" * len(title)))

    def section(self, title: str, why: str) -> None:
        """Begin a section and say why it is shown."""
        self._print(f"\n{self._in(_BOLD, title)}")
        self.say(why)

    def say(self, text: str) -> None:
        """Tell something, wrapped."""
        self._print(textwrap.fill(" ".join(text.split()), _WIDTH))

    @contextlib.contextmanager
    def check(self, claim: str) -> Iterator[None]:
        """Say whether a claim holds, which the block asserts.

        The demonstration goes on after one that does not.
        """
        self.checks += 1
        try:
            yield
        except (AssertionError, KeyError, OSError, ValueError) as error:
            self.failures.append(claim)
            why = f"{type(error).__name__} {error}".strip()
            self._print(f"  {self._in(_RED, 'FAILED')}  {claim} ({why})")
        else:
            self._print(f"  {self._in(_GREEN, 'ok')}  {claim}")

    def line(self, text: str) -> None:
        """Pass on a line of a command's output."""
        self._print(text)

    def command(self, words: tuple[str, ...]) -> None:
        """Show a command as it would be typed."""
        self._print(f"\n$ {self._in(_BOLD, shlex.join(words))}")

    def _in(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._colours else text

    def _print(self, text: str) -> None:
        print(text, flush=True)


class Openstack:
    """The real command, in processes of its own, for all to see.

    :param cloud: whose admin runs it
    """

    def __init__(self, screen: Screen, cloud: cloud_.Cloud) -> None:
        self._screen = screen
        self._folder = cloud.directory
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("OS_")},
            # No configuration of whoever runs this may have an effect.
            "OS_CLIENT_CONFIG_FILE": os.devnull,
            "CLIFF_MAX_TERM_WIDTH": _TABLE_WIDTH,
            **cloud.environment("admin"),
        }

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run a command to its end; gives its exit code and output."""
        running = self.start(*words)
        return running.end()

    def migrate(self, *words: str) -> tuple[int, str]:
        """Run a command of the plugin."""
        return self("volume", "watcher-migrate", *words)

    def start(self, *words: str) -> Running:
        """Start a command."""
        self._screen.command(("openstack", *words))
        return Running(
            self._screen,
            subprocess.Popen(
                [str(_OPENSTACK), *words],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # In the order in which a terminal would show them.
                stderr=subprocess.STDOUT,
                text=True,
            ),
        )


class Running:
    """A command at work; its output is shown as it comes."""

    def __init__(self, screen: Screen, process: subprocess.Popen[str]) -> None:
        self._screen = screen
        self._process = process
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.append(line)
            self._screen.line(line.rstrip("\n"))

    @property
    def output(self) -> str:
        """All that it has said so far."""
        return "".join(self._lines)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.end()

    def end(self) -> tuple[int, str]:
        """Wait for the end; gives the exit code and the output."""
        try:
            exit_code = self._process.wait()
        except BaseException:
            # Whoever ends the demonstration ends what it runs, too.
            self._process.kill()
            raise
        self._reader.join()
        if exit_code > 0:
            self._screen.line(f"(exit code {exit_code})")
        return exit_code, self.output
