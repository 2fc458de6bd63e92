# SPDX-License-Identifier: Apache-2.0

"""What the commands exit with."""

from __future__ import annotations

import typing
from collections.abc import Collection

from volmigrateclient.i18n import _

if typing.TYPE_CHECKING:
    from volmigrateclient.core import paths

#: Everything that was asked for is done and verified, or was so before.
DONE = 0
#: Something was refused, failed, or is not known to be done.
FAILED = 1
#: Nothing failed, but not everything was done: some volumes are blocked, or
#: were not started.
INCOMPLETE = 3
#: The user interrupted: what a shell itself exits with after Ctrl-C.
INTERRUPTED = 130


def of(outcomes: Collection[paths.Outcome]) -> int:
    """The exit code of a command that names its volumes: ``run``."""
    from volmigrateclient.core import paths

    if paths.Outcome.INTERRUPTED in outcomes:
        return INTERRUPTED
    if all(outcome.success for outcome in outcomes):
        return DONE
    return FAILED


def of_plan(outcomes: Collection[paths.Outcome]) -> int:
    """The exit code of a command that carries out a plan: ``apply``.

    What the plan's own rules left alone is no failure: a nightly job that
    ends with its window is in good order.
    """
    from volmigrateclient.core import paths

    left_alone = {paths.Outcome.BLOCKED, paths.Outcome.NOT_STARTED}
    code = of([one for one in outcomes if one not in left_alone])
    return code or (INCOMPLETE if left_alone & set(outcomes) else DONE)


def table(meanings: dict[int, str]) -> str:
    """What stands below a command's options in its help.

    :param meanings: what its codes mean, but for those that all share
    """
    every = meanings | {
        2: _("the command line is wrong"),
        INTERRUPTED: _("interrupted"),
    }
    told = "; ".join(f"{code} {every[code]}" for code in sorted(every))
    return _("Exit codes: %s.") % told
