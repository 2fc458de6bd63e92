# SPDX-License-Identifier: Apache-2.0

"""Pools whose driver or operator has a say in what is placed there.

The expression is in a language of Cinder's own: it is told of, and not
evaluated (services.rst, services-retype-scheduling).
"""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import wording
from volmigrateclient.core.model.check import Check


def told_of(case: Case) -> Iterator[Check]:
    """A pool's ``filter_function`` may keep the volume away.

    Where Cinder's DriverFilter is on, a retype is then dropped in silence.
    """
    for pool in _candidates(case):
        function = pool.capabilities.get("filter_function")
        if function:
            yield Check.warning(
                "Filter function",
                f"pool {pool.name} takes what its filter_function allows, by "
                f"which Cinder judges: {wording.quoted(str(function))}",
                "make sure that it allows the volume",
            )


def _candidates(case: Case) -> Iterator[model.Pool]:
    """The pool asked for; without one, those that serve the type."""
    survey, wanted = case.survey, case.wanted_type
    if case.action.destination_node is not None:
        pool = survey.pool_called(case.action.destination_node)
        if pool is not None and pool is not survey.own_pool:
            yield pool
        return
    for pool in survey.pools or ():
        if wanted is not None and not scheduler.capabilities_mismatches(
            wanted, pool
        ):
            yield pool
