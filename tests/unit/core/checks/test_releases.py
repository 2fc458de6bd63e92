# SPDX-License-Identifier: Apache-2.0

"""What services of older releases do not tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import checks, model
from volmigrateclient.core.checks import releases


def _case(cinder: str, nova: str | None, **options: Any) -> checks.Case:
    return builders.case(
        builders.action(destination_node=builders.OTHER)
        if not options
        else builders.action(),
        builders.live_survey(
            block_storage_version=model.Microversion.parse(cinder),
            compute_version=nova and model.Microversion.parse(nova),
        ),
        **options,
    )


@pytest.mark.parametrize(
    ("cinder", "results"),
    [("3.59", []), ("3.27", []), ("3.26", ["unknown"]), ("3.0", ["unknown"])],
)
def test_attachments_are_listed_since_ocata(
    cinder: str, results: list[str]
) -> None:
    found = builders.words(releases.attachments_listed(_case(cinder, "2.89")))

    assert [result for result, _ in found] == results


@pytest.mark.parametrize(
    ("cinder", "results"), [("3.7", []), ("3.6", ["unknown"])]
)
def test_clusters_are_told_since_newton(
    cinder: str, results: list[str]
) -> None:
    found = builders.words(releases.clusters_told(_case(cinder, "2.89")))

    assert [result for result, _ in found] == results


@pytest.mark.parametrize(
    ("nova", "results"),
    [
        ("2.89", []),
        ("2.88", ["unknown"]),
        ("2.79", ["unknown"]),
        # 2.100 comes after 2.89.
        ("2.100", []),
        # Nobody was asked, which is told elsewhere.
        (None, []),
    ],
)
def test_a_move_via_cinder_can_be_verified_since_xena(
    nova: str | None, results: list[str]
) -> None:
    found = builders.words(releases.verifiable(_case("3.63", nova)))

    assert [result for result, _ in found] == results


@pytest.mark.parametrize(
    ("cinder", "nova", "says"),
    [
        ("3.63", "2.89", []),
        ("3.63", "2.88", ["Nova takes microversion 2.88 at most"]),
        ("3.26", "2.89", ["Cinder takes microversion 3.26 at most"]),
        (
            "3.0",
            "2.1",
            [
                "Cinder takes microversion 3.0 at most",
                "Nova takes microversion 2.1 at most",
            ],
        ),
    ],
)
def test_a_swap_via_nova_needs_all_the_evidence(
    cinder: str, nova: str, says: list[str]
) -> None:
    found = builders.words(
        releases.evidence(_case(cinder, nova, swap_via="nova"))
    )

    assert len(found) == len(says)
    for (result, text), said in zip(found, says, strict=True):
        assert result == "blocked"
        assert said in text
        assert text.startswith("This volume cannot be swapped via nova: ")
