# SPDX-License-Identifier: Apache-2.0

"""Checks of where the volume is to go: the type, the pool, the quota."""

from __future__ import annotations

import math
from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, wording
from volmigrateclient.core.model.check import Check

#: An extra spec of a type: the only zones of its volumes.
_TYPE_S_ZONES = "RESKEY:availability_zones"


def type_differs(case: Case) -> Iterator[Check]:
    """A retype needs another type than the volume's."""
    wanted = case.wanted_type
    if wanted is not None and not case.type_changes:
        yield Check.blocked(
            "Destination type",
            check.DIFFERENT_TYPE,
            f"the volume is of type {wanted.name} already",
            "give another type; another pool is chosen with "
            "--destination-node",
        )


def type_usable(case: Case) -> Iterator[Check]:
    """The type exists and the volume's project may use it."""
    name, asked = "Destination type", case.action.destination_type
    if asked is None:
        return
    wanted, volume = case.wanted_type, case.survey.volume
    if wanted is None:
        yield Check.blocked(
            name,
            check.TYPE,
            "no volume type with a name or ID of "
            f"{wording.quoted(asked)} exists",
            "openstack volume type list",
        )
        return
    allowed = case.survey.type_projects
    if not wanted.is_public and case.type_changes:
        if allowed is None:
            yield Check.unknown(
                "Type access",
                f"Cinder does not show who may use private type {wanted.name}",
            )
        elif volume.project_id not in allowed:
            yield Check.blocked(
                "Type access",
                check.TYPE,
                f"volume type {wanted.name} is private and project "
                f"{volume.project_id} has no access to it",
                f"openstack volume type set --project {volume.project_id} "
                f"{wanted.id}",
            )
    multiattach = "<is> true" in (
        wanted.extra_specs.get("multiattach", "").lower()
    )
    if (
        volume.attachments
        and case.path is not model.Path.RETYPE
        and case.type_changes
        and multiattach != volume.multiattach
    ):
        yield Check.blocked(
            name,
            check.SWAP_STATE,
            f"type {wanted.name} changes multiattach, which only a detached "
            "volume can",
            "detach it and use --migration-type cold",
        )
    if case.type_changes:
        yield Check.ok(name, f"{volume.type_name} -> {wanted.name}")
    elif case.path is not model.Path.RETYPE:
        yield Check.ok(name, f"{wanted.name}, as now")


def size_limits(case: Case) -> Iterator[Check]:
    """The type's own limits to the size of its volumes."""
    wanted, size = case.wanted_type, case.survey.volume.size
    if wanted is None or not case.type_changes:
        return
    least, most = (
        _number(wanted.extra_specs.get(f"provisioning:{key}_vol_size"))
        for key in ("min", "max")
    )
    type_ = f"type {wording.quoted(wanted.name)}"
    if least is not None and size < least:
        yield Check.blocked(
            "Size",
            check.TYPE,
            f"{type_} is for volumes of at least {least} GiB, and the volume "
            f"is {size} GiB (provisioning:min_vol_size)",
            "extend the volume, or choose another type",
        )
    if most is not None and size > most:
        yield Check.blocked(
            "Size",
            check.TYPE,
            f"{type_} is for volumes of at most {most} GiB, and the volume "
            f"is {size} GiB (provisioning:max_vol_size)",
            "choose another type",
        )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def qos(case: Case) -> Iterator[Check]:
    """QoS that the hypervisor applies cannot change while attached."""
    survey, wanted = case.survey, case.wanted_type
    if wanted is None or not case.type_changes:
        return
    applied = [
        f"{label} ({consumer})"
        for label, consumer in (
            ("the volume's type", survey.source_qos),
            ("the destination type", survey.destination_qos),
        )
        if consumer not in (None, "back-end")
    ]
    if applied:
        yield Check.blocked(
            "QoS",
            check.SWAP_STATE,
            f"the hypervisor applies the QoS specs of {' and '.join(applied)}"
            ", which cannot change while the volume is attached",
            "detach the volume and use --migration-type cold",
        )


