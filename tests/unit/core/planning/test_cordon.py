# SPDX-License-Identifier: Apache-2.0

"""Keeping new volumes away from what is being emptied."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit import builders
from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.model import errors
from volmigrateclient.core.planning import cordon
from volmigrateclient.core.planning.plan import Plan, PlannedAction

_ID, _OTHER_ID = "0123456789ab", "ba9876543210"
_OURS = f"by us [volmig-cordon {_ID}]"
_THEIRS = f"by them [volmig-cordon {_OTHER_ID}]"
_ALPHA = "c1@gold"


class Cinder:
    """Services and clusters that can be disabled, as one release does it.

    :ivar writes: what it was asked to change
    :ivar fails: what these requests raise, by their method
    """

    def __init__(self, *services: model.Service, enables: bool = True) -> None:
        self.services = {one.host: one for one in services}
        self.clusters: dict[str, model.Cluster] = {}
        self.enables = enables
        self.disables = True
        self.writes: list[tuple[str, str]] = []
        self.fails: dict[str, errors.CloudError] = {}

    @property
    def core(self) -> Cloud:
        return typing.cast("Cloud", self)

    def list_volume_services(self) -> Sequence[model.Service]:
        return list(self.services.values())

    def list_volume_clusters(self) -> Sequence[model.Cluster]:
        return list(self.clusters.values())

    def disable_volume_service(self, host: str, reason: str) -> None:
        self._asked("disable", host)
        if self.disables:
            self.set(host, enabled=False, disabled_reason=reason)
        if "disable" in self.fails:
            raise self.fails["disable"]

    def enable_volume_service(self, host: str) -> None:
        self._asked("enable", host)
        if self.enables:
            self.set(host, enabled=True, disabled_reason=None)

    def disable_volume_cluster(self, name: str, reason: str) -> None:
        self._asked("disable", name)
        self.clusters[name] = model.Cluster(name, False, reason)

    def enable_volume_cluster(self, name: str) -> None:
        self._asked("enable", name)
        self.clusters[name] = model.Cluster(name, True)

    def _asked(self, verb: str, name: str) -> None:
        self.writes.append((verb, name))

    def set(self, host: str, **seen: Any) -> None:
        """Have a service be something else."""
        self.services[host] = dataclasses.replace(self.services[host], **seen)


def _cinder(enables: bool = True, **seen: Any) -> Cinder:
    return Cinder(builders.service(**seen), enables=enables)


def _cordon(cinder: Cinder) -> cordon.Cordon:
    return cordon.Cordon(cinder.core, _ID, "plan.json")


def test_it_is_disabled_with_a_reason_and_enabled_again() -> None:
    cinder = _cinder()
    one = _cordon(cinder)

    assert one.put_up([_ALPHA]) == [
        "service c1@gold is disabled: no new volumes"
    ]
    assert cinder.services[_ALPHA].disabled_reason == (
        "being emptied: watcher-migrate apply plan.json "
        "[volmig-cordon 0123456789ab]"
    )
    assert one.take_down([_ALPHA]) == ["service c1@gold is enabled again"]
    assert cinder.services[_ALPHA] == builders.service()
    assert cinder.writes == [("disable", _ALPHA), ("enable", _ALPHA)]


def test_a_release_that_enables_nothing_is_not_believed() -> None:
    cinder = _cinder(enables=False)
    one = _cordon(cinder)
    one.put_up([_ALPHA])

    (said,) = one.take_down([_ALPHA])

    assert said.startswith("service c1@gold is still disabled, although")
    assert said.endswith(
        "openstack volume host set --disable c1@gold; openstack volume host "
        "set --enable c1@gold"
    )


def test_a_release_that_disables_nothing_is_not_believed() -> None:
    cinder = _cinder()
    cinder.disables = False

    with pytest.raises(errors.FailedError) as raised:
        _cordon(cinder).put_up([_ALPHA])

    assert str(raised.value) == (
        "nothing was moved: Cinder was told to disable service c1@gold, and "
        "did not"
    )


def test_an_answer_that_is_lost_is_looked_up() -> None:
    cinder = _cinder()
    cinder.fails["disable"] = errors.UnansweredError("no answer")

    assert _cordon(cinder).put_up([_ALPHA]) == [
        "service c1@gold is disabled: no new volumes"
    ]


def test_what_is_refused_puts_back_what_was_done() -> None:
    cinder = Cinder(builders.service(host="a@x"), builders.service(host="b@x"))
    disable = cinder.disable_volume_service

    def fails_at_b(host: str, reason: str) -> None:
        if host == "b@x":
            raise errors.ForbiddenError("Cinder answered 403", 403)
        disable(host, reason)

    cinder.disable_volume_service = fails_at_b  # type: ignore[method-assign]

    with pytest.raises(errors.FailedError) as raised:
        _cordon(cinder).put_up(["a@x", "b@x"])

    assert str(raised.value) == (
        "nothing was moved: Cinder answered 403; service a@x is enabled again"
    )
    assert all(one.enabled for one in cinder.services.values())


def test_what_somebody_disabled_before_stays_so() -> None:
    cinder = _cinder(enabled=False, disabled_reason="broken fan")
    one = _cordon(cinder)

    assert one.put_up([_ALPHA]) == [
        "service c1@gold was disabled before, and stays so: broken fan"
    ]
    assert one.take_down([_ALPHA]) == []
    assert cinder.writes == []


def test_what_somebody_disabled_meanwhile_stays_so() -> None:
    cinder = _cinder()
    one = _cordon(cinder)
    one.put_up([_ALPHA])
    cinder.set(_ALPHA, disabled_reason="broken fan")

    assert one.take_down([_ALPHA]) == [
        (
            "service c1@gold was disabled by somebody else meanwhile, and "
            "stays so: broken fan"
        )
    ]
    assert cinder.writes == [("disable", _ALPHA)]


def test_what_somebody_enabled_meanwhile_is_nothing_to_do() -> None:
    cinder = _cinder()
    one = _cordon(cinder)
    one.put_up([_ALPHA])
    cinder.set(_ALPHA, enabled=True, disabled_reason=None)

    assert one.take_down([_ALPHA]) == []
    assert cinder.writes == [("disable", _ALPHA)]


def test_after_a_kill_the_next_run_knows_and_puts_it_back() -> None:
    cinder = _cinder(enabled=False, disabled_reason=_OURS)
    one = _cordon(cinder)

    assert one.put_up([_ALPHA]) == [
        "service c1@gold is disabled since an earlier run of this plan"
    ]
    assert one.take_down([_ALPHA]) == ["service c1@gold is enabled again"]


def test_a_run_without_a_cordon_puts_back_that_of_an_earlier_one() -> None:
    cinder = _cinder(enabled=False, disabled_reason=_OURS)
    one = _cordon(cinder)

    # A backend that is no more has nothing to be put back.
    assert one.recall([_ALPHA, "c9@x"]) == [
        "service c1@gold is disabled since an earlier run of this plan"
    ]
    assert one.take_down([_ALPHA]) == ["service c1@gold is enabled again"]


def test_another_plan_s_cordon_is_left_to_it() -> None:
    cinder = _cinder(enabled=False, disabled_reason=_THEIRS)
    one = _cordon(cinder)

    (said,) = one.put_up([_ALPHA])

    assert said.startswith("service c1@gold is disabled by another plan")
    assert one.take_down([_ALPHA]) == []
    assert cinder.writes == []


def test_a_mark_on_what_is_enabled_means_nothing() -> None:
    # Some releases keep the reason of what was enabled again.
    cinder = _cinder(disabled_reason=_THEIRS)

    assert _cordon(cinder).put_up([_ALPHA]) == [
        "service c1@gold is disabled: no new volumes"
    ]


def test_a_cluster_is_disabled_as_a_whole() -> None:
    # What the service itself says does not count.
    cinder = Cinder(
        builders.service(host="h1@x", cluster="c@x"),
        builders.service(host="h2@x", cluster="c@x", enabled=False),
    )
    cinder.clusters["c@x"] = model.Cluster("c@x", True)
    one = _cordon(cinder)

    assert one.put_up(["h1@x", "h2@x", "c@x"]) == [
        "cluster c@x is disabled: no new volumes"
    ]
    assert one.take_down(["h1@x", "h2@x", "c@x"]) == [
        "cluster c@x is enabled again"
    ]
    assert cinder.writes == [("disable", "c@x"), ("enable", "c@x")]


def test_it_may_be_kept() -> None:
    cinder = _cinder()
    one = cordon.Cordon(cinder.core, _ID, "plan.json", keep=True)
    one.put_up([_ALPHA])

    (said,) = one.end([_ALPHA])

    assert said.startswith("service c1@gold stays disabled; to enable it: ")
    assert cinder.writes == [("disable", _ALPHA)]
    # A later run that wants no cordon leaves it so.
    assert _cordon(cinder).recall([_ALPHA]) == []
    # One that wants one ends it.
    one = _cordon(cinder)
    assert one.put_up([_ALPHA]) == [
        "service c1@gold is disabled since an earlier run of this plan"
    ]
    assert one.end([_ALPHA]) == ["service c1@gold is enabled again"]


def test_a_backend_without_a_service_is_refused() -> None:
    with pytest.raises(errors.LookupFailedError, match="cannot cordon c9@x"):
        _cordon(_cinder()).put_up(["c9@x"])


def test_nothing_to_leave_asks_nothing() -> None:
    assert cordon.places(typing.cast("Cloud", None), []) == []


def _plan(*hosts: str | None, to: str = builders.SPARE, **more: Any) -> Plan:
    return Plan(
        **{
            "auth_url": "https://keystone",
            "region_name": None,
            "created_at": "2026-01-05T12:00:00+00:00",
            "steps": tuple(
                PlannedAction(
                    builders.migrate(
                        resource_id=f"v{number}", destination_node=to
                    ),
                    model.PlannedVolume(host=host) if host else None,
                )
                for number, host in enumerate(hosts)
            ),
            **more,
        }
    )


def test_what_a_plan_leaves() -> None:
    plan = _plan(builders.POOL, "c1@gold#two", None, "h9")

    assert cordon.sources(plan, {"v2": builders.OTHER}) == {
        "c1@gold",
        "c3@silver",
        "h9",
    }


def test_a_source_that_is_a_destination_is_refused() -> None:
    plan = _plan("c2@gold#other")

    cordon.refuse_destinations(plan, ["c1@gold"])
    with pytest.raises(errors.InvalidActionError, match="cannot cordon c2@"):
        cordon.refuse_destinations(plan, cordon.sources(plan))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        # Whoever takes lines out has the same plan still.
        ({"steps": ()}, True),
        ({"region_name": "two"}, False),
        ({"created_at": "2026-01-05T12:00:01+00:00"}, False),
        ({"selection": {"source_node": "c1"}}, False),
        ({"created_at": ""}, False),
    ],
)
def test_what_a_plan_is_known_by(change: dict[str, Any], same: bool) -> None:
    known = cordon.plan_id(_plan(builders.POOL))

    assert (cordon.plan_id(_plan(builders.POOL, **change)) == known) is same


def test_plans_without_a_date_are_known_by_their_volumes() -> None:
    one, two = (_plan(*[None] * n, created_at="") for n in (1, 2))

    assert cordon.plan_id(one) != cordon.plan_id(two)
    assert cordon.plan_id(one) == cordon.plan_id(one)


def test_a_reason_is_as_short_as_cinder_wants_it() -> None:
    one = cordon.Cordon(_cinder().core, _ID, "x" * 300)

    assert len(one.reason) < 255
    assert one.reason.endswith(f"[volmig-cordon {_ID}]")
