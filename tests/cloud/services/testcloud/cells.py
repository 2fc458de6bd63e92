# SPDX-License-Identifier: Apache-2.0
"""Has Nova notice cells that come and go while it runs."""

from __future__ import annotations

from nova import context, objects
from nova.compute import api
from testcloud import fault_switches


def _reloading(module):
    """Load the cells again whenever the switch "cells" has changed."""
    switches = fault_switches.FaultSwitches("nova")
    load = module.load_cells
    loaded_for = None

    def load_cells() -> None:
        nonlocal loaded_for
        wanted = switches.get("cells")
        if wanted != loaded_for:
            # Never empty in between: others are reading it.
            module.CELLS = objects.CellMappingList.get_all(
                context.get_admin_context()
            )
            loaded_for = wanted
        load()

    return load_cells


def install() -> None:
    for module in (context, api):
        module.load_cells = _reloading(module)