def pool(case: Case) -> Iterator[Check]:
    """The pool asked for is there to be chosen."""
    name, node = "Destination pool", case.action.destination_node
    if node is None:
        return
    if case.survey.pools is None:
        yield Check.unknown(name, "Cinder does not show its pools")
        return
    if not case.pool_changes:
        yield Check.ok(name, f"{node}, where the volume is")
        return
    trouble = _trouble(case.survey.service_of(node))
    if trouble is not None:
        yield trouble
    else:
        yield from _clustered(case)
    known = case.survey.pool_called(node)
    if known is None:
        if trouble is None:
            yield Check.blocked(
                name,
                check.POOL,
                f"the scheduler knows no pool {node}",
                "openstack volume backend pool list",
            )
    elif known.capabilities.get("backend_state") == "down":
        yield Check.unreachable(
            name,
            check.POOL,
            f"its driver says that the backend of {node} is down",
            "see the log of cinder-volume there",
        )
    elif trouble is None:
        yield Check.ok(name, node)


def _clustered(case: Case) -> Iterator[Check]:
    """Cinder chooses the pool of a cluster itself.

    It drops the pool that is asked for (services.rst, services-cluster-pool),
    so that the destination is certain only where there is nothing to choose.
    """
    place, final = case.destination, case.final_type
    if place is None or place.cluster is None:
        return
    own = case.survey.place(case.survey.volume.host)
    if own is not None and own.cluster == place.cluster:
        yield Check.blocked(
            "Destination pool",
            check.POOL,
            f"the volume is in cluster {place.cluster} already, and Cinder "
            "cannot be asked for another pool of the same cluster",
            "choose a pool of another backend",
        )
        return
    candidates = [
        pool.name
        for pool in case.survey.pools or ()
        if model.backend_of(pool.name) == place.cluster
        and not (final and scheduler.capabilities_mismatches(final, pool))
    ]
    if len(candidates) > 1:
        yield Check.blocked(
            "Destination pool",
            check.POOL,
            f"cluster {place.cluster} has {len(candidates)} pools for the "
            f"type ({', '.join(candidates)}), of which Cinder would choose "
            "one itself",
            "choose a pool of a backend that has one for the type",
        )


def pool_serves_type(case: Case) -> Iterator[Check]:
    """The pool asked for serves the type that the volume ends with."""
    destination = case.survey.pool_called(case.action.destination_node)
    volume, final = case.survey.volume, case.final_type
    name, cold = "Type on pool", case.path is model.Path.MIGRATE
    sentence = check.SAME_TYPE if cold else check.POOL
    if cold and not case.keeps_type:
        yield Check.blocked(
            name,
            sentence,
            f"the volume's type is {volume.type_name}, "
            f"not {case.action.destination_type}",
            "leave the destination type out, or retype the volume first",
        )
    if destination is None:
        return
    unmet = (
        scheduler.capabilities_mismatches(final, destination)
        if final is not None
        else ()
    )
    if unmet:
        label = final.name if final is not None else ""
        yield Check.blocked(
            name,
            sentence,
            f"type {label} is not served by {destination.name}: "
            + ", ".join(unmet),
            _pools_serving(case, final),
        )
    if not unmet and not (cold and not case.keeps_type):
        yield Check.ok(name, f"{destination.name} serves it")


