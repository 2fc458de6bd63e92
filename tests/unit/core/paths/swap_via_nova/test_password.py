# SPDX-License-Identifier: Apache-2.0

"""The temporary user's password."""

from __future__ import annotations

import math
import re

import pytest

from volmigrateclient.core.model import errors
from volmigrateclient.core.paths.swap_via_nova import password as password_

_RULES = (
    None,
    r"^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])(?=.*[^A-Za-z0-9]).{8,}$",
    r"^(?=.*\d)(?=.*[a-zA-Z]).{7,}$",
    r"^[A-Za-z0-9]{12,}$",
    r"^.{8,40}$",
    r"^.{8,32}$",
    r"^[A-Za-z0-9]{8,24}$",
)


@pytest.mark.parametrize("rule", _RULES)
def test_satisfies_the_rule_with_enough_randomness(rule: str | None) -> None:
    for _ in range(50):
        made = password_.make(rule)

        assert rule is None or re.match(rule, made)
        assert 24 <= len(made.encode()) < 72
        # Even if it were letters and digits only.
        assert len(made) * math.log2(62) >= 128
        for kind in ("[a-z]", "[A-Z]", "[0-9]"):
            assert re.search(kind, made)


def test_has_symbols_unless_the_rule_forbids_them() -> None:
    assert re.search(r"[^A-Za-z0-9]", password_.make())


def test_no_two_are_alike() -> None:
    assert len({password_.make() for _ in range(200)}) == 200


@pytest.mark.parametrize("rule", [r"^.{1,12}$", r"^[a-z]+$", r"^.{80,}$"])
def test_says_so_if_no_kind_satisfies_the_rule(rule: str) -> None:
    with pytest.raises(errors.FailedError, match="--temporary-user-domain"):
        password_.make(rule)
