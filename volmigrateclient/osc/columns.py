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

"""Columns that are asked for, looked at before anything is done."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from osc_lib import exceptions

from volmigrateclient.i18n import _


def refuse_unknown(parsed: argparse.Namespace, columns: Sequence[str]) -> None:
    """Refuse ``-c`` with names of which not one exists.

    cliff itself finds out after the command, which here has then moved
    somebody's volume and would exit as if it had not.

    :raises CommandError: naming the columns that there are
    """
    wanted = getattr(parsed, "columns", None)
    known = {_plain(column) for column in columns}
    if wanted and not known & {_plain(name) for name in wanted}:
        raise exceptions.CommandError(
            _("there is no column %(wanted)s, only %(columns)s")
            % {
                "wanted": ", ".join(wanted),
                "columns": ", ".join(columns),
            }
        )


def _plain(column: str) -> str:
    # As cliff compares them.
    return column.lower().strip().replace(" ", "_")
