# SPDX-License-Identifier: Apache-2.0

"""What services of older releases do not tell, and what that keeps from us.

(services.rst, services-microversions)
"""

from __future__ import annotations

from collections.abc import Iterator

from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.model import check, microversion
from volmigrateclient.core.model.check import Check


def attachments_listed(case: Case) -> Iterator[Check]:
    """Cinder lists attachments, and not those alone that are attached."""
    takes = case.survey.block_storage_version
    if takes is not None and takes < microversion.ATTACHMENTS:
        yield Check.unknown(
            "Attachments",
            f"Cinder takes microversion {takes} at most, and before "
            f"{microversion.ATTACHMENTS} (Ocata) it does not tell for whom a "
            "volume is reserved",
        )


def clusters_told(case: Case) -> Iterator[Check]:
    """Cinder tells whether it would choose the pool by itself."""
    takes = case.survey.block_storage_version
    if (
        case.pool_changes
        and takes is not None
        and takes < microversion.SERVICE_CLUSTERS
    ):
        yield Check.unknown(
            "Destination pool",
            f"Cinder takes microversion {takes} at most, and before "
            f"{microversion.SERVICE_CLUSTERS} (Newton) it does not tell "
            "whether a backend is in a cluster, where it chooses the pool "
            "itself",
        )


def verifiable(case: Case) -> Iterator[Check]:
    """After a move via Cinder, Nova tells enough to verify it."""
    takes = case.survey.compute_version
    if takes is not None and takes < microversion.SERVER_ATTACHMENT_IDS:
        yield Check.unknown(
            "Attachment in Nova",
            f"Nova takes microversion {takes} at most, and before "
            f"{microversion.SERVER_ATTACHMENT_IDS} (Xena) it does not tell "
            "which of Cinder's attachments a server has: after the move it "
            "can be verified that the server has the volume, and no more",
        )


def evidence(case: Case) -> Iterator[Check]:
    """After a swap via Nova, both services tell what proves it.

    (services.rst, services-evidence)
    """
    name, instead = "Evidence", "use --swap-via cinder"
    cinder = case.survey.block_storage_version
    if cinder is not None and cinder < microversion.ATTACHMENTS:
        yield Check.blocked(
            name,
            check.DIRECT_SWAP,
            f"Cinder takes microversion {cinder} at most, and before "
            f"{microversion.ATTACHMENTS} (Ocata) it lists no attachments: "
            "nothing would prove that the source may be deleted",
            instead,
        )
    nova = case.survey.compute_version
    if nova is not None and nova < microversion.SERVER_ATTACHMENT_IDS:
        yield Check.blocked(
            name,
            check.DIRECT_SWAP,
            f"Nova takes microversion {nova} at most, and before "
            f"{microversion.SERVER_ATTACHMENT_IDS} (Xena) it does not tell "
            "which of Cinder's attachments a server has: nothing would prove "
            "that the source may be deleted",
            instead,
        )