def schedulable(case: Case) -> Iterator[Check]:
    """Without a pool asked for: the scheduler will find one."""
    wanted, pools = case.wanted_type, case.survey.pools
    if wanted is None or case.action.destination_node:
        return
    name = "Pools of the type"
    if pools is None:
        yield Check.unknown(name, "Cinder does not show its pools")
        return
    volume, own = case.survey.volume, case.survey.own_pool
    anywhere = [
        p for p in pools if not scheduler.capabilities_mismatches(wanted, p)
    ]
    serving = [p for p in anywhere if _in_zone(case, wanted, p)]
    taking = [
        p
        for p in serving
        if (p is own and case.path is not model.Path.SWAP_VIA_NOVA)
        or scheduler.available_gib(p, wanted) >= volume.size
    ]
    if not serving:
        yield Check.blocked(
            name,
            check.TYPE,
            f"no pool that is up and enabled serves type {wanted.name}"
            + (f" in {_zones(case, wanted)}" if anywhere else ""),
            "openstack volume backend pool list --long; openstack volume "
            "service list",
        )
    elif not taking:
        rooms = ", ".join(
            f"{p.name} {scheduler.available_gib(p, wanted):g} GiB"
            for p in serving
        )
        yield Check.blocked(
            name,
            check.TYPE,
            f"no pool of type {wanted.name} has {volume.size} GiB left "
            f"({rooms})",
            "free capacity in one of them",
        )
    else:
        yield Check.ok(name, ", ".join(p.name for p in taking))


def _zones(case: Case, wanted: model.VolumeType) -> str:
    """Where Cinder would place a retyped volume: the type's zones, or its."""
    own = case.survey.volume.availability_zone or ""
    return wanted.extra_specs.get(_TYPE_S_ZONES) or own


def _in_zone(
    case: Case, wanted: model.VolumeType, candidate: model.Pool
) -> bool:
    """Whether Cinder would place a retyped volume there.

    (services.rst, services-retype-scheduling)
    """
    service = case.survey.service_of(candidate.name)
    if service is None or service.zone is None:
        return True
    zones = _zones(case, wanted).split(",")
    return service.zone in [zone.strip() for zone in zones]


def capacity(case: Case) -> Iterator[Check]:
    """The pool asked for has room."""
    destination = case.survey.pool_called(case.action.destination_node)
    if destination is None or not case.pool_changes:
        return
    size, free = (
        case.survey.volume.size,
        scheduler.available_gib(destination, case.final_type),
    )
    if free < size:
        left = f"{free:g} GiB left"
        planned = scheduler.planned_gib(destination)
        if planned:
            now = scheduler.available_gib(
                scheduler.with_allocated(destination, -planned),
                case.final_type,
            )
            left += f" after the moves planned before it ({now:g} now)"
        yield Check.blocked(
            "Capacity",
            check.POOL,
            f"{destination.name} has {left}, the volume is {size} GiB",
            "free capacity there, or choose another pool",
        )
    else:
        room = "enough" if math.isinf(free) else f"{free:g} GiB"
        yield Check.ok("Capacity", f"{room} left for {size} GiB")


def one_move(case: Case) -> Iterator[Check]:
    """Without waiting nobody is there to ask for the second of two moves."""
    if case.type_changes and case.pool_changes and not case.options.wait:
        yield Check.blocked(
            "Parameters",
            check.OPTIONS,
            "a new type and a pool are two moves, the second to be asked for "
            "after the first",
            "wait, or name only one of them",
        )


def zone(case: Case) -> Iterator[Check]:
    """Cinder does not keep a migrated volume in its availability zone."""
    service = case.survey.service_of(case.action.destination_node)
    volume = case.survey.volume
    if service is None or service.zone is None or not case.pool_changes:
        return
    if service.zone != volume.availability_zone:
        yield Check.warning(
            "Availability zone",
            f"the volume would go from {volume.availability_zone} to "
            f"{service.zone}; servers elsewhere may not be able to attach it",
        )
    else:
        yield Check.ok("Availability zone", service.zone)


def quota(case: Case) -> Iterator[Check]:
    """A retype counts against the quota of the new type only."""
    wanted, volume = case.wanted_type, case.survey.volume
    # A retype that is running has reserved its quota already.
    if wanted is None or not case.type_changes or volume.moving:
        return
    yield from headroom(
        case,
        {
            f"volumes_{wanted.name}": 1,
            f"gigabytes_{wanted.name}": volume.size,
        },
    )


