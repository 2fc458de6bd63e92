# SPDX-License-Identifier: Apache-2.0
"""Reads the switches with which tests make drivers fail, hang or be slow."""

from __future__ import annotations

import json
import pathlib
import time
from typing import Any

_POLL_SECONDS = 0.1


class FaultSwitches:
    """One owner's switches: a small file of the tests, read at each use."""

    def __init__(self, owner: str) -> None:
        self._path = pathlib.Path("fault_switches", f"{owner}.json").absolute()

    def get(self, name: str) -> Any:
        try:
            return json.loads(self._path.read_text()).get(name)
        except FileNotFoundError:
            return None

    def obey(self, name: str, failures: dict[str, Exception]) -> None:
        """Do what the switch `name` says at this point of the work.

        :param failures: the exception for each value that means a failure
        :raises Exception: the one that the switch's value selects
        """
        while (value := self.get(name)) == "hang":
            time.sleep(_POLL_SECONDS)
        if value in failures:
            raise failures[value]
        if isinstance(value, str) and value.startswith("slow:"):
            time.sleep(float(value.removeprefix("slow:")))
