# SPDX-License-Identifier: Apache-2.0

"""Whether a pool serves a volume type, as Cinder's scheduler judges it.

Cinder answers a retype or migrate that no pool can take with 202 and fails
in silence, so the same rules are applied here before it is asked: those of
``cinder/scheduler/filters/capabilities_filter.py``, ``extra_specs_ops.py``
and ``capacity_filter.py`` (with ``sched_utils.py``) of Cinder 29.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from oslo_utils import strutils

from volmigrateclient.core import model

_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    # "=" means "at least": Cinder keeps it for old extra specs.
    "=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
}
_TEXTUAL: dict[str, Callable[[Any, Any], bool]] = {
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
}
#: What Cinder takes where a backend names no over-subscription ratio, and
#: for "auto" as long as nothing is provisioned.
_DEFAULT_RATIO = 20.0
#: Ways to write one protocol. The scheduler knows all of a backend's, the
#: API shows the first only (``cinder/api/views/scheduler_stats.py``).
_PROTOCOLS = (
    ("FC", "fibre_channel", "fc"),
    ("iSCSI", "iscsi"),
    ("NFS", "nfs"),
    ("NVMe-oF", "NVMeOF", "nvmeof"),
)


def capabilities_mismatches(
    volume_type: model.VolumeType, pool: model.Pool
) -> tuple[str, ...]:
    """Why the pool does not serve the type; empty where it does."""
    found = []
    for key, wanted in sorted(volume_type.extra_specs.items()):
        scope = key.split(":")
        # Other scopes (RESKEY, a vendor's) are not the scheduler's.
        if len(scope) > 1 and scope[0] != "capabilities":
            continue
        if scope[0] == "capabilities":
            del scope[0]
        reported = _reported(pool.capabilities, scope)
        if reported is _ABSENT:
            found.append(f"{key} wants {wanted!r}, the pool reports none")
            continue
        values = reported if isinstance(reported, list) else [reported]
        if scope == ["storage_protocol"]:
            values = _variants(values)
        if not any(_matches(value, wanted) for value in values):
            found.append(
                f"{key} wants {wanted!r}, the pool reports {reported!r}"
            )
    return tuple(found)


def available_gib(
    pool: model.Pool, volume_type: model.VolumeType | None
) -> float:
    """GiB that the scheduler would still place in a pool.

    Infinite where the backend cannot tell. Over-subscription counts for
    pools with thin provisioning, unless the type asks for thick.
    """
    capabilities = pool.capabilities
    free = capabilities.get("free_capacity_gb")
    total = capabilities.get("total_capacity_gb")
    reserved = float(capabilities.get("reserved_percentage") or 0) / 100
    if free is None:
        return 0.0
    if free in ("infinite", "unknown"):
        return math.inf
    if total in ("infinite", "unknown"):
        return math.inf if reserved == 0 else 0.0
    whole = float(total or 0)
    if whole <= 0:
        return 0.0
    usable = whole - math.floor(whole * reserved)
    allocated = capabilities.get("allocated_capacity_gb", 0)
    provisioned = float(
        capabilities.get("provisioned_capacity_gb", allocated) or 0
    )
    thick_type = volume_type is not None and (
        volume_type.extra_specs.get("provisioning:type") == "thick"
    )
    # To two places, as Cinder rounds before it compares.
    if thick_type or not capabilities.get("thin_provisioning_support"):
        return max(0.0, round(min(float(free), usable - provisioned), 2))
    ratio = _over_subscription(capabilities, whole - float(free), provisioned)
    if ratio < 1:
        return 0.0
    return max(0.0, round(usable * ratio - provisioned, 2))


def usage(
    pool: model.Pool, volume_type: model.VolumeType | None
) -> tuple[float, float] | None:
    """GiB that are used of a pool, and what it may hold, for the scheduler.

    For pools with thin provisioning that is what was promised, unless the
    type asks for thick. None where the backend cannot tell, or would take
    nothing however empty it were.
    """
    capabilities = pool.capabilities
    free = capabilities.get("free_capacity_gb")
    total = capabilities.get("total_capacity_gb")
    if not isinstance(free, int | float) or not isinstance(total, int | float):
        return None
    reserved = float(capabilities.get("reserved_percentage") or 0) / 100
    usable = float(total) - math.floor(float(total) * reserved)
    allocated = capabilities.get("allocated_capacity_gb", 0)
    provisioned = float(
        capabilities.get("provisioned_capacity_gb", allocated) or 0
    )
    thick_type = volume_type is not None and (
        volume_type.extra_specs.get("provisioning:type") == "thick"
    )
    if thick_type or not capabilities.get("thin_provisioning_support"):
        used, capacity = max(usable - float(free), provisioned), usable
    else:
        ratio = _over_subscription(
            capabilities, float(total) - float(free), provisioned
        )
        used, capacity = provisioned, usable * ratio if ratio >= 1 else 0.0
    return (used, capacity) if capacity > 0 else None


def _over_subscription(
    capabilities: Mapping[str, Any], used: float, provisioned: float
) -> float:
    """How many times its capacity a thin pool may promise."""
    ratio = capabilities.get("max_over_subscription_ratio") or _DEFAULT_RATIO
    if ratio != "auto":
        return float(ratio)
    return 1 + provisioned / (used + 1) if provisioned else _DEFAULT_RATIO


@dataclasses.dataclass(frozen=True)
class Fill:
    """How full a pool is, as the scheduler counts; both are GiB.

    A pool with thin provisioning holds what was promised to volumes, and its
    capacity is what it may promise.
    """

    used: float
    capacity: float


def fill(pool: model.Pool) -> Fill | None:
    """How full a pool is; None where its backend cannot tell."""
    left = available_gib(pool, None)
    capabilities = pool.capabilities
    total = capabilities.get("total_capacity_gb")
    if math.isinf(left) or not isinstance(total, int | float):
        return None
    if not capabilities.get("thin_provisioning_support"):
        used = max(
            float(total) - float(capabilities["free_capacity_gb"]),
            float(capabilities.get("provisioned_capacity_gb") or 0),
        )
    else:
        allocated = capabilities.get("allocated_capacity_gb", 0)
        used = float(
            capabilities.get("provisioned_capacity_gb", allocated) or 0
        )
    return Fill(used, used + left)


#: Under this name a pool holds how many GiB were planned onto it.
_PLANNED = "volmigrateclient:planned_gb"


def planned_gib(pool: model.Pool) -> int:
    """GiB that :func:`with_allocated` has put into the pool."""
    return int(pool.capabilities.get(_PLANNED, 0))


def with_allocated(pool: model.Pool, size: int) -> model.Pool:
    """A pool as it will be once it holds so many GiB more."""
    capabilities = dict(pool.capabilities)
    capabilities[_PLANNED] = planned_gib(pool) + size
    for key, more in (
        ("free_capacity_gb", -size),
        ("allocated_capacity_gb", size),
        ("provisioned_capacity_gb", size),
    ):
        if isinstance(capabilities.get(key), int | float):
            capabilities[key] += more
    return model.Pool(pool.name, capabilities)


_ABSENT = object()


def _reported(capabilities: Mapping[str, Any], scope: list[str]) -> Any:
    value: Any = capabilities
    for part in scope:
        try:
            value = value[part]
        except (TypeError, KeyError):
            return _ABSENT
    return value


def _variants(protocols: list[Any]) -> list[Any]:
    """Protocols, with the other ways to write them."""
    return protocols + [
        variant
        for group in _PROTOCOLS
        if group[0] in protocols
        for variant in group[1:]
    ]


def _matches(value: Any, wanted: str | None) -> bool:
    if wanted is None:
        return value is None
    words = wanted.split()
    verb = words.pop(0) if words else None
    if verb == "<or>":
        # "<or> a <or> b": every other word is an alternative.
        return value is not None and value in words[::2]
    if (
        verb not in _NUMERIC
        and verb not in _TEXTUAL
        and verb not in ("<in>", "<is>")
    ):
        return bool(value == wanted)
    if value is None or not words:
        return False
    if verb == "<is>":
        return strutils.bool_from_string(value) is strutils.bool_from_string(
            words[0]
        )
    try:
        if verb == "<in>":
            return words[0] in value
        if verb in _TEXTUAL:
            return _TEXTUAL[verb](value, words[0])
        return _NUMERIC[str(verb)](float(value), float(words[0]))
    except (TypeError, ValueError):
        return False
