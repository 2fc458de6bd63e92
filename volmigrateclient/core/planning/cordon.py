# SPDX-License-Identifier: Apache-2.0

"""Keeping new volumes away from what is being emptied.

The source's cinder-volume services are disabled before the first move, with
a reason that carries a mark, and enabled again at the end. The mark is all
the memory there is: a run that was killed is known by it. What somebody else
disabled is left to him.

Cinder's answers are not believed: releases 28 and 29 answer a request to
enable a service with 200 and do nothing (services.rst, services-enable), so
every change is read back.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.model import errors, wording
from volmigrateclient.core.planning.plan import Plan

_MARK = re.compile(r"\[volmig-cordon ([0-9a-f]{12})( keep)?\]")
#: Characters of a file's name in a reason, of which Cinder takes 255.
_SHORT = 80


def plan_id(plan: Plan) -> str:
    """What a plan is known by, however often it is applied or edited."""
    known: list[object] = [
        plan.auth_url,
        plan.region_name,
        plan.created_at,
    ]
    if plan.created_at:
        known.append(dict(plan.selection))
    else:
        known.append([step.action.resource_id for step in plan.steps])
    text = json.dumps(known, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True)
class Place:
    """What can be disabled: a service, or the cluster that it is in.

    :param name: ``host@backend`` or ``cluster@backend``
    """

    name: str
    is_cluster: bool
    enabled: bool
    reason: str | None = None

    @property
    def mark(self) -> str | None:
        """The plan whose cordon it is; None for none of ours."""
        return None if self._marked is None else self._marked[1]

    @property
    def is_kept(self) -> bool:
        """Whether it was meant to stay at the run's end."""
        return self._marked is not None and self._marked[2] is not None

    @property
    def _marked(self) -> re.Match[str] | None:
        return None if self.enabled else _MARK.search(self.reason or "")

    @property
    def label(self) -> str:
        """For people."""
        return f"{'cluster' if self.is_cluster else 'service'} {self.name}"

    @property
    def remedy(self) -> str:
        """What enables it again."""
        if self.is_cluster:
            return (
                "cinder --os-volume-api-version 3.7 cluster-enable "
                f"{wording.shell(self.name)}"
            )
        # Freezing and thawing sets what 'enable' does not (services.rst,
        # services-enable).
        return (
            f"openstack volume service set --enable {wording.shell(self.name)}"
            " cinder-volume; if it stays disabled, as with Cinder 28 and 29, "
            "freeze and thaw it: openstack volume host set --disable "
            f"{wording.shell(self.name)}; openstack volume host set --enable "
            f"{wording.shell(self.name)}"
        )


def places(
    cloud: Cloud, backends: Collection[str], all_known: bool = True
) -> list[Place]:
    """What serves these backends (``host@backend``), as it is now.

    :param all_known: False leaves out what no service is known of
    :raises LookupFailedError: a backend that no service is known of
    """
    if not backends:
        return []
    services = {one.host: one for one in cloud.list_volume_services()}
    named = {one.cluster for one in services.values() if one.cluster}
    clusters = (
        {one.name: one for one in cloud.list_volume_clusters()}
        if named
        else {}
    )
    found: dict[str, Place] = {}
    for backend in sorted(backends):
        if all_known or backend in services or backend in clusters:
            place = _place(backend, services, clusters)
            found[place.name] = place
    return list(found.values())


def _place(
    backend: str,
    services: Mapping[str, model.Service],
    clusters: Mapping[str, model.Cluster],
) -> Place:
    service = services.get(backend)
    name = service.cluster if service is not None else backend
    if name and name in clusters:
        cluster = clusters[name]
        return Place(name, True, cluster.enabled, cluster.disabled_reason)
    if service is None:
        raise errors.LookupFailedError(
            f"cannot cordon {backend}: Cinder lists no cinder-volume service "
            "of that name (see 'openstack volume service list')"
        )
    return Place(backend, False, service.enabled, service.disabled_reason)


def sources(
    plan: Plan, hosts: Mapping[str, str | None] | None = None
) -> set[str]:
    """The backends that a plan takes volumes away from.

    :param hosts: the pools of volumes of which the plan recorded none
    """
    read = hosts or {}
    found = [
        (step.planned.host if step.planned else None)
        or read.get(step.action.resource_id)
        for step in plan.steps
    ]
    return {model.backend_of(host) for host in found if host}


def refuse_destinations(plan: Plan, backends: Collection[str]) -> None:
    """Let backends pass to which the plan moves nothing.

    :raises InvalidActionError: it does, and Cinder would refuse that
    """
    reached = {
        model.backend_of(step.action.destination_node)
        for step in plan.steps
        if step.action.destination_node
    }
    both = sorted(reached & set(backends))
    if both:
        raise errors.InvalidActionError(
            f"cannot cordon {', '.join(both)}: the plan moves volumes there, "
            "too, and Cinder places nothing on a service that is disabled"
        )


