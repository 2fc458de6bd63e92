# SPDX-License-Identifier: Apache-2.0

"""Checks of what was asked for, before the cloud is looked at."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import action as action_
from volmigrateclient.core.checks import check


def destinations(
    action: action_.Action, options: action_.Options
) -> Iterator[check.Check]:
    """Which destinations a migration type needs, and which options."""
    name = "Parameters"
    found = list(_faults(action, options))
    if not found:
        yield check.Check(
            name,
            check.Result.OK,
            f"path: {action_.path_of(action, options).value}",
        )
    for sentence, detail in found:
        yield check.Check(
            name, check.Result.BLOCKED, detail, sentence=sentence
        )


def _faults(
    action: action_.Action, options: action_.Options
) -> Iterator[tuple[str, str]]:
    node = action.destination_node
    if action.migration_type == action_.COLD:
        if not node and not action.destination_type:
            yield check.COLD_NEEDS_DESTINATION, ""
        if options.swap_via == "nova":
            yield check.OPTIONS, "swap_via is for migration type swap"
    elif not action.destination_type:
        yield check.SWAP_NEEDS_TYPE, ""
    if node and "#" not in node:
        # Without a pool Cinder may choose the source's own (semantics 0.10).
        yield (
            check.OPTIONS,
            f"destination node {node} names no pool; give host@backend#pool",
        )
    if options.swap_via == "nova" and action.migration_type == action_.SWAP:
        if node:
            yield (
                check.OPTIONS,
                "a swap via nova cannot choose the node; the scheduler does",
            )
        if not options.wait:
            yield (
                check.OPTIONS,
                "a swap via nova has steps after the copy: it has to wait",
            )
    elif options.keep_source:
        yield (
            check.OPTIONS,
            "only a swap via nova leaves a source volume to keep",
        )
