# SPDX-License-Identifier: Apache-2.0
"""Completion, in a real bash."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.functional import shell

_ASK = r"""
_get_comp_words_by_ref() {
    # What bash-completion does, as far as the generated function needs it.
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}")
}
source /dev/stdin
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_openstack
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script() -> str:
    """What users source."""
    # In a process of its own: the function is named after the command.
    process = shell.Openstack({}).start("complete")
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    return stdout


def _completions(script: str, *words: str) -> set[str]:
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "--norc", "-c", _ASK, "bash", *words],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_offers_the_commands(script: str) -> None:
    offered = _completions(
        script, "openstack", "volume", "watcher-migrate", ""
    )

    assert {
        *("check", "run", "plan", "show", "apply"),
        *("control", "status", "recover"),
    } <= offered
    assert not {o for o in offered if o.startswith("-")}


@pytest.mark.parametrize("command", ["run", "check"])
def test_offers_a_command_s_options(script: str, command: str) -> None:
    offered = _completions(
        script, "openstack", "volume", "watcher-migrate", command, "--"
    )

    assert {
        "--migration-type",
        "--destination-node",
        "--destination-type",
        "--swap-via",
        "--timeout",
        "--no-wait",
    } <= offered


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("plan", {"--source-node", "--balance", "--reverse", "--output"}),
        ("show", {"--html", "--remedies", "--detailed-exitcode"}),
        ("apply", {"--canary", "--max-parallel", "--cordon", "--report"}),
        ("status", {"--watch", "--interval"}),
        ("recover", {"--auto-approve", "--older-than", "--servers"}),
    ],
)
def test_offers_what_plans_and_looks_take(
    script: str, command: str, options: set[str]
) -> None:
    offered = _completions(
        script, "openstack", "volume", "watcher-migrate", command, "--"
    )

    assert options <= offered


def test_completes_what_was_begun(script: str) -> None:
    assert _completions(
        script, "openstack", "volume", "watcher-migrate", "run", "--destina"
    ) == {"--destination-node", "--destination-type"}