class Cordon:
    """Disables places for the length of a run, and puts them back.

    :param cloud: not one that keeps answers
    :param plan: the ID of the plan that is carried out
    :param label: of the plan, for those who read the reason
    :param keep: leave everything disabled at the end
    """

    def __init__(
        self, cloud: Cloud, plan: str, label: str = "", keep: bool = False
    ) -> None:
        self._cloud = cloud
        self._plan = plan
        self._label = label[:_SHORT]
        self._keep = keep
        self._ours: set[str] = set()

    @property
    def reason(self) -> str:
        """What is written at what is disabled."""
        words = f"being emptied: watcher-migrate apply {self._label}"
        keep = " keep" if self._keep else ""
        return f"{words.rstrip()} [volmig-cordon {self._plan}{keep}]"

    def recall(self, backends: Collection[str]) -> list[str]:
        """Take over what an earlier run of the plan left disabled.

        For a run that wants no cordon of its own. What that run was told to
        leave so is left so.

        :returns: what is to be known of it
        """
        found = places(self._cloud, backends, all_known=False)
        return self._adopt([place for place in found if not place.is_kept])

    def _adopt(self, found: Iterable[Place]) -> list[str]:
        told = []
        for place in found:
            if place.mark == self._plan:
                self._ours.add(place.name)
                told.append(
                    f"{place.label} is disabled since an earlier run of this "
                    "plan"
                )
            elif place.mark is not None:
                told.append(
                    f"{place.label} is disabled by another plan "
                    f"({place.reason}), which will enable it"
                )
        return told

    def put_up(self, backends: Collection[str]) -> list[str]:
        """Disable what is enabled, and see that it is.

        :returns: what was done, or not
        :raises FailedError: something is still enabled; what had been
            disabled by then was put back
        """
        found = places(self._cloud, backends)
        told = self._adopt(found)
        told += [
            f"{place.label} was disabled before, and stays so: {place.reason}"
            for place in found
            if not place.enabled and place.mark is None
        ]
        wanted = [place for place in found if place.enabled]
        try:
            for place in wanted:
                self._ours.add(place.name)
                # What it really did is read anyway.
                with contextlib.suppress(errors.UnansweredError):
                    self._disable(place)
            told += self._verified(wanted, backends)
        except errors.MigrateError as error:
            left = self.take_down(backends)
            raise errors.FailedError(
                "; ".join([f"nothing was moved: {error}", *left])
            ) from error
        return told

    def _verified(
        self, wanted: Sequence[Place], backends: Collection[str]
    ) -> list[str]:
        now = {p.name: p for p in places(self._cloud, backends)}
        still = [
            place.label
            for place in wanted
            if now[place.name].mark != self._plan
        ]
        if still:
            raise errors.FailedError(
                f"Cinder was told to disable {', '.join(still)}, and did not"
            )
        return [
            f"{place.label} is disabled: no new volumes" for place in wanted
        ]

    def end(self, backends: Collection[str]) -> list[str]:
        """Enable everything again, or leave it so if it is to be kept.

        :returns: what was done; of what could not be, how to
        """
        return self._kept(backends) if self._keep else self.take_down(backends)

    def take_down(self, backends: Collection[str]) -> list[str]:
        """Enable what this cordon disabled, and see that it is.

        :returns: what was done; of what could not be, how to
        """
        told = []
        found = self._found(backends)
        for place in found:
            if place.enabled:
                continue
            if place.mark != self._plan:
                told.append(
                    f"{place.label} was disabled by somebody else meanwhile, "
                    f"and stays so: {place.reason}"
                )
                continue
            with contextlib.suppress(errors.CloudError):
                self._enable(place)
        now = {p.name: p for p in self._found(backends)} if found else {}
        for place in found:
            if place.mark != self._plan:
                continue
            if now[place.name].enabled:
                told.append(f"{place.label} is enabled again")
            else:
                told.append(
                    f"{place.label} is still disabled, although Cinder was "
                    f"told to enable it; to enable it: {place.remedy}"
                )
        return told

    def _kept(self, backends: Collection[str]) -> list[str]:
        return [
            f"{place.label} stays disabled; to enable it: {place.remedy}"
            for place in self._found(backends)
            if place.mark == self._plan
        ]

    def _found(self, backends: Collection[str]) -> list[Place]:
        return [
            place
            for place in places(self._cloud, backends, all_known=False)
            if place.name in self._ours
        ]

    def _disable(self, place: Place) -> None:
        if place.is_cluster:
            self._cloud.disable_volume_cluster(place.name, self.reason)
        else:
            self._cloud.disable_volume_service(place.name, self.reason)

    def _enable(self, place: Place) -> None:
        if place.is_cluster:
            self._cloud.enable_volume_cluster(place.name)
        else:
            self._cloud.enable_volume_service(place.name)
