# SPDX-License-Identifier: Apache-2.0

"""Checks that only the five steps of a swap via Nova need."""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core.checks import destination
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, swap_marker, wording
from volmigrateclient.core.model.check import Check

#: Metadata by which orchestrators find their volume by its ID.
_OWNERS = ("cinder.csi.openstack.org/cluster", "csi.storage.k8s.io/pv/name")


def quota(case: Case) -> Iterator[Check]:
    """Source and destination count side by side until the end."""
    wanted, volume = case.wanted_type, case.survey.volume
    if wanted is None:
        return
    yield from destination.headroom(
        case,
        {
            "volumes": 1,
            "gigabytes": volume.size,
            "per_volume_gigabytes": volume.size,
            f"volumes_{wanted.name}": 1,
            f"gigabytes_{wanted.name}": volume.size,
        },
    )


def project(case: Case) -> Iterator[Check]:
    """A temporary user can get a token for the volume's project."""
    owner = case.survey.project
    if owner is None:
        yield Check.blocked(
            "Project",
            check.PROJECT,
            f"Keystone knows no project {case.survey.volume.project_id}: it "
            "was deleted",
            "use --swap-via cinder",
        )
    elif owner.enabled:
        yield Check.ok("Project", wording.quoted(owner.name))
    else:
        yield Check.blocked(
            "Project",
            check.PROJECT,
            f"project {wording.quoted(owner.name)} ({owner.id}) is disabled",
            f"openstack project set --enable {owner.id}",
        )


def accepted(case: Case) -> Iterator[Check]:
    """Nova takes the swap; since OSSN-0094 a patched one does not."""
    name, taken = "Direct swap", case.survey.swap_accepted
    status = case.survey.volume.migration_status
    if status and not case.survey.volume.moving:
        # Any such status opens a patched Nova's guard by accident; we must
        # not slip past it.
        yield Check.blocked(
            name,
            check.DIRECT_SWAP,
            f"its migration_status is '{status}', so it cannot be told "
            "whether Nova is guarded against direct swaps (OSSN-0094)",
            "use --swap-via cinder",
        )
    elif taken is False:
        yield Check.blocked(
            name,
            check.DIRECT_SWAP,
            "Nova answered 409: since OSSN-0094 only Cinder may call it",
            "use --swap-via cinder",
        )
    elif taken:
        yield Check.warning(
            name,
            "Nova accepts it, but by OSSN-0094 a later live migration of the "
            "server could open another tenant's disk",
            "hard-reboot the server after the swap, before its next live "
            "migration",
        )


def volume_id_changes(case: Case) -> Iterator[Check]:
    """The volume gets another ID, which others may rely on."""
    volume = case.survey.volume
    held = [key for key in _OWNERS if key in volume.metadata]
    if held or volume.name.startswith("pvc-"):
        yield Check.blocked(
            "Identity",
            check.SWAP_STATE,
            "Kubernetes finds the volume by its ID, which a swap via nova "
            "changes",
            "use --swap-via cinder",
        )
    else:
        yield Check.warning(
            "Identity",
            "the volume gets another ID; Heat, Terraform, backups and "
            "transfers that name the old one are not updated",
        )


def unfinished(case: Case) -> Iterator[Check]:
    """The volume is not itself what an interrupted swap has left."""
    marker = swap_marker.of_volume(case.survey.volume)
    if marker is not None:
        yield Check.blocked(
            "Earlier swap",
            check.DIRECT_SWAP,
            "the volume is the destination of a swap of volume "
            f"{marker.source_id} that was not finished",
            "openstack volume watcher-migrate recover",
        )
