# SPDX-License-Identifier: Apache-2.0

"""The core's errors as OSC's, which prints them in one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from osc_lib import exceptions

from volmigrateclient.core.model import errors, wording


@contextlib.contextmanager
def for_the_user() -> Iterator[None]:
    """Have an error of the core end the command with exit code 1."""
    try:
        yield
    except errors.MigrateError as error:
        raise exceptions.CommandError(
            wording.escaped_lines(str(error))
        ) from error
