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

"""What can go wrong with the test cloud itself."""

from __future__ import annotations

import pathlib

_TAIL_LINES = 30


class CloudError(Exception):
    """The cloud, or a part of it, does not come up or does not answer."""


class ServiceError(CloudError):
    """A service ended or was not ready in time; its log says why."""

    def __init__(self, service: str, what: str, log: pathlib.Path) -> None:
        lines = log.read_text(errors="replace").splitlines() or ["(empty)"]
        tail = "\n".join(lines[-_TAIL_LINES:])
        super().__init__(f"{service} {what}; the end of {log}:\n{tail}")
        self.service = service
