# SPDX-License-Identifier: Apache-2.0
"""Credentials that do not suffice, services that do not answer, bad words."""

from __future__ import annotations

from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import resources, shell, untouched

TO_GOLD = ("--migration-type=cold", "--destination-type=gold")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def volume(current_cloud: cloud_.Cloud) -> Any:
    """A volume of alice's. No test changes it."""
    return resources.Resources(current_cloud).volume()


@pytest.mark.parametrize("word", ["run", "check"])
@pytest.mark.parametrize("user", ["alice", "bob", "reader"])
@pytest.mark.parametrize("by", ["id", "name"])
def test_users_are_told_that_it_takes_an_admin(
    cloud: cloud_.Cloud, volume: Any, user: str, word: str, by: str
) -> None:
    openstack = shell.Openstack(cloud.environment(user))

    said = untouched.refused(
        cloud, openstack, word, getattr(volume, by), *TO_GOLD
    )

    # Another project's, by name: only an admin can know that there is none.
    assert said.startswith("Cinder does not ")
    assert said.endswith(": admin credentials are needed")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("word", ["run", "check"])
@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({"OS_PASSWORD": "wrong"}, "(HTTP 401)"),
        ({"OS_PROJECT_NAME": "nothing"}, "(HTTP 401)"),
        ({"OS_AUTH_URL": NOWHERE + "/v3"}, "Connection refused"),
        (
            {"OS_REGION_NAME": "Mars"},
            "there is no public endpoint of it in region Mars",
        ),
        (
            {"OS_PROJECT_NAME": "", "OS_PROJECT_DOMAIN_NAME": ""},
            "Cinder cannot be found: the credentials are for no project",
        ),
    ],
)
def test_wrong_credentials_end_in_one_sentence(
    cloud: cloud_.Cloud,
    volume: Any,
    word: str,
    changes: dict[str, str],
    last: str,
) -> None:
    environment = {**cloud.environment("admin"), **changes}
    openstack = shell.Openstack(
        {name: value for name, value in environment.items() if value}
    )

    said = untouched.refused(cloud, openstack, word, volume.id, *TO_GOLD)

    assert last in said.splitlines()[-1]


def test_no_credentials_at_all(cloud: cloud_.Cloud, volume: Any) -> None:
    said = untouched.refused(
        cloud, shell.Openstack({}), "run", volume.id, *TO_GOLD
    )

    assert said == "Missing value auth-url required for auth plugin password"


@pytest.mark.parametrize("word", ["run", "check"])
def test_an_endpoint_where_nobody_listens(
    cloud: cloud_.Cloud, openstack: shell.Openstack, volume: Any, word: str
) -> None:
    with untouched.untouched(cloud):
        done = openstack.migrate(
            word,
            volume.id,
            *TO_GOLD,
            OS_BLOCK_STORAGE_ENDPOINT_OVERRIDE=f"{NOWHERE}/v3/x",
        )

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.strip() == (
        "Cinder does not answer: Unable to establish connection to "
        f"{NOWHERE}/v3/: Connection refused"
    )


@pytest.mark.parametrize("word", ["run", "check"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"drop": "before"}, "Cinder does not answer: "),
        ({"answer": 503}, "Cinder answered 503"),
        ({"answer": 502, "body": "<h1>Bad</h1>"}, "Cinder answered 502"),
        ({"answer": 500}, "Cinder answered 500"),
        ({"answer": 401}, "Cinder answered 401"),
        ({"answer": 403}, "Cinder answered 403"),
    ],
)
def test_a_broken_service_ends_in_one_sentence(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    volume: Any,
    word: str,
    fault: dict[str, Any],
    expected: str,
) -> None:
    with cloud.fault_proxy.fault(service="volume", every=True, **fault):
        said = untouched.refused(cloud, openstack, word, volume.id, *TO_GOLD)

    assert said.startswith(expected)
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("--migration-type=hot",), "invalid choice: 'hot'"),
        (("--swap-via=glance",), "invalid choice: 'glance'"),
        (("--timeout=0",), "--timeout: "),
        (("--timeout=-1",), "--timeout: "),
        (("--timeout=abc",), "--timeout: "),
        (("--timeout=inf",), "--timeout: "),
        (("--timeout=nan",), "--timeout: "),
        (("--colour=red",), "unrecognized arguments: --colour=red"),
        (("one-volume-too-many",), "unrecognized arguments: one-volume"),
    ],
)
@pytest.mark.parametrize("word", ["run", "check"])
def test_bad_words_are_a_matter_of_usage(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    word: str,
    words: tuple[str, ...],
    last: str,
) -> None:
    with untouched.untouched(cloud):
        done = openstack.migrate(word, "some-volume", *TO_GOLD, *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert last in done.last_line
