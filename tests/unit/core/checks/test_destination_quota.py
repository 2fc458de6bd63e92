# SPDX-License-Identifier: Apache-2.0

"""What a new type asks of the project's quota, and of its encryption."""

from __future__ import annotations

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.checks import destination

_QUOTA = "Quota does not suffice: "


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        pytest.param({}, [("ok", "suffices")], id="nothing is limited"),
        pytest.param(
            {"volumes_silver": (-1, 99, 0), "gigabytes_silver": (-1, 9, 9)},
            [("ok", "suffices")],
            id="without a limit",
        ),
        pytest.param(
            {"volumes_silver": (10, 8, 1), "gigabytes_silver": (50, 40, 0)},
            [("ok", "suffices")],
            id="just so",
        ),
        pytest.param(
            {"volumes_silver": (10, 8, 2), "gigabytes_silver": (50, 40, 1)},
            [
                (
                    "blocked",
                    (
                        f"{_QUOTA}volumes_silver of project "
                        f"{builders.PROJECT_ID}: 1 needed, 0 left"
                    ),
                ),
                (
                    "blocked",
                    (
                        f"{_QUOTA}gigabytes_silver of project "
                        f"{builders.PROJECT_ID}: 10 needed, 9 left"
                    ),
                ),
            ],
            id="what is reserved counts",
        ),
        pytest.param(
            {"volumes_silver": (5, 8, 0)},
            [
                (
                    "blocked",
                    (
                        f"{_QUOTA}volumes_silver of project "
                        f"{builders.PROJECT_ID}: 1 needed, 0 left"
                    ),
                )
            ],
            id="over it already",
        ),
        pytest.param(
            {"volumes": (1, 1, 0), "gigabytes": (10, 10, 0)},
            [("ok", "suffices")],
            id="the volume itself is not counted twice",
        ),
    ],
)
def test_quota_of_a_retype(
    limits: dict[str, tuple[int, int, int]], says: list[tuple[str, str]]
) -> None:
    quota = {key: model.Quota(*value) for key, value in limits.items()}
    case = builders.case(builders.retype(), builders.survey(quota=quota))

    assert builders.words(destination.quota(case)) == says


def test_quota_that_is_hidden() -> None:
    case = builders.case(builders.retype(), builders.survey(quota=None))

    assert builders.words(destination.quota(case)) == [
        ("unknown", "Cinder does not show the project's quota")
    ]


@pytest.mark.parametrize("asked", ["gold", "no such type"])
def test_no_quota_is_needed_where_no_type_changes(asked: str) -> None:
    case = builders.case(builders.action(destination_type=asked))

    assert builders.words(destination.quota(case)) == []


def test_the_remedy_for_a_quota_names_the_type() -> None:
    seen = builders.survey(quota={"volumes_silver": model.Quota(0, 0, 0)})

    (found,) = destination.quota(builders.case(builders.retype(), seen))
    assert found.remedy == (
        "openstack quota set --volumes 1 --volume-type=silver "
        f"{builders.PROJECT_ID}"
    )


_DM_CRYPT = model.Encryption("nova.volume.encryptors.cryptsetup.Cryptsetup")


@pytest.mark.parametrize(
    ("source", "wanted", "labels"),
    [
        pytest.param(None, None, [], id="none"),
        pytest.param(_DM_CRYPT, _DM_CRYPT, [], id="below QEMU"),
        pytest.param(builders.LUKS, None, ["the volume's"], id="source"),
        pytest.param(None, builders.LUKS, ["the destination"], id="wanted"),
        pytest.param(
            builders.LUKS,
            model.Encryption("luks2"),
            ["the volume's", "the destination"],
            id="both",
        ),
    ],
)
def test_luks_cannot_be_swapped(
    source: model.Encryption | None,
    wanted: model.Encryption | None,
    labels: list[str],
) -> None:
    case = builders.case(
        builders.action(),
        builders.live_survey(
            source_encryption=source, destination_encryption=wanted
        ),
    )

    expected = [
        (
            "blocked",
            (
                f"Invalid state for swapping volume: {label} type is "
                "encrypted with LUKS, which Nova cannot swap"
            ),
        )
        for label in labels
    ]
    found = builders.words(destination.encryption(case))
    assert found == (expected or [("ok", "no LUKS")])
