# SPDX-License-Identifier: Apache-2.0
"""Lets services that expect root helpers run as an ordinary user."""

from __future__ import annotations


def stay_unprivileged(*contexts) -> None:
    """Call privileged functions in this very process, without sudo."""
    for context in contexts:
        context.set_client_mode(False)
