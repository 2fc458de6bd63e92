# SPDX-License-Identifier: Apache-2.0
"""Runs the tests, or says why they cannot run: see README.rst.

``python -m tests.hypervisor [--where-possible] [pytest's arguments]``
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.hypervisor import host

_ALLOWS = "--where-possible"
#: Two beds beside each other: most of the time goes by in waiting.
_ALL = ("-n", "2", "--dist", "loadfile", "tests/hypervisor")
_VARIABLE = "TEST_CLOUD_HYPERVISOR"


def main(arguments: list[str]) -> int:
    """Return pytest's exit code; 1 if this machine cannot run the tests.

    With ``--where-possible``, or ``TEST_CLOUD_HYPERVISOR=where-possible``
    in the environment, a machine that cannot is no failure.
    """
    allowed = _ALLOWS in arguments or (
        os.environ.get(_VARIABLE) == _ALLOWS.removeprefix("--")
    )
    rest = [word for word in arguments if word != _ALLOWS]
    why_not = host.missing()
    if why_not is None:
        return int(pytest.main(rest or [*_ALL]))
    sys.stderr.write(f"not run here: {why_not}\n")
    return 0 if allowed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
