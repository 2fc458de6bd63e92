# SPDX-License-Identifier: Apache-2.0
"""Sets what makes storage and hypervisor fail, hang or be slow."""

from __future__ import annotations

import json
import pathlib
import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.cloud import errors

_BACKEND_SWITCHES = frozenset(
    (
        "create",
        "delete",
        "connect",
        "migrate",
        "retype",
        "rename",
        "total_capacity_gb",
        "free_capacity_gb",
        "capabilities",
        "pools",
        "down",
    )
)
_NOVA_SWITCHES = frozenset(
    (
        "swap",
        "after_pivot",
        "consume",
        "connector",
        "attachment_update",
        "attachment_complete",
        "attachment_delete",
        "migrate_volume_completion",
        "bdm_save",
        "cells",
        "soft_delete",
    )
)
_APPLIED_SECONDS = 15.0


class FaultSwitches:
    """The switches of a Cinder backend, or of Nova; see the README for all.

    :param reports: tells whether a running service confirms changes
    """

    def __init__(
        self,
        owner: str,
        directory: pathlib.Path,
        reports: Callable[[], bool],
    ) -> None:
        self._owner = owner
        self._path = directory / "fault_switches" / f"{owner}.json"
        self._applied = self._path.with_suffix(".applied")
        self._reports = reports
        self._known = _NOVA_SWITCHES if owner == "nova" else _BACKEND_SWITCHES

    def set(self, **values: Any) -> None:
        """Set some switches and leave the others; in effect on return."""
        unknown = values.keys() - self._known
        if unknown:
            raise TypeError(f"{self._owner} has no switches {sorted(unknown)}")
        self._write({**self._read(), **values})

    def clear(self) -> None:
        """Put all switches back; what hangs goes on."""
        self._write({})

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}

    def _write(self, values: dict[str, Any]) -> None:
        serial = values["serial"] = uuid.uuid4().hex
        self._path.parent.mkdir(exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(values))
        fresh.replace(self._path)
        if self._reports():
            self._wait_until_applied(serial)

    def _wait_until_applied(self, serial: str) -> None:
        deadline = time.monotonic() + _APPLIED_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._applied.read_text() == serial:
                    return
            except FileNotFoundError:
                pass
            time.sleep(0.02)
        raise errors.CloudError(f"{self._owner} ignores its switches")
