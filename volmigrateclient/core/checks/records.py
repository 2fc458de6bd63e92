# SPDX-License-Identifier: Apache-2.0

"""Who has the volume, by the records of both services.

Cinder has attachments, Nova has block device mappings, and either may be
stale: after a ``reset-state``, a server that was deleted while the other
service was down, an attachment that Cinder lost. No record is believed alone;
:func:`holders` sets one against the other, and the rules in :mod:`.volume`
let a move start only where both agree.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator

from volmigrateclient.core import model
from volmigrateclient.core.checks.case import Case
from volmigrateclient.core.cloud import Survey
from volmigrateclient.core.model import wording
from volmigrateclient.core.model.check import Check

#: Cinder's attachments are known to this version and later ones; some
#: releases of the client ask for an older one by default.
_ATTACHMENT = "openstack --os-volume-api-version 3.27 volume attachment"


class Agreement(enum.Enum):
    """How the two services' records of one holder go together."""

    #: Cinder has an attachment for the server, and Nova lists the volume.
    BOTH = "both"
    #: Cinder's attachment is of a host, of which Nova knows nothing.
    HOST = "host"
    #: Nova knows no such server: Cinder's attachment is stale.
    SERVER_GONE = "server gone"
    #: The server is deleted in a way that can be undone, and has the volume.
    SOFT_DELETED = "soft-deleted"
    #: Nova has the server, and says that it has not the volume.
    CINDER_ONLY = "Cinder only"
    #: Nova lists the volume, and Cinder has no attachment for the server.
    NOVA_ONLY = "Nova only"
    #: Nova does not answer for the server: its cell is down.
    NOT_TOLD = "not told"
    #: There is no Nova to ask, or it does not answer this user.
    NOT_ASKED = "not asked"


@dataclasses.dataclass(frozen=True)
class Holder:
    """One server or host that has the volume by at least one record."""

    agreement: Agreement
    #: Cinder's; None where it has none.
    attachment: model.Attachment | None = None
    #: None for a host, and for a server that is gone.
    server: model.Server | None = None

    @property
    def attached(self) -> bool:
        """Whether it uses the volume: it is not only reserved, say."""
        return self.attachment is None or self.attachment.status == "attached"

    @property
    def server_id(self) -> str | None:
        """None for a host."""
        if self.server is not None:
            return self.server.id
        return self.attachment.server_id if self.attachment else None

    @property
    def label(self) -> str:
        """The server or host, as messages name it."""
        if self.server is not None and self.server.name is not None:
            name = wording.quoted(self.server.name)
            return f"server {name} ({self.server.id})"
        if self.server_id is not None:
            return f"server {self.server_id}"
        host = self.attachment.host if self.attachment else None
        return f"host {wording.quoted(host)}" if host else "a host"


def holders(survey: Survey) -> tuple[Holder, ...]:
    """Everyone who has the volume, by whichever service's record."""
    return tuple(_of_cinder(survey)) + tuple(_of_nova_alone(survey))


def _of_cinder(survey: Survey) -> Iterator[Holder]:
    servers = {server.id: server for server in survey.servers}
    for attachment in survey.all_attachments:
        server = servers.get(attachment.server_id or "")
        yield Holder(
            _agreement(survey, attachment, server), attachment, server
        )


def _agreement(
    survey: Survey,
    attachment: model.Attachment,
    server: model.Server | None,
) -> Agreement:
    if attachment.server_id is None:
        return Agreement.HOST
    if not survey.nova_asked:
        return Agreement.NOT_ASKED
    if server is None:
        return Agreement.SERVER_GONE
    if server.soft_deleted:
        return Agreement.SOFT_DELETED
    if server.volume_ids is None:
        return Agreement.NOT_TOLD
    if survey.volume.id in server.volume_ids:
        return Agreement.BOTH
    return Agreement.CINDER_ONLY


def _of_nova_alone(survey: Survey) -> Iterator[Holder]:
    known = {attachment.server_id for attachment in survey.all_attachments}
    for server in survey.servers:
        if server.id not in known and survey.volume.id in (
            server.volume_ids or ()
        ):
            yield Holder(Agreement.NOVA_ONLY, server=server)


