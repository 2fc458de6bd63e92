# SPDX-License-Identifier: Apache-2.0

"""Checks of what was asked for, before the cloud is looked at."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.model import check
from volmigrateclient.core.model.check import Check


def destinations(request: model.Request) -> Iterator[Check]:
    """Which destinations a migration type needs, and which options."""
    name = "Parameters"
    found = list(_faults(request.action, request.options))
    if not found:
        yield Check.ok(name, f"path: {request.path.value}")
    for sentence, detail, remedy in found:
        yield Check.blocked(name, sentence, detail, remedy)


def _faults(
    action: model.Action, options: model.Options
) -> Iterator[tuple[str, str, str]]:
    """Each fault: its sentence, what is wrong, and what to give instead."""
    node = action.destination_node
    if action.migration_type == model.COLD:
        if not node and not action.destination_type:
            yield (
                check.COLD_NEEDS_DESTINATION,
                "neither is given",
                "give --destination-node or --destination-type",
            )
        if options.swap_via == "nova":
            yield (
                check.OPTIONS,
                "--swap-via nova is only for migration type swap",
                "leave out --swap-via, or give --migration-type swap",
            )
    elif not action.destination_type:
        yield (
            check.SWAP_NEEDS_TYPE,
            "none is given",
            (
                "give --migration-type cold for a detached volume, "
                "--destination-type for an attached one (its own type moves "
                "it to the pool alone), or --migration-type auto for either"
            ),
        )
    if node and "#" not in node:
        # Without a pool Cinder may choose the source's own
        # (services.rst, services-cluster-pool).
        yield (
            check.OPTIONS,
            f"destination node {node} names no pool; give host@backend#pool",
            "openstack volume backend pool list",
        )
    if options.swap_via == "nova" and action.migration_type == model.SWAP:
        if node:
            yield (
                check.OPTIONS,
                "a swap via nova cannot choose the node; the scheduler does",
                "leave out --destination-node, or give --swap-via cinder",
            )
        if not options.wait:
            yield (
                check.OPTIONS,
                "a swap via nova has steps after the copy: it has to wait",
                "leave out --no-wait",
            )
    elif options.keep_source:
        yield (
            check.OPTIONS,
            "only a swap via nova leaves a source volume to keep",
            "leave out --keep-source, or give --swap-via nova",
        )
