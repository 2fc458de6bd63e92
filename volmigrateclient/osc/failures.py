# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The core's errors as OSC's, which prints them in one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from osc_lib import exceptions

from volmigrateclient.core import errors


@contextlib.contextmanager
def for_the_user() -> Iterator[None]:
    """Have an error of the core end the command with exit code 1."""
    try:
        yield
    except errors.MigrateError as error:
        raise exceptions.CommandError(str(error)) from error