def headroom(case: Case, needed: dict[str, int]) -> Iterator[Check]:
    """Whether the project's quota leaves so much of each resource."""
    name, resources = "Quota", case.survey.quota
    project_id = case.survey.volume.project_id
    if resources is None:
        yield Check.unknown(name, "Cinder does not show the project's quota")
        return
    short = False
    for resource, amount in needed.items():
        held = resources.get(resource)
        left = held.headroom if held else None
        if held is not None and left is not None and left < amount:
            short = True
            enough = held.in_use + held.reserved + amount
            yield Check.blocked(
                name,
                check.QUOTA,
                f"{resource} of project {project_id}: {amount} needed, "
                f"{max(left, 0)} left",
                f"openstack quota set {_option(resource, enough)} "
                f"{project_id}",
            )
    if not short:
        yield Check.ok(name, "suffices")


def _option(resource: str, limit: int) -> str:
    """How ``openstack quota set`` is told a limit."""
    for kind in ("volumes", "gigabytes"):
        if resource.startswith(f"{kind}_"):
            volume_type = wording.shell(resource.removeprefix(f"{kind}_"))
            return f"--{kind} {limit} --volume-type={volume_type}"
    return f"--{resource.replace('_', '-')} {limit}"


def source_service(case: Case) -> Iterator[Check]:
    """The volume's own backend does the move: it has to be there."""
    name, volume = "Source backend", case.survey.volume
    if case.survey.volume_services is None:
        yield Check.unknown(name, "Cinder does not show its services")
        return
    service = case.survey.service_of(volume.host)
    if service is None or not service.up:
        yield Check.unreachable(
            name,
            check.SERVICE,
            f"cinder-volume of {volume.backend} is down",
            "bring it up; see 'openstack volume service list'",
        )
    else:
        yield Check.ok(name, f"{volume.backend} is up")


def encryption(case: Case) -> Iterator[Check]:
    """Nova cannot swap what QEMU decrypts.

    (services.rst, services-swap-luks)
    """
    survey = case.survey
    luks = [
        label
        for label, kind in (
            ("the volume's type", survey.source_encryption),
            ("the destination type", survey.destination_encryption),
        )
        if kind is not None and kind.luks
    ]
    for label in luks:
        yield Check.blocked(
            "Encryption",
            check.SWAP_STATE,
            f"{label} is encrypted with LUKS, which Nova cannot swap",
            "detach the volume and use --migration-type cold",
        )
    if not luks:
        yield Check.ok("Encryption", "no LUKS")


def _trouble(service: model.Service | None) -> Check | None:
    """What is wrong with a cinder-volume service, and what clears it."""
    if service is None:
        return None
    name, host = "Destination pool", service.host
    if not service.up:
        return Check.unreachable(
            name,
            check.POOL,
            f"cinder-volume of {host} is down",
            "bring it up; see 'openstack volume service list'",
        )
    if service.frozen:  # and so disabled, which alone does not thaw it
        return Check.blocked(
            name,
            check.POOL,
            f"cinder-volume of {host} is frozen",
            f"openstack volume host set --enable {wording.shell(host)}",
        )
    if not service.enabled:
        why = service.disabled_reason
        return Check.blocked(
            name,
            check.POOL,
            f"cinder-volume of {host} is disabled"
            + (f": {wording.quoted(why)}" if why else ""),
            # "service set --enable" answers with success and does nothing in
            # Cinder 28 and 29 (services.rst, services-enable).
            "freeze and thaw it: openstack volume host set --disable "
            f"{wording.shell(host)}; openstack volume host set --enable "
            f"{wording.shell(host)}",
        )
    return None


def _pools_serving(case: Case, wanted: model.VolumeType | None) -> str:
    names = [
        candidate.name
        for candidate in case.survey.pools or ()
        if wanted is not None
        and candidate is not case.survey.own_pool
        and not scheduler.capabilities_mismatches(wanted, candidate)
    ]
    if not names:
        return "no other pool serves the type; retype the volume instead"
    return "choose one that does: " + ", ".join(
        wording.shell(name) for name in names[:5]
    )
