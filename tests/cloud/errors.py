# SPDX-License-Identifier: Apache-2.0
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
