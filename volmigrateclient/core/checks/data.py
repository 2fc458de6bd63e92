# SPDX-License-Identifier: Apache-2.0

"""Whether the data would really go along with the volume."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks import scheduler
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, wording
from volmigrateclient.core.model.check import Check

#: In the location_info of Cinder's RBD driver: cluster, configuration, fsid,
#: user, pool. Its driver compares the third and the last alone.
_RBD_PARTS, _FSID, _RBD_POOL = 5, 2, 4
#: Extra specs in which two types may differ and the driver be asked all the
#: same.
_LEFT_TO_THE_DRIVER = {"volume_backend_name", "RESKEY:availability_zones"}
#: What drivers report as storage_protocol, in lower case, that keep a volume
#: in a file, which may be qcow2 (those of Cinder's RemoteFSSnapDriver).
_IN_FILES = {"nfs", "quobyte", "vzstorage"}


def copied(case: Case) -> Iterator[Check]:
    """Two pools that report to be one storage are not copied between.

    Cinder's RBD driver then answers that it has moved the volume, and Cinder
    writes the new pool into its row (services.rst, services-relabel). That is
    right where both are one storage, and loses the volume where two clusters
    share an fsid.
    """
    survey = case.survey
    source = _location(survey.own_pool)
    if source is None or not _driver_may_move(case):
        return
    if survey.volume.moving:
        return  # somebody has decided that, and it is only waited for
    for pool in _destinations(case):
        if _same(source, _location(pool)):
            yield _relabelled(case, source, pool)
            return


def _relabelled(case: Case, source: str, pool: model.Pool) -> Check:
    name = "Data"
    what = (
        f"{case.survey.volume.host} and {pool.name} report that they are the "
        f"same storage (location_info {source}): Cinder may write the new "
        "pool into the volume's row and copy nothing"
    )
    if case.options.allow_relabel:
        return Check.warning(name, what)
    known = "--allow-relabel if you know that the two are one storage"
    if case.type_changes and case.path is not model.Path.MIGRATE:
        # A retype has no such option in Cinder.
        return Check.blocked(name, check.DATA, what, f"use {known}")
    return Check.blocked(
        name,
        check.DATA,
        what,
        f"use --force-host-copy to have Cinder copy the data, or {known}",
    )


def copied_from_a_file(case: Case) -> Iterator[Check]:
    """Cinder copies the bytes of a volume's file, and not the disk in it.

    A qcow2 file is longer than its disk once that was written in full, and is
    cut at the volume's size; and Nova is then told that it is raw. No API
    tells a file's format (services.rst, services-file-copy).
    """
    protocol = _in_files(case.survey.own_pool)
    if protocol is None or not _host_may_copy(case):
        return
    if case.survey.volume.moving:
        return  # somebody has decided that, and it is only waited for
    name = "Format"
    if case.options.allow_file_copy:
        yield Check.ok(name, f"a file ({protocol}) is copied, as you allow")
        return
    what = (
        f"{case.survey.volume.host} keeps volumes in files ({protocol}), of "
        "which Cinder copies no more bytes than the volume's size"
    )
    if case.survey.volume.encrypted:
        yield Check.blocked(
            name,
            check.DATA,
            f"{what}: the file of an encrypted one is longer once its disk "
            "was written in full, and would lose its end",
            "use --allow-file-copy if its file on the share is not longer "
            "than the volume",
        )
        return
    yield Check.blocked(
        name,
        check.DATA,
        f"{what}, and takes them for raw: of a qcow2 file, which no API "
        "tells, the server would get the file and not the disk, perhaps "
        "without its end",
        "attach it and move it live, which copies the disk, or use "
        "--allow-file-copy if 'qemu-img info' says that its file on the share "
        "is raw",
    )


def _host_may_copy(case: Case) -> bool:
    """Whether Cinder may copy a volume that is in a file.

    In a retype within its pool, too: no driver of these changes a type in
    place (services.rst, services-in-place).
    """
    if case.path is model.Path.MIGRATE:
        return case.pool_changes
    return case.type_changes and case.options.migration_policy != "never"


def _in_files(pool: model.Pool | None) -> str | None:
    """The protocol of a pool that keeps volumes in files; else None."""
    told = pool.capabilities.get("storage_protocol") if pool else None
    for one in told if isinstance(told, list) else [told]:
        if str(one).lower() in _IN_FILES:
            return str(one)
    return None


def _driver_may_move(case: Case) -> bool:
    """Whether Cinder would ask the driver before it copies.

    In a retype it does only where the types differ in the backend's name and
    the zones (``VolumeManager._can_use_driver_migration``), and hold no
    other extra spec: it counts those that are equal as well.
    """
    if case.path is model.Path.MIGRATE or not case.type_changes:
        return not case.options.force_host_copy
    survey = case.survey
    if (
        survey.source_encryption != survey.destination_encryption
        or survey.source_qos != survey.destination_qos
    ):
        return False
    specs = {
        spec
        for one in (survey.volume_type, survey.destination_type)
        if one is not None
        for spec in one.extra_specs
    }
    return specs <= _LEFT_TO_THE_DRIVER


def _destinations(case: Case) -> list[model.Pool]:
    """The pools that the volume may get into, other than its own."""
    survey = case.survey
    if case.action.destination_node:
        pool = survey.pool_called(case.action.destination_node)
        return [pool] if pool and case.pool_changes else []
    if case.wanted_type is None or case.options.migration_policy == "never":
        return []
    serving = [
        pool
        for pool in survey.pools or ()
        if not scheduler.capabilities_mismatches(case.wanted_type, pool)
    ]
    # Its own, if it serves the type: Cinder prefers that.
    return [] if survey.own_pool in serving else serving


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
    """A header takes room that a volume of the same size does not have.

    Cinder copies a volume to its end, however much of it is used; extended
    before, it is as much too long as it was (services.rst, services-to-luks).
    """
    survey = case.survey
    new, old = survey.destination_encryption, survey.source_encryption
    wanted = case.wanted_type
    if wanted is None or not case.type_changes or new is None or not new.luks:
        return
    if survey.volume.encrypted or (old is not None and old.luks):
        return
    size = survey.volume.size + 1
    yield Check.warning(
        "Encryption",
        "the volume becomes encrypted with LUKS, whose header takes some MiB "
        "of its size: unless the storage gives it more, the copy does not "
        "fit and fails at its end, after which the volume is as it was; the "
        "host of cinder-volume needs cryptsetup, too",
        "have a user of its project create a larger one, and copy the data on "
        f"a server that has both: openstack volume create --size {size} "
        f"--type {wording.shell(wanted.name)}",
    )
