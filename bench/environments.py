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

"""Virtual environments of peers that do not get along with ours."""

from __future__ import annotations

import os
import pathlib
import platform
import subprocess
import sys

from tests.cloud import cache, environments

_HERE = pathlib.Path(__file__).parent


def python(name: str) -> pathlib.Path:
    """The interpreter of an environment; installed on first use.

    :param name: selects ``constraints-NAME.txt``, which lists everything
    """
    constraints = _HERE / f"constraints-{name}.txt"
    key = cache.digest(
        (
            constraints.read_text(),
            platform.python_version(),
            platform.machine(),
            sys.base_prefix,
        )
    )

    def build(folder: pathlib.Path) -> None:
        made = ("--python", str(folder / "bin" / "python"))
        _uv("venv", "--allow-existing", "--python", sys.executable, folder)
        _uv("pip", "install", *made, "--no-deps", "-r", constraints)

    return cache.made_once(f"{name}-{key}", build) / "bin" / "python"


def _uv(*arguments: str | pathlib.Path) -> None:
    subprocess.run(
        (sys.executable, "-m", "uv", "--quiet", *arguments),
        check=True,
        env=os.environ | environments.TRUST,
    )
