# SPDX-License-Identifier: Apache-2.0

"""Where a service's version document is, by its endpoint."""

from __future__ import annotations

import pytest

from volmigrateclient.core import model
from volmigrateclient.gateway import microversions

_PROJECT = "733daa46ca1543edbadc43d89685ea0a"


@pytest.mark.parametrize(
    ("endpoint", "documents"),
    [
        (
            f"http://c:8776/v3/{_PROJECT}",
            ["http://c:8776/v3/", "http://c:8776/"],
        ),
        ("http://c:8774/v2.1", ["http://c:8774/v2.1/", "http://c:8774/"]),
        ("http://c:8774/v2.1/", ["http://c:8774/v2.1/", "http://c:8774/"]),
        (
            "https://c/compute/v2",
            ["https://c/compute/v2/", "https://c/compute/"],
        ),
        # A path of a proxy that looks like a version is none.
        (
            f"https://c/v1/volume/v3/{_PROJECT}",
            ["https://c/v1/volume/v3/", "https://c/v1/volume/"],
        ),
        ("https://compute.example", ["https://compute.example"]),
    ],
)
def test_where_the_version_document_is(
    endpoint: str, documents: list[str]
) -> None:
    assert list(microversions._documents(endpoint)) == documents


def test_versions_compare_as_numbers() -> None:
    assert model.Microversion.parse("2.100") > model.Microversion.parse("2.89")
    assert str(model.Microversion.parse("3.63")) == "3.63"


@pytest.mark.parametrize("text", ["", "latest", "3", "3.x"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match=r"values to unpack|literal"):
        model.Microversion.parse(text)
