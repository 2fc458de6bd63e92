# SPDX-License-Identifier: Apache-2.0

"""Whether the data would really go along with the volume."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check
from volmigrateclient.core.model.check import Check

#: In the location_info of Cinder's RBD driver: cluster, configuration, fsid,
#: user, pool. Its driver compares the third and the last alone.
_RBD_PARTS, _FSID, _RBD_POOL = 5, 2, 4


def copied(case: Case) -> Iterator[Check]:
    """Two pools that report to be one storage are not copied between.

    Cinder's RBD driver then answers that it has moved the volume, and Cinder
    writes the new pool into its row (services.rst, services-relabel). That is
    right where both are one storage, and loses the volume where two clusters
    share an fsid.
    """
    survey = case.survey
    if not case.pool_changes or case.options.force_host_copy:
        return
    if case.path is not model.Path.MIGRATE and case.type_changes:
        return  # a retype to another pool is always a copy
    source = _location(survey.pool_called(survey.volume.host))
    destination = _location(survey.pool_called(case.action.destination_node))
    if source is None or not _same(source, destination):
        return
    name = "Data"
    what = (
        "both pools report to be the same storage (location_info "
        f"{source}): Cinder may write the new pool into the volume's row and "
        "copy nothing"
    )
    if case.options.allow_relabel:
        yield Check.warning(name, what)
    else:
        yield Check.blocked(
            name,
            check.DATA,
            what,
            "use --force-host-copy to have Cinder copy the data, or "
            "--allow-relabel if you know that the two are one storage",
        )


def _location(pool: model.Pool | None) -> str | None:
    found = pool.capabilities.get("location_info") if pool else None
    return str(found) if found else None


def _same(source: str, destination: str | None) -> bool:
    if destination is None:
        return False
    ours, theirs = source.split(":"), destination.split(":")
    if len(ours) == len(theirs) == _RBD_PARTS:
        return (ours[_FSID], ours[_RBD_POOL]) == (
            theirs[_FSID],
            theirs[_RBD_POOL],
        )
    return source == destination


def encrypted_anew(case: Case) -> Iterator[Check]:
    """A header takes room that a volume of the same size does not have."""
    survey = case.survey
    new, old = survey.destination_encryption, survey.source_encryption
    if not case.type_changes or new is None or not new.luks:
        return
    if survey.volume.encrypted or (old is not None and old.luks):
        return
    yield Check.warning(
        "Encryption",
        "the volume becomes encrypted with LUKS, whose header takes some MiB "
        "of its size: Cinder cannot move a volume that is full to the end, "
        "and needs cryptsetup on the host of cinder-volume",
        "keep the end of the volume free, or extend it first",
    )