def told(holder: Holder) -> str:
    """What the records say of a holder, for people."""
    attachment = holder.attachment
    known = (
        f"attachment {attachment.id} ({attachment.status}) of {holder.label}"
        if attachment is not None
        else ""
    )
    match holder.agreement:
        case Agreement.NOVA_ONLY:
            return (
                f"Nova has the volume attached to {holder.label}, but Cinder "
                "has no attachment for it"
            )
        case Agreement.CINDER_ONLY:
            return (
                f"Cinder has {known}, but Nova says that the server does not "
                "have the volume"
            )
        case Agreement.SERVER_GONE:
            return f"Cinder has {known}, but Nova knows no such server"
        case Agreement.SOFT_DELETED:
            return (
                f"Cinder has {known}, which is deleted but can be restored, "
                "and then needs the volume"
            )
        case Agreement.NOT_TOLD:
            return (
                f"Cinder has {known}, and it is not known whether the server "
                "has the volume: Nova does not answer for its cell"
            )
        case Agreement.HOST:
            return f"Cinder has {known}, not of a server"
        case Agreement.NOT_ASKED:
            return f"Cinder has {known}, and there is no Nova to ask"
    if holder.attached:
        return f"the volume is attached to {holder.label}"
    status = attachment.status if attachment else ""
    return f"the volume is not attached, but {status} for {holder.label}"


def remedy(case: Case, holder: Holder) -> str:
    """What makes the records agree, or takes the volume from its holder."""
    volume_id, server_id = case.survey.volume.id, holder.server_id
    delete = (
        f"{_ATTACHMENT} delete {holder.attachment.id}"
        if holder.attachment is not None
        else ""
    )
    match holder.agreement:
        case Agreement.NOVA_ONLY if case.survey.all_attachments:
            return f"openstack server remove volume {server_id} {volume_id}"
        case Agreement.NOVA_ONLY:
            # At the end of a live move it is so for a moment.
            return (
                "check again in a minute, in case a live move is just "
                "ending. If it stays so: since 2023.2 Nova drops its record "
                "of the disk at a reboot, and the data stay in the volume: "
                "stop using the disk in the guest, then: openstack server "
                f"reboot --hard {server_id}"
            )
        case Agreement.CINDER_ONLY | Agreement.SERVER_GONE:
            return delete
        case Agreement.SOFT_DELETED:
            return (
                "use --migration-type swap after: openstack server restore "
                f"{server_id}"
            )
        case Agreement.NOT_TOLD:
            return (
                "bring the cell's database and message queue back; see "
                "'openstack compute service list'"
            )
        case Agreement.NOT_ASKED:
            return (
                "use a region and credentials with which Nova answers; see "
                "'openstack catalog list'"
            )
        case Agreement.HOST:
            return f"disconnect it on that host first, then: {delete}"
    return _given_up(case, holder)


def _given_up(case: Case, holder: Holder) -> str:
    """How a holder on whom both services agree lets the volume go."""
    volume_id, server_id = case.survey.volume.id, holder.server_id
    remove = f"openstack server remove volume {server_id} {volume_id}"
    if case.action.migration_type == model.COLD:
        if holder.attached:
            return f"use --migration-type swap, or {remove}"
        return remove
    return (
        "wait until the server has it again; a shelved one needs: openstack "
        f"server unshelve {server_id}"
    )


def nova(case: Case) -> Iterator[Check]:
    """Whether there is a Nova that could be asked, and all of it."""
    if not case.survey.nova_asked:
        yield Check.unknown(
            "Nova",
            "nobody was asked who has the volume: this cloud has no Nova, or "
            "does not answer this user",
        )
        return
    silent = [
        service.host
        for service in case.survey.compute_services or ()
        if not service.told
    ]
    if silent and not any(
        holder.agreement is Agreement.BOTH for holder in holders(case.survey)
    ):
        # Its list of servers leaves them out without a word.
        yield Check.unknown(
            "Nova",
            f"Nova does not answer for {_named(silent)}, whose cell is down: "
            "that no server there has the volume is known from Cinder alone",
        )


def _named(hosts: list[str]) -> str:
    """Hosts of a cell, of which there may be hundreds."""
    first, others = wording.quoted(hosts[0]), len(hosts) - 1
    if not others:
        return first
    return f"{first} and {others} other host{'' if others == 1 else 's'}"
