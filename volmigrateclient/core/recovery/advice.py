# SPDX-License-Identifier: Apache-2.0

"""What else looks left behind, and what a human may do: it is only told."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence

from volmigrateclient.core import model
from volmigrateclient.core.cloud import Cloud
from volmigrateclient.core.model import wording
from volmigrateclient.core.recovery.under_way import under_way


@dataclasses.dataclass(frozen=True)
class Advice:
    """Something that is only told of.

    :param kind: what it is, in a few words
    :param subject: the ID of what it is about
    :param needs_human: whether it is known to be left, and not only might be
    """

    kind: str
    subject: str
    state: str
    advice: str
    needs_human: bool = False


def advice(cloud: Cloud) -> list[Advice]:
    """What else looks left behind: by Cinder, or by an earlier Watcher."""
    return [
        *_stuck_in_cinder(cloud),
        *_orphaned_targets(cloud),
        *_forged_admins(cloud),
    ]


_SWAP = "swap_volume"
#: What has a server's devices written anew from Nova's records, as a hard
#: reboot does (services.rst, services-live-migration).
_WRITTEN_ANEW = {"migrate", "resize", "start", "unshelve"}


def past_swaps(cloud: Cloud) -> Iterator[Advice]:
    """Servers with swaps behind them: a request for each server.

    By OSSN-0094 a server whose volume was swapped directly must not be
    live-migrated before a hard reboot; Cinder's own moves look the same
    in this list and need nothing.
    """
    for server in cloud.list_servers():
        if not server.state_known:
            yield Advice(
                "swapped server",
                server.id,
                "not known: Nova does not answer for its cell",
                "bring the cell's database and message queue back, then look "
                "again",
            )
            continue
        found = _swapped(server.id, cloud.list_actions(server.id))
        if found is not None:
            yield found


def _swapped(
    server_id: str, actions: Sequence[model.ServerAction]
) -> Advice | None:
    """What a server's actions, newest first, say of its swaps.

    Nova tells no soft reboot, which changes nothing, from a hard one.
    """
    swaps = [one for one in actions if one.name == _SWAP]
    since = [
        one
        for one in itertools.takewhile(lambda one: one.name != _SWAP, actions)
        if not one.failed
    ]
    if not swaps or any(one.name in _WRITTEN_ANEW for one in since):
        return None
    state = f"{len(swaps)} swap(s), last {swaps[0].started_at}"
    hard_reboot = (
        "unless Cinder led them, hard-reboot it before its next live "
        f"migration: openstack server reboot --hard {server_id}"
    )
    reboots = [one for one in since if one.name == "reboot"]
    if reboots:
        state += f", rebooted {reboots[0].started_at}"
        hard_reboot = (
            "nothing, if that reboot was a hard one, which Nova does not "
            f"tell; {hard_reboot}"
        )
    return Advice("swapped server", server_id, state, hard_reboot)


def _forged_admins(cloud: Cloud) -> Iterable[Advice]:
    """Users as Watcher made them for its swaps, until it withdrew them."""
    for user in cloud.list_admins():
        name = user.name
        if len(name) == 10 and name.isalnum() and not name.islower():
            yield Advice(
                "admin user",
                user.id,
                f"user {wording.quoted(name)}, role admin",
                "if it belongs to nobody, an earlier Watcher may have left it "
                f"(OSSN-0094): openstack user show {user.id}",
            )


def _stuck_in_cinder(cloud: Cloud) -> Iterator[Advice]:
    old = [
        row
        for row in cloud.list_volumes(migration_status="deleting")
        if row.status != "deleting"
    ]
    for one in under_way(cloud):
        if one.server_id is not None:
            continue  # see .cut_off, which asks Nova, too
        volume = one.volume
        yield Advice(
            "moving volume",
            volume.id,
            f"{volume.status}, migration {volume.migration_status}, last "
            f"changed {volume.updated_at}",
            _ADVICE.get(str(volume.migration_status), _ADVICE["starting"]),
        )
    for volume in old:
        yield Advice(
            "old copy",
            volume.id,
            f"{volume.status} on {volume.host}, "
            f"{wording.quoted(volume.description or '')}",
            "the move succeeded but its old data was not deleted: read "
            "cinder-volume's log; if the volume that it names is fine: "
            f"openstack volume set --state error {volume.id}; openstack "
            f"volume delete {volume.id}",
            # Cinder gets to these by itself, as a move comes to its end.
            needs_human=volume.status not in ("in-use", "detaching"),
        )


def _orphaned_targets(cloud: Cloud) -> Iterator[Advice]:
    """Copies that Cinder made for moves that are none any more."""
    targets = cloud.list_volumes(**{"migration_status~": "target:"})
    sources = cloud.get_volumes(
        {row.source_id for row in targets if row.source_id}
    )
    for row in targets:
        source = sources.get(row.source_id or "")
        if source is not None and source.moving:
            continue
        state = (
            "gone" if source is None else f"{source.status} on {source.host}"
        )
        yield Advice(
            "orphaned copy",
            row.id,
            f"{row.status} on {row.host}, made to move volume "
            f"{row.source_id}, which is {state}",
            _of_orphan(row),
            # Cinder says that the move failed before its copy is gone.
            needs_human=row.status != "deleting",
        )


def _of_orphan(row: model.Volume) -> str:
    """What to do about it: never how to delete what a server may have."""
    if row.status == "deleting":
        return "nothing: Cinder is deleting it"
    compare = (
        "compare 'virsh domblklist' on the server's hypervisor with both "
        "volumes"
    )
    server_id = next((a.server_id for a in row.attachments if a.server_id), "")
    if server_id:
        return (
            f"server {server_id} has it by Cinder's record, and may be "
            f"running on it: delete neither volume; {compare}, and see 'When "
            "Cinder was down at the end' in the documentation"
        )
    return (
        "Cinder made it for a move that is over or was cut off. Only if no "
        # Cinder deletes none that it takes for the target of a move.
        f"server runs on it ({compare}) it may go: cinder reset-state --state "
        f"error --reset-migration-status {row.id}; openstack volume delete "
        f"{row.id}"
    )


#: By migration_status (services.rst, services-stuck).
_ADVICE = {
    "starting": (
        "if it stays so for 10 minutes: are cinder-scheduler and the source's "
        "cinder-volume up? (openstack volume service list) Their queues run "
        "when they come back, so reset nothing before that"
    ),
    "migrating": (
        "a copy has no progress to see. Only if the source's cinder-volume "
        "was restarted after it started is it dead: then see 'A move that "
        "is stuck in Cinder' in the documentation; never delete its target"
    ),
    "completing": (
        "it may or may not have switched to the copy: leave both volumes "
        "alone and read cinder-volume's log"
    ),
}
