# SPDX-License-Identifier: Apache-2.0
"""A command that has to be given otherwise: given so, nothing blocks it.

What is said in words is done as it is said, and the lists that are named have
the right word.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests import cloud as cloud_
from tests.functional import conftest, moves, resources, shell, untouched

TO_BETA, TO_GAMMA = moves.node(moves.BETA), moves.node(moves.GAMMA)
TO_GOLD, TO_BRONZE = moves.type_("gold"), moves.type_("bronze")
COLD = moves.COLD


@pytest.fixture(scope="module")
def free(current_cloud: cloud_.Cloud) -> Any:
    """A detached volume on alpha. No test moves it."""
    return resources.Resources(current_cloud).volume(pool=moves.ALPHA)


@pytest.fixture(scope="module")
def held(current_cloud: cloud_.Cloud) -> Any:
    """An attached volume on alpha. No test moves it."""
    make = resources.Resources(current_cloud)
    volume = make.volume(pool=moves.ALPHA)
    make.server(volume)
    return volume


#: What is refused, of which volume; what is said, and the same with it done.
WORDS: dict[str, tuple[str, tuple[str, ...], str, list[tuple[str, ...]]]] = {
    "cold: no destination": (
        "free",
        (COLD,),
        "give --destination-node or --destination-type",
        [(COLD, TO_BETA), (COLD, TO_GOLD)],
    ),
    "cold: options of a swap": (
        "free",
        (COLD, TO_BETA, "--swap-via=nova"),
        "leave out --swap-via, or give --migration-type swap",
        [(COLD, TO_BETA)],
    ),
    "cold: the same type": (
        "free",
        (COLD, TO_BRONZE),
        "give another type; another pool is chosen with --destination-node",
        [(COLD, TO_GOLD), (COLD, TO_BETA)],
    ),
    "cold: both destinations": (
        "free",
        (COLD, TO_BETA, TO_GOLD),
        "leave the destination type out, or retype the volume first",
        [(COLD, TO_BETA), (COLD, TO_GOLD)],
    ),
    "live: no type": (
        "held",
        (TO_BETA,),
        "its own type moves it to the pool alone",
        [
            (TO_BETA, TO_BRONZE),
            (TO_BETA, "--migration-type=auto"),
        ],
    ),
    "live: two moves, and nobody waits": (
        "held",
        (TO_GAMMA, TO_GOLD, "--no-wait"),
        "wait, or name only one of them",
        [(TO_GAMMA, TO_GOLD), (TO_GOLD, "--no-wait")],
    ),
    "live: a source to keep": (
        "held",
        (TO_GOLD, "--keep-source"),
        "leave out --keep-source, or give --swap-via nova",
        [(TO_GOLD,)],
    ),
    "live: detached": (
        "free",
        (TO_GOLD,),
        "use --migration-type cold",
        [(TO_GOLD, COLD)],
    ),
    "via nova: a pool": (
        "held",
        (TO_GAMMA, TO_GOLD, "--swap-via=nova"),
        "leave out --destination-node, or give --swap-via cinder",
        [(TO_GAMMA, TO_GOLD, "--swap-via=cinder")],
    ),
    "via nova: refused by Nova": (
        "held",
        (TO_GOLD, "--swap-via=nova"),
        "use --swap-via cinder",
        [(TO_GOLD, "--swap-via=cinder")],
    ),
}


@pytest.mark.parametrize(
    ("which", "wrong", "says", "right"), WORDS.values(), ids=WORDS
)
def test_the_command_is_given_otherwise(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    request: pytest.FixtureRequest,
    which: str,
    wrong: tuple[str, ...],
    says: str,
    right: list[tuple[str, ...]],
) -> None:
    volume = request.getfixturevalue(which)

    said = untouched.refused(cloud, openstack, "run", volume.id, *wrong)

    assert says in said
    for words in right:
        # --no-wait is run's alone; nothing of what is checked hangs on it.
        kept = [word for word in words if word != "--no-wait"]
        assert untouched.blockers(openstack, volume, *kept) == [], words


def test_the_lists_that_are_named_have_the_right_word(
    cloud: cloud_.Cloud, openstack: shell.Openstack, free: Any
) -> None:
    for wrong, right in (
        (moves.node("cloud@bet#pool"), moves.BETA),
        (moves.node("cloud@bet"), moves.BETA),
        (moves.type_("copper"), "gold"),
    ):
        said = untouched.refused(cloud, openstack, "run", free.id, COLD, wrong)
        (remedy,) = untouched.remedies(said)
        (listed,) = untouched.run(openstack, remedy)
        assert right in listed.stdout


def test_another_pool_is_named_that_serves_the_type(
    cloud: cloud_.Cloud,
    openstack: shell.Openstack,
    set_faults: conftest.SetFaults,
    free: Any,
) -> None:
    said = untouched.refused(cloud, openstack, "run", free.id, COLD, TO_GAMMA)

    (named,) = re.findall(r"choose one that does: '([^']+)'", said)
    assert untouched.blockers(openstack, free, COLD, moves.node(named)) == []
    # No pool but its own.
    set_faults("beta", capabilities={"volume_backend_name": "another"})
    says = "no other pool serves the type; retype the volume instead"
    resources.until(
        "the scheduler knows",
        lambda: says in untouched.blockers(openstack, free, COLD, TO_GAMMA)[0],
    )
    assert untouched.blockers(openstack, free, COLD, TO_GOLD) == []
